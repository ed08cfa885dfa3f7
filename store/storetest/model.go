package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// modelSteps is how many random operations RunModel makes.
const modelSteps = 2000

// RunModel makes random operations on the store under test and on a reference, which answer alike. The seed is logged
// where a test fails; GESTA_SEED in the environment sets it, and GESTA_STEPS the number of operations.
//
// Another store that passes the suite may be the reference.
func RunModel(t *testing.T, h Harness, reference func(testing.TB, Options) Reference) {
	t.Helper()
	seed, steps := environment(t, "GESTA_SEED", rand.Uint64()), uint64(modelSteps)
	if testing.Short() {
		steps /= 6
	}
	steps = environment(t, "GESTA_STEPS", steps)
	m := &model{h: h, rnd: rand.New(rand.NewPCG(seed, 0)), clock: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
	o := Options{Clock: func() time.Time { return m.clock }}
	m.got, m.want = h.openWith(t, o), reference(t, o)
	for step := range steps {
		what := m.step(t)
		if t.Failed() {
			t.Fatalf("step %d with GESTA_SEED=%d: %s", step, seed, what)
		}
	}
	m.compareDumps(t)
	if t.Failed() {
		t.Fatalf("the dumps after %d steps with GESTA_SEED=%d differ", steps, seed)
	}
}

// environment returns a number from the environment.
func environment(t testing.TB, name string, fallback uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// Reference is what RunModel compares with.
type Reference interface {
	store.Store
	store.Tracker
	store.Keys
	store.IDs
	store.Eraser
	store.Dumper
}

// model is a run of RunModel.
type model struct {
	h     Harness
	rnd   *rand.Rand
	clock time.Time
	got   store.Store // the store under test
	want  Reference
	head  store.Position // of the reference
	keyed []store.Commit // commits with a key that were sent
}

// step makes one operation on both stores, compares the answers, and returns what was done.
func (m *model) step(t *testing.T) string {
	m.tick()
	switch n := m.rnd.IntN(100); {
	case n < 42:
		return m.append(t)
	case n < 50:
		return m.burst(t)
	case n < 80:
		return m.read(t)
	case n < 83:
		return m.erase(t)
	case n < 87:
		return m.tracked(t)
	case n < 91:
		return m.lookup(t)
	case n < 95:
		return m.byID(t)
	case n == 95:
		return m.reopen(t)
	default:
		m.compareHeads(t)
		return "head"
	}
}

// tick moves the clock: mostly on, sometimes by less than a microsecond, sometimes back.
func (m *model) tick() {
	switch m.rnd.IntN(8) {
	case 0:
		m.clock = m.clock.Add(-time.Duration(m.rnd.IntN(10)) * time.Second)
	case 1, 2:
		m.clock = m.clock.Add(time.Duration(m.rnd.IntN(3000)))
	case 3, 4, 5:
		m.clock = m.clock.Add(time.Duration(m.rnd.IntN(3)) * time.Second)
	}
}

func (m *model) append(t *testing.T) string {
	c := m.nextCommit(t)
	want, wantErr := m.want.Append(t.Context(), c)
	got, gotErr := m.got.Append(bounded(t), c)
	same(t, want, got, wantErr, gotErr)
	m.compareHeads(t)
	return fmt.Sprintf("append %+v", c)
}

// burst starts commits without waiting for the ones before: they are judged in that order all the same.
func (m *model) burst(t *testing.T) string {
	starter, ok := store.As[store.Starter](m.got)
	if !ok {
		return m.append(t)
	}
	var commits []store.Commit
	var waits []func() (store.Result, error)
	for range 2 + m.rnd.IntN(12) {
		c := m.nextCommit(t)
		commits, waits = append(commits, c), append(waits, starter.Start(bounded(t), c))
	}
	for i, c := range commits {
		want, wantErr := m.want.Append(t.Context(), c)
		got, gotErr := waits[i]()
		same(t, want, got, wantErr, gotErr)
		if t.Failed() {
			return fmt.Sprintf("commit %d of the burst %+v", i, commits)
		}
	}
	m.compareHeads(t)
	return "burst"
}

func (m *model) read(t *testing.T) string {
	q, o := m.randomQuery(), m.randomRead()
	want, wantErr := collect(m.want.Read(t.Context(), q, o))
	got, gotErr := collect(m.got.Read(bounded(t), q, o))
	same(t, shown(want), shown(got), wantErr, gotErr)
	return fmt.Sprintf("read %+v with %+v", q, o)
}

func (m *model) erase(t *testing.T) string {
	e := store.Erasure{Reason: "r", Actor: m.pick("", "ada")}
	if m.rnd.IntN(10) == 0 {
		e.Positions = []store.Position{m.head + 5}
	} else if m.head > 0 {
		for range 1 + m.rnd.IntN(3) {
			e.Positions = append(e.Positions, 1+store.Position(m.rnd.Uint64N(uint64(m.head))))
		}
	}
	power, ok := store.As[store.Eraser](m.got)
	if !ok {
		return "erase, which the store cannot"
	}
	want, wantErr := m.want.Erase(t.Context(), e)
	got, gotErr := power.Erase(bounded(t), e)
	same(t, want, got, wantErr, gotErr)
	m.compareHeads(t)
	return fmt.Sprintf("erase %+v", e)
}

func (m *model) tracked(t *testing.T) string {
	source := m.pick("x", "y", "z")
	if power, ok := store.As[store.Tracker](m.got); ok {
		want, wantErr := m.want.Tracked(t.Context(), source)
		got, gotErr := power.Tracked(bounded(t), source)
		same(t, want, got, wantErr, gotErr)
	}
	return "tracked " + source
}

func (m *model) lookup(t *testing.T) string {
	key := m.randomKey()
	if power, ok := store.As[store.Keys](m.got); ok {
		want, wantErr := m.want.Lookup(t.Context(), key)
		got, gotErr := power.Lookup(bounded(t), key)
		same(t, want, got, wantErr, gotErr)
	}
	return "lookup " + key
}

func (m *model) byID(t *testing.T) string {
	id := m.randomID()
	if power, ok := store.As[store.IDs](m.got); ok && id != "" {
		want, wantErr := collect(m.want.ByID(t.Context(), id))
		got, gotErr := collect(power.ByID(bounded(t), id))
		same(t, shown(want), shown(got), wantErr, gotErr)
	}
	return "id " + id
}

// reopen closes the store under test and opens it again.
func (m *model) reopen(t *testing.T) string {
	if m.h.Reopen != nil && m.rnd.IntN(3) == 0 {
		m.got = m.h.reopen(t, m.got, Options{Clock: func() time.Time { return m.clock }})
	}
	m.compareHeads(t)
	return "reopen"
}

func (m *model) compareHeads(t *testing.T) {
	t.Helper()
	want, wantErr := m.want.Head(t.Context())
	got, gotErr := m.got.Head(bounded(t))
	same(t, want, got, wantErr, gotErr)
	m.head = want
}

func (m *model) compareDumps(t *testing.T) {
	t.Helper()
	power, ok := store.As[store.Dumper](m.got)
	if !ok {
		return
	}
	for _, after := range []store.Position{0, m.head / 2, m.head} {
		want, wantErr := collect(m.want.Dump(t.Context(), after))
		got, gotErr := collect(power.Dump(bounded(t), after))
		for _, list := range [][]store.RecordedCommit{want, got} {
			for i := range list {
				list[i].Events, list[i].Salts = shown(list[i].Events), nil
			}
		}
		same(t, want, got, wantErr, gotErr)
	}
}

// same fails the test unless both stores gave the same answer, or refused for the same reason with the same facts.
func same[T any](t *testing.T, want, got T, wantErr, gotErr error) {
	t.Helper()
	switch {
	case wantErr == nil && gotErr == nil:
		if d := diff(want, got); d != "" {
			t.Errorf("the answers differ (-reference +store):\n%s", d)
		}
	case wantErr == nil || gotErr == nil:
		t.Errorf("the store returns error %v, the reference %v", gotErr, wantErr)
	default:
		if w, g := refusal(wantErr), refusal(gotErr); w != g {
			t.Errorf("the store refuses with\n%s\n%v\nthe reference with\n%s\n%v", g, gotErr, w, wantErr)
		}
	}
}

// collect returns what a sequence yields.
func collect[T any](seq func(func(T, error) bool)) ([]T, error) {
	var out []T
	var last error
	for x, err := range seq {
		if last = errors.Join(last, err); err == nil {
			out = append(out, x)
		}
	}
	return out, last
}

// shown returns events as they compare between stores: the data of erasures without the commitment, which has a random
// salt in it.
func shown(events []store.Recorded) []store.Recorded {
	out := make([]store.Recorded, len(events))
	for i, e := range events {
		if _, ok := store.ErasedPosition(&e.Event); ok {
			e.Data = []byte(payload(e.Event))
		}
		e.Tags, e.Data, e.Metadata = orNil(e.Tags), orNil(e.Data), orNil(e.Metadata)
		out[i] = e
	}
	return out
}

// orNil returns nil for an empty slice.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
