package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

const serveHelp = `Serve a store to programs in any language: by HTTP and Server-Sent Events, and by the gRPC protocol of UmaDB, on one port.

Without users it answers everyone, and therefore listens on this machine alone. "gesta user add" makes users; then requests carry
"Authorization: Bearer TOKEN". Where others can reach an address, it speaks TLS; --insecure says that clear text, and no users, are meant.

Each flag can also stand in the environment, as GESTA_ and its name in capitals with _ for -, and in the file of --config, in lines
"name = value": a flag beats the environment, which beats the file. In the file a section [listen ADDRESS] adds an address with its
own tls-cert, tls-key, client-ca and insecure. --print-config shows what holds, and where it comes from.

When it answers requests it prints one line, {"serving":[URL…],"store":ID,"head":P}, which --ready-file gets too. SIGTERM and SIGINT end it
in good order: it takes no more requests, finishes those in progress, and exits with 0. Its log goes to stderr, in lines of JSON.

A directory that --store names and that is not there, or is empty, becomes a store.`

const serveExample = `  gesta serve
  gesta serve --store /var/lib/orders --listen 127.0.0.1:4114
  gesta serve --listen 0.0.0.0:4114 --tls-cert cert.pem --tls-key key.pem
  gesta serve --print-config`

// serveFlags are what serve can be told, by flags, the environment and the file.
type serveFlags struct {
	listen                            []string
	cert, key, clientCA               string
	insecure                          bool
	apiKeyFile, config, ready, system string
	printConfig                       bool
	origins                           []string
	limits                            server.Limits
	readSeconds                       int
	level, pose                       string
	listeners                         []server.Listener // of the file's sections
}

func newServeCommand(e *env) *cobra.Command {
	f := &serveFlags{}
	c := &cobra.Command{
		Use:     "serve",
		Short:   "Serve a store over HTTP and gRPC",
		Long:    serveHelp,
		Example: serveExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := e.serveSettings(cmd, f)
			if err != nil {
				return err
			}
			if f.printConfig {
				return e.printServeConfig(cmd.Context(), settings, f)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, os.Interrupt)
			defer stop()
			return e.serve(ctx, f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.listen, "listen", []string{"127.0.0.1:4114"}, "an `ADDRESS` to listen on, host:port; port 0 picks one; repeat it for more")
	flags.StringVar(&f.cert, "tls-cert", "", "the `FILE` of a certificate, in PEM form; it is read again when it changes")
	flags.StringVar(&f.key, "tls-key", "", "the `FILE` of its key")
	flags.StringVar(&f.clientCA, "client-ca", "", "a `FILE` of certificates: whoever shows one that they signed is the user whom it names")
	flags.BoolVar(&f.insecure, "insecure", false, "allow clear text, and no users, where others can reach the address")
	flags.StringVar(&f.apiKeyFile, "api-key-file", "", "a `FILE` with a key that may read and append everything")
	flags.StringVar(&f.config, "config", "", "a `FILE` with these settings")
	flags.BoolVar(&f.printConfig, "print-config", false, "show the settings and where each comes from, and end")
	flags.StringVar(&f.ready, "ready-file", "", "write the line that says where it serves to a `FILE` too")
	flags.StringSliceVar(&f.origins, "cors-origin", nil, "an `ORIGIN` whose web pages may send requests, or *")
	flags.IntVar(&f.limits.EventBytes, "max-event-bytes", 0, "bytes of an event; 0 is what the store takes")
	flags.IntVar(&f.limits.CommitBytes, "max-commit-bytes", 0, "bytes of a commit; 0 is what the store takes")
	flags.IntVar(&f.limits.CommitEvents, "max-commit-events", 100_000, "events of a commit")
	flags.StringVar(&f.system, "server-store", "", "the `URL` of the store of users and the audit (default: server in the store's directory)")
	flags.IntVar(&f.limits.Connections, "max-connections", 4096, "connections at once")
	flags.IntVar(&f.limits.Requests, "max-requests", 4096, "requests at once, followers included")
	flags.IntVar(&f.limits.QueryItems, "max-query-items", store.MaxQueryParts, "items of a query")
	flags.IntVar(&f.limits.Folds, "max-folds", 0, "answers at once that fold history or walk through it; 0 is as many as there are processors, and at least 2")
	flags.IntVar(&f.limits.AnswerBytes, "max-answer-bytes", 256<<20, "bytes of large events that are being sent at once, to followers and other readers")
	flags.IntVar(&f.readSeconds, "max-read-seconds", 600, "how long a read may take that does not follow")
	flags.StringVar(&f.level, "log-level", "info", "what is logged: debug, info, warn or error")
	flags.StringVar(&f.pose, "pose", "", "print the start line of another `SERVER` too, for tools that wait for it: umadb")
	return c
}

// maxReadSeconds is a year.
const maxReadSeconds = 365 * 24 * 3600

// check refuses settings that make no sense.
func (f *serveFlags) check(settings []configItem) error {
	called := func(name string) string {
		for _, s := range settings {
			if s.Name == name && s.From != "--"+name {
				return s.From + ": " + name
			}
		}
		return "--" + name
	}
	for name, n := range map[string]int{
		"max-event-bytes": f.limits.EventBytes, "max-commit-bytes": f.limits.CommitBytes, "max-commit-events": f.limits.CommitEvents,
		"max-connections": f.limits.Connections, "max-requests": f.limits.Requests, "max-query-items": f.limits.QueryItems, "max-folds": f.limits.Folds,
		"max-answer-bytes": f.limits.AnswerBytes, "max-read-seconds": f.readSeconds,
	} {
		if n < 0 || n == 0 && name != "max-event-bytes" && name != "max-commit-bytes" && name != "max-folds" {
			return usagef("%s is a number above 0, not %d", called(name), n)
		}
	}
	if f.readSeconds > maxReadSeconds {
		return usagef("%s is at most %d, not %d", called("max-read-seconds"), maxReadSeconds, f.readSeconds)
	}
	f.limits.ReadTime = time.Duration(f.readSeconds) * time.Second
	if f.pose != "" && f.pose != "umadb" {
		return usagef("%s is umadb, not %q", called("pose"), f.pose)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil {
		return usagef("%s is debug, info, warn or error, not %q", called("log-level"), f.level)
	}
	for _, origin := range f.origins {
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil && origin != "*" {
			return usagef("%s is an origin such as https://example.org, without a path, or *, not %q", called("cors-origin"), origin)
		}
	}
	return nil
}

// serve serves until ctx is done.
func (e *env) serve(ctx context.Context, f *serveFlags) (err error) {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.level)) // it was checked
	log := slog.New(slog.NewJSONHandler(e.stderr, &slog.HandlerOptions{Level: level}))
	o := server.Options{Origins: f.origins, Limits: f.limits, Version: buildVersion(), Log: log}
	if f.apiKeyFile != "" {
		if o.APIKey, err = auth.ReadAPIKey(e.abs(f.apiKeyFile)); err != nil {
			return pathFailed("--api-key-file", err)
		}
	}
	url, err := e.servedURL()
	if err != nil {
		return err
	}
	if isRemote(url) {
		return usageHint("name the directory of a store with --store", "%s is a server already: serve needs a store of its own", url)
	}
	if o.Store, err = e.openServed(ctx, url); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.Store.Close()) }()
	rules, err := e.reducers(ctx, "")
	if err != nil {
		return err
	}
	o.Rules = rules.forRequest
	if o.System, err = e.openSystem(ctx, url, f.system); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.System.Close()) }()
	for _, address := range f.listen {
		o.Listeners = append(o.Listeners, server.Listener{Address: address, Cert: e.given(f.cert), Key: e.given(f.key), ClientCA: e.given(f.clientCA), Insecure: f.insecure})
	}
	o.Listeners = append(o.Listeners, f.listeners...)
	s, err := server.New(ctx, o)
	if err != nil {
		return err
	}
	if e.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	room := make([]byte, collectionRoom)
	defer runtime.KeepAlive(&room)
	if f.ready != "" { // one that is there tells where another one served
		if err := os.Remove(e.abs(f.ready)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return pathFailed("remove ready file", err)
		}
		defer func() { _ = os.Remove(e.abs(f.ready)) }() // it tells what is no longer so
	}
	return s.Serve(ctx, func() error { return e.saysReady(ctx, s, o.Store, f) })
}

// collectionRoom is memory that is never touched, so that it takes none of the machine's, but counts when the garbage collector decides when to run: a server
// whose store is small would have it run dozens of times a second, for a tenth of the processor time of an append. The heap may grow by as much before it runs.
const collectionRoom = 32 << 20

// memoryLimit is from how much memory on the garbage collector works harder, rather than let the process grow, unless GOMEMLIMIT says otherwise: bodies of hostile requests leave much
// behind. The room is part of it; what is mapped from files is not.
const memoryLimit = 288 << 20

// saysReady tells where it serves, once requests are answered.
func (e *env) saysReady(ctx context.Context, s *server.Server, served store.Store, f *serveFlags) error {
	basis, err := basisOf(ctx, served)
	if err != nil {
		return err
	}
	line, err := json.Marshal(struct {
		Serving []string       `json:"serving"`
		Store   string         `json:"store,omitempty"`
		Head    store.Position `json:"head"`
	}{s.URLs(), basis.Store, basis.Head})
	if err != nil {
		return fmt.Errorf("write where it serves: %w", err)
	}
	line = append(line, '\n')
	if f.ready != "" {
		if err := writeWhole(e.abs(f.ready), line); err != nil {
			return pathFailed("write ready file", err)
		}
	}
	if f.pose == "umadb" {
		line = append(line, "UmaDB started\n"...)
	}
	_, err = e.stdout.Write(line)
	return err
}

// writeWhole makes a file that is there whole or not at all.
func writeWhole(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

// servedURL finds the store to serve. A directory that was named need not be there yet.
func (e *env) servedURL() (string, error) {
	url, err := e.storeURL()
	given := e.global.store
	if given == "" {
		given = e.getenv("GESTA_STORE")
	}
	if path, ok := open.Path(given); ok && given != "" && errors.Is(err, store.ErrNotFound) {
		if info, statErr := os.Stat(e.abs(path)); statErr != nil && isMissing(statErr) || statErr == nil && info.IsDir() {
			return e.abs(path), nil
		}
	}
	return url, err
}

// systemURL returns where the server's own store is.
func systemURL(url, given string) string {
	if given != "" {
		return given
	}
	if path, ok := open.Path(url); ok {
		return filepath.Join(path, "server")
	}
	return "mem:"
}

// openServed opens a store for writing, and makes it where there is none.
func (e *env) openServed(ctx context.Context, url string) (store.Store, error) {
	return e.openWith(ctx, url, open.Options{})
}

func (e *env) openWith(ctx context.Context, url string, o open.Options) (store.Store, error) {
	o.Clock = e.clock
	backend := e.backend
	if backend == nil {
		backend = open.Open
	}
	s, err := backend(ctx, url, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", url, err)
	}
	return s, nil
}

// given returns the path of a file that was named, or nothing.
func (e *env) given(path string) string {
	if path == "" {
		return ""
	}
	return e.abs(path)
}
