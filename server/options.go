package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Options say what is served, where, and to whom. Store and one listener must be given; everything else has a default.
type Options struct {
	// Store is what is served. It stays its owner's: Serve does not close it.
	Store store.Store

	// System is the store of users, tokens and the audit. Without one there are neither: everyone may do everything.
	System store.Store

	Listeners []Listener

	// APIKey stands for a user who may read and append everything; nil for none. It needs a System store.
	APIKey *auth.APIKey

	// Rules returns the rules of folding that a name stands for; the empty name is those of the store's categories. Defaults to merge patch alone.
	Rules func(ctx context.Context, name string) (answers.Rules, error)

	// Origins are the origins of web pages that may send requests, such as https://example.org, or * for all. Defaults to none.
	Origins []string

	Limits Limits

	// DrainTime bounds how long Serve waits for requests in progress when it ends; for a tenth of it at a time it waits for who does not send the rest of a request, or does not
	// read an answer. Defaults to 20 seconds.
	DrainTime time.Duration

	// Version is that of the program, for /metrics and answers. Defaults to "unknown".
	Version string

	// Log is told of requests and of what goes wrong. Defaults to nothing.
	Log *slog.Logger
}

// Listener is an address and how it is spoken to.
type Listener struct {
	// Address is a host and a port, such as 127.0.0.1:4114; port 0 picks one.
	Address string

	// Cert and Key name the files of a certificate and its key in PEM form, which are read again when they change. Without them the listener speaks clear text.
	Cert, Key string

	// ClientCA names a file of certificates: who shows one that they signed is the user whom it names. It needs Cert.
	ClientCA string

	// Insecure allows clear text, and requests of nobody in particular, on an address that others can reach.
	Insecure bool
}

// Limits bound what requests may take. A member that is zero has its default.
type Limits struct {
	Connections  int // at once; what comes beyond is closed. Defaults to 4,096.
	Requests     int // at once, followers included; what comes beyond is rateLimited. Defaults to 4,096. Calls of gRPC whose answer the client has not taken have this bound, and 1,024 more.
	EventBytes   int // of data and metadata of an event. Defaults to what the store takes, and cannot exceed it, as the next two.
	CommitBytes  int
	CommitEvents int // defaults to 100,000
	QueryItems   int // of a query and of each guard. Defaults to store.MaxQueryParts, and cannot exceed it.

	// Folds is how many answers are worked at at once that fold history or walk through it, of all callers; what comes beyond waits, for ReadTime at most, and is then rateLimited.
	// Defaults to as many as there are processors, and at least 2.
	Folds int

	// AnswerBytes bounds what is in memory of all large events, of more than 64 KiB, and of messages of gRPC of more than 16 KiB, that are being sent at once, to followers and to others; what comes
	// beyond waits, and is then rateLimited, but for messages of several events, of which there are more and smaller ones. One that is larger is sent alone. Defaults to 256 MiB.
	AnswerBytes int

	// ReadTime is how long a read may take that does not follow. Defaults to 10 minutes.
	ReadTime time.Duration

	// HandshakeTime is how long a connection may take to say what it speaks, and a request to send its header. Defaults to 10 seconds.
	HandshakeTime time.Duration

	// IdleTime is after how long a connection is closed on which nothing happens. Defaults to 2 minutes.
	IdleTime time.Duration
}

// withDefaults returns the options with what was left out.
func (o Options) withDefaults() (Options, error) {
	if o.Store == nil {
		return o, errors.New("a server needs a store")
	}
	if len(o.Listeners) == 0 {
		return o, errors.New("a server needs an address")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.DrainTime = or(o.DrainTime, 20*time.Second)
	o.Version = or(o.Version, "unknown")
	limits := store.DefaultLimits()
	if power, ok := store.As[store.Limiter](o.Store); ok {
		limits = power.Limits()
	}
	l := &o.Limits
	l.Connections = or(l.Connections, 4096)
	l.Requests = or(l.Requests, 4096)
	l.EventBytes = min(or(l.EventBytes, limits.EventBytes), limits.EventBytes)
	l.CommitBytes = min(or(l.CommitBytes, limits.CommitBytes), limits.CommitBytes)
	l.CommitEvents = or(l.CommitEvents, 100_000)
	if limits.CommitEvents > 0 {
		l.CommitEvents = min(l.CommitEvents, limits.CommitEvents)
	}
	l.QueryItems = min(or(l.QueryItems, store.MaxQueryParts), store.MaxQueryParts)
	l.AnswerBytes = or(l.AnswerBytes, 256<<20)
	l.ReadTime = or(l.ReadTime, 10*time.Minute)
	l.HandshakeTime = or(l.HandshakeTime, 10*time.Second)
	l.IdleTime = or(l.IdleTime, 2*time.Minute)
	return o, nil
}

// bodyBytes is how long a body may be, and how much of all bodies is in memory at once: what the largest commit, or the largest event of any
// store, may take in JSON, where a byte is up to three.
func (l *Limits) bodyBytes() int64 { return 3 * int64(max(l.CommitBytes, store.MaxEventBytes)) }

// or returns value, or otherwise where it is zero.
func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// open begins to listen, after the rule that nothing is said in clear, or to nobody in particular, where others can hear it.
func (l *Listener) open(ctx context.Context, guarded bool, log *slog.Logger) (net.Listener, *tls.Config, error) {
	host, port, err := net.SplitHostPort(l.Address)
	if err != nil {
		return nil, nil, refusef("an address is a host and a port, such as 127.0.0.1:4114", "address %q: %s", l.Address, err)
	}
	if _, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil && ctx.Err() == nil {
		return nil, nil, refusef("a port is a number up to 65535; 0 picks a free one", "address %q: there is no port %q", l.Address, port)
	}
	if !l.Insecure && !isLoopback(host) {
		switch {
		case l.Cert == "":
			return nil, nil, refusef("give a certificate and its key (--tls-cert, --tls-key), or say that clear text is meant (--insecure)", "address %s can be reached from elsewhere, and would be spoken to in clear text", l.Address)
		case !guarded:
			return nil, nil, refusef("add a user (gesta user add), or say that it is meant for everyone (--insecure)", "address %s can be reached from elsewhere, and there are no users: everyone could read and append", l.Address)
		}
	}
	var config *tls.Config
	switch {
	case l.Cert != "" && l.Key != "":
		if config, err = newTLS(l.Cert, l.Key, l.ClientCA, log); err != nil {
			return nil, nil, refusef("", "%s", err)
		}
	case l.Cert != "" || l.Key != "" || l.ClientCA != "":
		return nil, nil, refusef("name both: --tls-cert and --tls-key; --client-ca needs them too", "address %s: TLS needs both a certificate and its key", l.Address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", l.Address)
	if err != nil {
		return nil, nil, &eventjson.Error{
			Code: eventjson.CodeUnavailable, Message: fmt.Sprintf("listen: %s", err), Hint: "another process may listen there: end it, or choose another address; port 0 picks a free port",
		}
	}
	return listener, config, nil
}

// refusef is the error of settings that make no sense, or are not safe.
func refusef(hint, format string, args ...any) error {
	return &eventjson.Error{Code: eventjson.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// isLoopback says whether a host is this machine for sure, and nobody else can reach it.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
