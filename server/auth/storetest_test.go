package auth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

// TestStore runs the suite of all stores as an admin does, through a client that takes the actor out of what it reads.
func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB, o storetest.Options) store.Store {
		t.Helper()
		return newClient(t, memory.New(memory.Options{Clock: o.Clock}))
	}})
}

func TestStoreOnDisk(t *testing.T) {
	dirs := map[store.Store]string{}
	open := func(t testing.TB, dir string, o storetest.Options) store.Store {
		t.Helper()
		own, err := disk.Open(dir, disk.Options{Clock: o.Clock, Sync: disk.SyncNever})
		if err != nil {
			t.Fatal(err)
		}
		s := newClient(t, own)
		dirs[s] = dir
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB, o storetest.Options) store.Store {
			t.Helper()
			return open(t, t.TempDir(), o)
		},
		Reopen: func(t testing.TB, s store.Store, o storetest.Options) store.Store {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dirs[s], o)
		},
	})
}

func TestWrapper(t *testing.T) {
	for _, role := range []auth.Role{auth.Read, auth.Admin} {
		w, ok := auth.Store(memory.New(memory.Options{}), must(auth.NewPrincipal("ada", role)), "").(store.Wrapper)
		if !ok {
			t.Fatal("it is no wrapper")
		}
		storetest.RunWrapper(t, w)
		if _, ok := store.As[store.Truncater](w); ok {
			t.Error("it truncates")
		}
		if _, ok := store.As[store.Eraser](w); !ok {
			t.Error("it does not erase")
		}
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// client is a store that sends metadata in such a form that a server can write an actor into it, and takes it back.
type client struct {
	store.Wrapper // as the admin root sees it
	own           store.Store
	powers        map[store.Power]store.Answer
}

func newClient(t testing.TB, own store.Store) *client {
	t.Helper()
	w, ok := auth.Store(own, must(auth.NewPrincipal("root", auth.Admin)), "").(store.Wrapper)
	if !ok {
		t.Fatal("it is no wrapper")
	}
	c := &client{Wrapper: w, own: own, powers: map[store.Power]store.Answer{}}
	for _, p := range store.Powers() {
		c.powers[p] = store.Forwards
	}
	for _, p := range []store.Power{"store.Starter", "store.Dumper", "store.IDs", "store.Limiter"} {
		c.powers[p] = store.Provides
	}
	return c
}

func (c *client) Unwrap() store.Store                  { return c.Wrapper }
func (c *client) Powers() map[store.Power]store.Answer { return c.powers }
func (c *client) Close() error                         { return c.own.Close() }

// Limits leave room for what the form of metadata takes.
func (c *client) Limits() store.Limits {
	l := store.DefaultLimits()
	l.EventBytes, l.CommitBytes = 1<<20, 8<<20
	return l
}

func (c *client) send(commit store.Commit) (store.Commit, error) {
	if err := commit.Validate(); err != nil {
		return commit, err
	}
	l, size := c.Limits(), len(commit.Key)
	commit.Events = slices.Clone(commit.Events)
	for i := range commit.Events {
		e := &commit.Events[i]
		n := store.EventBytes(e)
		if n > l.EventBytes {
			return commit, &store.TooLargeError{What: "event", Unit: "bytes", Got: n, Max: l.EventBytes}
		}
		if size += n; size > l.CommitBytes {
			return commit, &store.TooLargeError{What: "commit", Unit: "bytes", Got: size, Max: l.CommitBytes}
		}
		e.Metadata = sent(e.Metadata)
	}
	return commit, nil
}

func (c *client) Append(ctx context.Context, commit store.Commit) (store.Result, error) {
	commit, err := c.send(commit)
	if err != nil {
		return store.Result{}, err
	}
	r, err := c.Wrapper.Append(ctx, commit)
	return r, receivedError(err)
}

func (c *client) Start(ctx context.Context, commit store.Commit) func() (store.Result, error) {
	commit, err := c.send(commit)
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	starter, _ := store.As[store.Starter](c.Wrapper)
	wait := starter.Start(ctx, commit)
	return func() (store.Result, error) {
		r, err := wait()
		return r, receivedError(err)
	}
}

func (c *client) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return receivedAll(c.Wrapper.Read(ctx, q, o))
}

func (c *client) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	ids, _ := store.As[store.IDs](c.Wrapper)
	return receivedAll(ids.ByID(ctx, id))
}

func (c *client) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	dumper, _ := store.As[store.Dumper](c.Wrapper)
	return func(yield func(store.RecordedCommit, error) bool) {
		for commit, err := range dumper.Dump(ctx, after) {
			commit.Events = slices.Clone(commit.Events)
			for i := range commit.Events {
				commit.Events[i] = received(commit.Events[i])
			}
			if !yield(commit, err) {
				return
			}
		}
	}
}

// sent returns metadata as a JSON object. What is one is sent as it is, so that bytes that pass a server as they are get tested too.
func sent(metadata []byte) []byte {
	if len(metadata) == 0 || aboutAda.Match(metadata) || eventjson.Valid(metadata) && bytes.HasPrefix(metadata, []byte(`{"x`)) {
		return metadata
	}
	return []byte(`{"raw":"` + base64.StdEncoding.EncodeToString(metadata) + `"}`)
}

var (
	aboutAda = regexp.MustCompile(`^\{"actor":"[a-z]+"\}$`)
	moved    = regexp.MustCompile(`^\{"onBehalfOf":("[a-z]+"),"actor":"root"\}$`)
	inReason = regexp.MustCompile(`(?:,"reason":"on behalf of (\w+)"| \(on behalf of (\w+)\)")\}$`)
)

// received undoes sent. An event that was restored was never sent.
func received(e store.Recorded) store.Recorded {
	const alone, last = `{"actor":"root"}`, `,"actor":"root"}`
	switch m := string(e.Metadata); {
	case m == alone:
		e.Metadata = nil
	case moved.MatchString(m):
		e.Metadata = []byte(moved.ReplaceAllString(m, `{"actor":$1}`))
	case strings.HasSuffix(m, last):
		e.Metadata = []byte(strings.TrimSuffix(m, last) + "}")
		var form struct {
			Raw []byte `json:"raw"`
		}
		if json.Unmarshal(e.Metadata, &form) == nil && form.Raw != nil {
			e.Metadata = form.Raw
		}
	}
	if e.Stream != store.ErasureStream {
		return e
	}
	if found := inReason.FindStringSubmatch(string(e.Data)); found != nil {
		end := "}"
		if found[2] != "" {
			end = `"}`
		}
		e.Data = []byte(inReason.ReplaceAllString(string(e.Data), end))
		e.Metadata = fmt.Appendf(nil, `{"actor":%q}`, found[1]+found[2])
	}
	return e
}

func receivedAll(events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for e, err := range events {
			if !yield(received(e), err) {
				return
			}
		}
	}
}

func receivedError(err error) error {
	conflict, ok := errors.AsType[*store.ConflictError](err)
	if !ok {
		return err
	}
	shown := &store.ConflictError{Failed: slices.Clone(conflict.Failed)}
	for i := range shown.Failed {
		f := &shown.Failed[i]
		f.Events = slices.Clone(f.Events)
		for j := range f.Events {
			f.Events[j] = received(f.Events[j])
		}
	}
	return shown
}
