package open

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// Options say how to open a store. The zero value opens for writing and makes a store that is not there.
type Options struct {
	// Reader opens for reading alone, beside a writer that may be at work. What a crash left behind is recovered first
	// where that can be done without disturbing a writer.
	Reader bool

	// NoRecovery, with Reader, changes nothing at all: what a crash left behind stays as it is, and is not shown.
	NoRecovery bool

	// MustExist refuses to make a store: one that is not there is [store.ErrNotFound]. A reader never makes one.
	MustExist bool

	// NoSync answers appends before they are on stable storage. Defaults to false: every acknowledged append is durable.
	NoSync bool

	// LockWait is how long to wait for another opener to leave. Defaults to the backend's own choice.
	LockWait time.Duration

	// Clock tells the time of recording. Defaults to the system's clock. A server has its own.
	Clock func() time.Time

	// Token is what a server knows the caller by, if it is not empty.
	Token string

	// TLS configures https. Nil trusts what the system trusts.
	TLS *tls.Config
}

// An opener opens the store that rest, the URL without its scheme and colon, names.
type opener func(ctx context.Context, rest string, o Options) (store.Store, error)

// backends maps schemes to openers. A backend is added by a file of this package that names it here.
var backends = map[string]opener{
	"mem":      openMemory,
	fileScheme: openDisk,
	"http":     httpOpener("http"),
	"https":    httpOpener("https"),
}

// Open opens the store at a URL. It returns an [store.ErrInvalid] for a URL that no backend takes, [store.ErrNotFound] for
// a store that must exist and does not, and the errors of the backend.
func Open(ctx context.Context, url string, o Options) (store.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	scheme, rest := split(url)
	open, ok := backends[scheme]
	if !ok {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("no backend opens %q; a URL is mem:, a path, file:PATH, or http://HOST:PORT", url)}
	}
	if rest == "" && scheme == fileScheme {
		return nil, &store.InvalidError{Problem: "the URL of a store is empty"}
	}
	return open(ctx, rest, o)
}

const fileScheme = "file"

// Path returns the directory that a URL names, and false for a URL of another kind.
func Path(url string) (string, bool) {
	scheme, rest := split(url)
	return rest, scheme == fileScheme
}

// split returns the scheme of a URL and what follows it. What has no scheme is a path.
func split(url string) (scheme, rest string) {
	scheme, rest, found := strings.Cut(url, ":")
	if !found || !isScheme(scheme) {
		return fileScheme, url
	}
	if scheme == fileScheme {
		return scheme, strings.TrimPrefix(rest, "//")
	}
	return scheme, rest
}

// isScheme says whether s can be a scheme: two or more letters, digits, and + - . after a letter. One letter is a drive.
func isScheme(s string) bool {
	if len(s) < 2 {
		return false
	}
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return true
}
