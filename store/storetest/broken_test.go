package storetest_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

// broken is the reference with one thing wrong in it. It has no power to append but Append itself.
type broken struct {
	inner
	append func(context.Context, store.Commit) (store.Result, error)
	read   func(context.Context, store.Query, store.ReadOptions) iter.Seq2[store.Recorded, error]
	head   func(context.Context) (store.Position, error)
	erase  func(context.Context, store.Erasure) (store.Result, error)
	close  func() error
}

// inner is what of the reference a broken store has as it is.
type inner interface {
	store.Tracker
	store.Keys
	store.Dumper
	store.Lister
	store.IDs
}

func (b *broken) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	return b.append(ctx, c)
}
func (b *broken) Head(ctx context.Context) (store.Position, error) { return b.head(ctx) }
func (b *broken) Close() error                                     { return b.close() }

func (b *broken) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return b.read(ctx, q, o)
}

func (b *broken) Erase(ctx context.Context, e store.Erasure) (store.Result, error) {
	return b.erase(ctx, e)
}

// faults are what may be wrong with a store, each with the test that finds it.
var faults = map[string]struct {
	test  string
	spoil func(*broken, *memory.Store)
}{
	"forgets keys": {"retry", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			c.Key = ""
			return m.Append(ctx, c)
		}
	}},
	"does not judge queries": {"race", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			c.Guards = slices.DeleteFunc(slices.Clone(c.Guards), func(g store.Guard) bool { _, is := g.(store.NoneMatch); return is })
			return m.Append(ctx, c)
		}
	}},
	"judges before it writes": {"race", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			if _, err := m.Append(ctx, store.Commit{Guards: c.Guards}); err != nil {
				return store.Result{}, err
			}
			time.Sleep(time.Millisecond) // the gap that it is about
			c.Guards = nil
			return m.Append(ctx, c)
		}
	}},
	"says that all facts are there": {"limits", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			r, err := m.Append(ctx, c)
			if conflict, ok := errors.AsType[*store.ConflictError](err); ok {
				for i := range conflict.Failed {
					conflict.Failed[i].Complete = true
				}
			}
			return r, err
		}
	}},
	"splits commits": {"readers", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			if len(c.Events) < 2 || c.Key != "" {
				return m.Append(ctx, c)
			}
			first, err := m.Append(ctx, store.Commit{Events: c.Events[:1], Guards: c.Guards, Tracking: c.Tracking})
			if err != nil {
				return first, err
			}
			time.Sleep(time.Millisecond)
			r, err := m.Append(ctx, store.Commit{Events: c.Events[1:]})
			r.First = first.First
			return r, err
		}
	}},
	"takes what has been cancelled": {"cancel", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			return m.Append(context.WithoutCancel(ctx), c)
		}
	}},
	"refuses after writing": {"cancel", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			r, err := m.Append(context.WithoutCancel(ctx), c)
			time.Sleep(time.Millisecond)
			if ctx.Err() != nil {
				return store.Result{}, ctx.Err()
			}
			return r, err
		}
	}},
	"has a seam": {"follow", func(b *broken, m *memory.Store) {
		b.read = func(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
			if !o.Follow || o.Limit > 0 {
				return m.Read(ctx, q, o)
			}
			return func(yield func(store.Recorded, error) bool) {
				last := o.After
				history := o
				history.Follow, history.Progress = false, nil
				for e, err := range m.Read(ctx, q, history) {
					if !yield(e, err) {
						return
					}
					last = e.Position
				}
				p := last
				for p <= last && ctx.Err() == nil && (o.Until == 0 || p < o.Until) { // so that something gets lost
					p, _ = m.Head(ctx)
				}
				o.After = max(o.After, p)
				m.Read(ctx, q, o)(yield)
			}
		}
	}},
	"reads what comes later too": {"readers", func(b *broken, m *memory.Store) {
		b.read = func(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
			if o.Until == 0 && o.Limit == 0 && !o.Backward && !o.Follow {
				ctx, cancel := context.WithCancel(ctx)
				o.Follow, o.Progress = true, func(_ store.Position, live bool) {
					if live {
						cancel()
					}
				}
				return func(yield func(store.Recorded, error) bool) {
					defer cancel()
					for e, err := range m.Read(ctx, q, o) {
						if err != nil || !yield(e, nil) {
							return
						}
					}
				}
			}
			return m.Read(ctx, q, o)
		}
	}},
	"reports progress ahead": {"progress", func(b *broken, m *memory.Store) {
		b.read = func(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
			if told := o.Progress; told != nil && !o.Backward {
				if p, err := m.Head(ctx); err == nil {
					o.Progress = func(store.Position, bool) {}
					return func(yield func(store.Recorded, error) bool) {
						told(p, true)
						m.Read(ctx, q, o)(yield)
					}
				}
			}
			return m.Read(ctx, q, o)
		}
	}},
	"ignores After backwards": {"model", func(b *broken, m *memory.Store) {
		b.read = func(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
			if o.Backward {
				o.After = 0
			}
			return m.Read(ctx, q, o)
		}
	}},
	"has a late head": {"readers", func(b *broken, m *memory.Store) {
		b.head = func(ctx context.Context) (store.Position, error) {
			p, err := m.Head(ctx)
			return p - min(p, 1), err
		}
	}},
	"erases on record alone": {"readers", func(b *broken, m *memory.Store) {
		b.erase = func(ctx context.Context, e store.Erasure) (store.Result, error) {
			var events []store.Event
			for _, p := range e.Positions {
				erasure, err := store.NewErasure(p, [32]byte{}, e.Reason, e.Actor)
				if err != nil {
					return store.Result{}, err
				}
				erasure.Stream = "$erasures" // which an append may name
				events = append(events, erasure)
			}
			return m.Append(ctx, store.Commit{Events: events})
		}
	}},
	"leaks": {"close", func(b *broken, m *memory.Store) {
		b.read = func(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
			if o.Follow {
				go func() { select {} }()
			}
			return m.Read(ctx, q, o)
		}
	}},
	"does not end readers": {"close", func(b *broken, m *memory.Store) {
		b.close = func() error { return nil }
	}},
	"cuts no times": {"conversation", func(b *broken, m *memory.Store) {
		b.append = func(ctx context.Context, c store.Commit) (store.Result, error) {
			r, err := m.Append(ctx, c)
			if err == nil {
				r.RecordedAt = r.RecordedAt.Add(time.Nanosecond)
			}
			return r, err
		}
	}},
}

// TestBroken is what TestRunFails runs in a child process: the suite on the reference with a fault.
func TestBroken(t *testing.T) {
	fault, ok := faults[os.Getenv(wrongEnv)]
	if !ok {
		return
	}
	storetest.Run(t, storetest.Harness{Open: func(_ testing.TB, o storetest.Options) store.Store {
		m := memory.New(memory.Options{Clock: o.Clock})
		b := &broken{inner: m, append: m.Append, read: m.Read, head: m.Head, erase: m.Erase, close: m.Close}
		fault.spoil(b, m)
		return b
	}})
}

// TestRunFails checks that each fault is found by the test that is about it.
func TestRunFails(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.short", "-test.timeout=1m", "-test.run=^TestBroken$/^"+fault.test+"$")
			cmd.Env = append(os.Environ(), wrongEnv+"="+name, "GESTA_PATIENCE=3s")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestBroken/"+fault.test) {
				t.Errorf("want %s to fail, got %v:\n%s", fault.test, err, out)
			}
		})
	}
}
