package disk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// markBytes is how long the mark is with which each payload begins; no two payloads have the same.
const markBytes = 16

var sources = []string{"left", "right", "none"}

// chances are what a step may do, each with how likely it is, in percent.
var chances = []struct {
	name    string
	percent int
	do      func(w *world) error
}{
	{"append", 40, func(w *world) error { return w.send(w.commit()) }},
	{"append many", 15, (*world).sendMany},
	{"track", 5, func(w *world) error { return w.send(store.Commit{Tracking: w.track()}) }},
	{"conflict", 5, (*world).conflict},
	{"append wide", 3, (*world).sendWide},
	{"erase", 12, (*world).eraseSome},
	{"truncate", 6, (*world).truncateSome},
	{"restore", 7, func(w *world) error { return w.restore(w.recorded()...) }},
	{"reopen", 7, (*world).reopen},
}

// step does one random thing to the store and returns its error. In a world where nothing fails there is none.
func (w *world) step() error {
	w.tick()
	n := w.rnd.IntN(100)
	for _, c := range chances {
		if n -= c.percent; n < 0 {
			w.did[c.name]++
			return c.do(w)
		}
	}
	panic("the chances are less than 100 percent")
}

// sendMany sends commits that may go into one group.
func (w *world) sendMany() error {
	commits := make([]store.Commit, 2+w.rnd.IntN(4))
	for i := range commits {
		commits[i] = w.commit()
	}
	trackOnce(commits)
	return w.send(commits...)
}

// sendWide sends a commit that needs a segment of its own.
func (w *world) sendWide() error {
	c := w.commit()
	c.Events[0].Data = append(c.Events[0].Data, strings.Repeat("wide", 1200+w.rnd.IntN(300))...)
	return w.send(c)
}

// truncateSome truncates through a position of the older half.
func (w *world) truncateSome() error {
	if w.h.head < 10 {
		return nil
	}
	return w.truncate(w.p.first + store.Position(w.rnd.Uint64N(uint64(w.h.head-w.p.first)/2+1)))
}

// tick moves the clock, back too.
func (w *world) tick() {
	w.now = w.now.Add(time.Duration(w.rnd.IntN(5000)-500) * time.Millisecond)
}

// commit makes up a commit that the store accepts.
func (w *world) commit() store.Commit {
	c := store.Commit{}
	for range 1 + w.rnd.IntN(3) {
		c.Events = append(c.Events, w.event())
	}
	if w.rnd.IntN(2) == 0 {
		w.secrets++
		c.Key = fmt.Sprintf("key-%d", w.secrets)
	}
	if w.rnd.IntN(4) == 0 {
		c.Tracking = w.track()
	}
	return c
}

func (w *world) event() store.Event {
	w.secrets++
	e := store.Event{
		Type: []string{"Opened", "Closed", "Seen"}[w.rnd.IntN(3)],
		Data: fmt.Appendf(nil, "secret-%08d ", w.secrets),
	}
	if n := w.rnd.IntN(8); n > 0 {
		e.Stream = fmt.Sprintf("%c-%d", 'a'+n%3, n)
	}
	if w.rnd.IntN(3) == 0 {
		e.ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", w.rnd.IntN(20))
	}
	for range w.rnd.IntN(3) {
		e.Tags = append(e.Tags, fmt.Sprintf("tag:%d", w.rnd.IntN(5)))
	}
	if w.rnd.IntN(5) == 0 {
		e.Metadata = []byte(`{"actor":"ada"}`)
		e.EffectiveAt = store.Time(w.now.Add(-time.Hour))
		e.SchemaVersion, e.ContentType = 2, "text/plain"
	}
	e.Data = append(e.Data, strings.Repeat("payload ", w.rnd.IntN(1+w.rnd.IntN(100)))...)
	return e
}

// small makes up a commit with a short frame.
func (w *world) small() store.Commit {
	w.secrets++
	return store.Commit{
		Events: []store.Event{{Stream: "a-1", Type: "T", Data: fmt.Appendf(nil, "secret-%08d ", w.secrets)}, {Type: "T"}},
		Key:    fmt.Sprint("small-", w.secrets),
	}
}

// track makes up a tracking that continues what is there.
func (w *world) track() *store.Tracking {
	source := sources[w.rnd.IntN(2)]
	return &store.Tracking{Source: source, Position: w.h.tracked[source] + 1 + w.rnd.Uint64N(10)}
}

// trackOnce leaves at most one tracking for each source: they were made up without knowing each other.
func trackOnce(commits []store.Commit) {
	seen := map[string]bool{}
	for i := range commits {
		if t := commits[i].Tracking; t != nil && seen[t.Source] {
			commits[i].Tracking = nil
		} else if t != nil {
			seen[t.Source] = true
		}
	}
}

// conflict sends a commit whose guard fails.
func (w *world) conflict() error {
	c := w.commit()
	c.Guards = []store.Guard{store.StreamAt{Stream: "a-3", Version: w.h.versions["a-3"] + 1}}
	_, err := w.s.Append(context.Background(), c)
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	if err == nil {
		err = errors.New("a commit whose guard fails was accepted")
	}
	return err
}

// payloads returns the positions of events that are left and have a payload.
func (w *world) payloads() []store.Position {
	var out []store.Position
	for _, e := range eventsOf(from(after(w.h.commits), max(w.p.first, w.p.through+1))) {
		if e.Erased == 0 && e.Stream != store.ErasureStream {
			out = append(out, e.Position)
		}
	}
	return out
}

func (w *world) eraseSome() error {
	all := w.payloads()
	if len(all) == 0 {
		return nil
	}
	w.rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return w.erase(all[:1+w.rnd.IntN(min(3, len(all)))]...)
}

// recorded makes up commits from elsewhere that continue the store: with holes, keys, payloads that were erased there, and erasures of what is here.
func (w *world) recorded() []store.RecordedCommit {
	h := newHistory()
	for _, c := range w.h.commits {
		h.add(c)
	}
	here := w.payloads()
	begin := len(h.commits)
	for range 1 + w.rnd.IntN(4) {
		hole := store.Position(w.rnd.IntN(2) * w.rnd.IntN(5))
		c := w.commit()
		c.Tracking = nil
		if w.rnd.IntN(4) == 0 && len(here) > 0 {
			i := w.rnd.IntN(len(here))
			e, _ := store.NewErasure(here[i], [32]byte{}, "asked elsewhere", "")
			e.Data = nil
			c.Events = append(c.Events, e)
			here = append(here[:i:i], here[i+1:]...)
		}
		h.head += hole
		h.predict(&c, w.now)
		last := &h.commits[len(h.commits)-1]
		for i := range last.Events {
			if e := &last.Events[i]; w.rnd.IntN(5) == 0 && e.Stream != store.ErasureStream {
				e.Erased, e.Data, e.Metadata = e.Position+1+store.Position(w.rnd.IntN(30)), nil, nil
			}
		}
	}
	return h.commits[begin:]
}

// reopen closes the store and opens it again.
func (w *world) reopen() error {
	if err := w.close(); err != nil {
		return err
	}
	return w.open()
}

// pick returns a random subset: each operation of a run, or one in so many.
func pick(rnd *rand.Rand, oneIn int) bool { return oneIn <= 1 || rnd.IntN(oneIn) == 0 }
