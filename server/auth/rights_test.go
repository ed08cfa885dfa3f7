package auth_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// oracle knows the rules of the package doc, without any regard to how long they take.
type oracle struct {
	role auth.Role
	on   []string
}

func (o *oracle) may(role auth.Role, stream string) bool {
	if o.role < role || strings.HasPrefix(stream, "$") && o.role < auth.Admin {
		return false
	}
	matches := func(glob string) bool {
		if patterns[glob] == nil {
			patterns[glob] = regexp.MustCompile(`^(?s:` + strings.ReplaceAll(regexp.QuoteMeta(glob), `\*`, `.*`) + `)$`)
		}
		return patterns[glob].MatchString(stream)
	}
	return len(o.on) == 0 || slices.ContainsFunc(o.on, matches)
}

// sees returns the events that may be read, as they may be: what their commits tracked is for who may look at the source.
func (o *oracle) sees(events []store.Recorded) []store.Recorded {
	var seen []store.Recorded
	for _, e := range events {
		if e.Tracking != nil && !o.may(auth.Read, e.Tracking.Source) {
			e.Tracking = nil
		}
		if o.may(auth.Read, e.Stream) {
			seen = append(seen, e)
		}
	}
	return seen
}

// patterns are the globs that came up, as regular expressions.
var patterns = map[string]*regexp.Regexp{}

// words are endings of names, with a letter that no glob of the tests has.
var words = func() []string {
	all := []string{""}
	for begin, n := 0, 0; n < 3; n++ {
		end := len(all)
		for _, w := range all[begin:end] {
			for _, c := range "a-1z" {
				all = append(all, w+string(c))
			}
		}
		begin = end
	}
	return all
}()

// everywhere says that every name there could be may be used, the system's aside.
func (o *oracle) everywhere(role auth.Role) bool {
	return o.role >= role && !slices.ContainsFunc(words, func(w string) bool { return !o.may(role, w) })
}

// mayRead says that all that a query can match may be read, the system's aside.
func (o *oracle) mayRead(q store.Query) bool {
	if len(q) == 0 {
		return o.everywhere(auth.Read)
	}
	for _, it := range q {
		switch {
		case it.Stream != "":
			if !o.may(auth.Read, it.Stream) {
				return false
			}
		case it.Category != "":
			if slices.ContainsFunc(words, func(w string) bool { return !o.may(auth.Read, it.Category+"-"+w) }) {
				return false
			}
		case !o.everywhere(auth.Read):
			return false
		}
	}
	return true
}

func (o *oracle) mayAppend(c *store.Commit) bool {
	if o.role < auth.Append {
		return false
	}
	for i := range c.Events {
		if !o.may(auth.Append, c.Events[i].Stream) {
			return false
		}
	}
	if c.Tracking != nil && !o.may(auth.Append, c.Tracking.Source) {
		return false
	}
	for _, g := range c.Guards {
		ok := false
		switch g := g.(type) {
		case store.StreamAt:
			ok = o.may(auth.Read, g.Stream)
		case store.StreamExists:
			ok = o.may(auth.Read, g.Stream)
		case store.NoneMatch:
			ok = o.mayRead(g.Query)
		}
		if !ok {
			return false
		}
	}
	return true
}

// chance makes what is tried.
type chance struct{ *rand.Rand }

func (c chance) pick(from ...string) string { return from[c.IntN(len(from))] }

func (c chance) stream() string {
	return c.pick("", "", "a", "a-", "a-1", "a-11", "a-a", "1", "1-a", "1-1", "aa-1", "-a", "a1", "a-1-a", "a*", "$a", "$a-1", "zz")
}

func (c chance) glob() string {
	return c.pick("", "*", "a*", "a-*", "a-*", "1-*", "a-1", "a", "*-*", "*1", "a-*1", "**", "-*", "aa-*", "a-1*", "*a*", "a*-*", "1-1", "a-", "*-")
}

func (c chance) query() store.Query {
	var q store.Query
	for range c.IntN(3) {
		var it store.Item
		switch c.IntN(4) {
		case 0:
			it.Stream = c.stream()
		case 1:
			it.Category = c.pick("a", "1", "aa", "$a", "zz")
		}
		if c.IntN(2) == 0 {
			it.Types = []string{c.pick("T", "U"), c.pick("T", "V")}
		}
		if c.IntN(3) == 0 {
			it.Tags = []string{c.pick("x", "y")}
		}
		q = append(q, it)
	}
	return q
}

func (c chance) commit(head store.Position) store.Commit {
	var commit store.Commit
	for range c.IntN(3) {
		commit.Events = append(commit.Events, store.Event{
			Stream: c.stream(), Type: c.pick("T", "U", "V"), Tags: []string{c.pick("x", "y", "z")},
			ID: fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", c.IntN(5)),
		})
	}
	for range c.IntN(3) {
		commit.Guards = append(commit.Guards, []store.Guard{
			store.StreamAt{Stream: c.pick("a-1", "1", "$a"), Version: uint64(c.IntN(3))},
			store.StreamExists{Stream: c.pick("a-1", "1-a", "$a-1")},
			store.NoneMatch{Query: c.query(), After: head - min(head, store.Position(c.IntN(8)))},
		}[c.IntN(3)])
	}
	if len(commit.Events) > 0 && c.IntN(2) == 0 {
		commit.Key = c.pick("k1", "k2", "k3", "k4")
	}
	if c.IntN(5) == 0 {
		commit.Tracking = &store.Tracking{Source: c.pick("a", "1", "a-1"), Position: uint64(1 + c.IntN(50))}
	}
	return commit
}

// TestRights compares what principals of all kinds get with what the oracle makes of a store that everybody sees the whole of.
func TestRights(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			c := chance{rand.New(rand.NewPCG(seed, 5))}
			r := &rig{t: t, chance: c, real: memory.New(memory.Options{}), plain: memory.New(memory.Options{}), counts: counts}
			for range 60 {
				r.step()
			}
		})
	}
	t.Logf("%v", counts)
	const few = 5
	for _, what := range []string{"read", "append denied", "append written", "append conflict", "conflict withheld", "key withheld", "key found", "erase denied", "erase done", "may", "may not"} {
		if counts[what] < few {
			t.Errorf("%q came up %d times: that shows little", what, counts[what])
		}
	}
}

// rig has two stores with the same events: one behind a gate, and one that is asked without.
type rig struct {
	t *testing.T
	chance
	real, plain *memory.Store
	counts      map[string]int
}

func (r *rig) step() {
	r.t.Helper()
	o := &oracle{role: []auth.Role{auth.Read, auth.Append, auth.Append, auth.Operate, auth.Admin}[r.IntN(5)]}
	for range r.IntN(4) {
		o.on = append(o.on, r.glob())
	}
	p, err := auth.NewPrincipal("ada", o.role, o.on...)
	if err != nil {
		r.t.Fatal(err)
	}
	s := auth.Store(r.real, p, "")
	r.append(s, o)
	r.read(s, o)
	r.look(s, o)
	if r.IntN(4) == 0 {
		r.erase(s, o)
	}
}

func (r *rig) read(s store.Store, o *oracle) {
	r.t.Helper()
	q := r.query()
	head := must(r.plain.Head(r.t.Context()))
	last := store.Position(0)
	opts := store.ReadOptions{Limit: r.IntN(4), Backward: r.IntN(3) == 0}
	if head > 0 && r.IntN(3) == 0 {
		opts.After, opts.Until = store.Position(r.Uint64N(uint64(head))), store.Position(r.Uint64N(uint64(head)+2))
	}
	want := o.sees(must(collect(r.plain.Read(r.t.Context(), q, store.ReadOptions{After: opts.After, Until: opts.Until, Backward: opts.Backward}))))
	if opts.Limit > 0 {
		want = want[:min(opts.Limit, len(want))]
	}
	if !opts.Backward && opts.Until == 0 {
		opts.Progress = func(p store.Position, _ bool) { last = p }
	}
	got, err := collect(s.Read(r.t.Context(), q, opts))
	if err != nil {
		r.t.Fatal(err)
	}
	r.same(fmt.Sprintf("read %+v %+v as %+v", q, opts, o), want, got)
	if opts.Progress != nil && opts.Limit == 0 && last != head {
		r.t.Errorf("read %+v as %+v: progress ended at %d of %d", q, o, last, head)
	}
	may := store.MayRead(r.t.Context(), s, q)
	if (may == nil) != o.mayRead(q) {
		r.t.Errorf("%+v may read %+v: %v, want %t", o, q, may, o.mayRead(q))
	}
	r.counts["read"] += len(got)
	r.counts[map[bool]string{true: "may", false: "may not"}[may == nil]]++
}

func (r *rig) append(s store.Store, o *oracle) {
	r.t.Helper()
	c := r.commit(must(r.plain.Head(r.t.Context())))
	got, err := s.Append(r.t.Context(), c)
	if !o.mayAppend(&c) {
		r.counts["append denied"]++
		if code := eventjson.Describe(err).Code; code != eventjson.CodeDenied {
			r.t.Fatalf("append %+v as %+v: %v, want denied", c, o, err)
		}
		return
	}
	unseen := func(stream string) bool { return store.IsSystem(stream) && !o.may(auth.Read, stream) }
	want, wantErr := store.AppendIgnoring(r.t.Context(), r.plain, c, unseen)
	got.RecordedAt = want.RecordedAt
	r.same("the result", want, got)
	if (err == nil) != (wantErr == nil) {
		r.t.Fatalf("append %+v as %+v: %v, want %v", c, o, err, wantErr)
	}
	var conflict, wantConflict *store.ConflictError
	var reused, wantReused *store.KeyReusedError
	switch {
	case err == nil:
		r.counts["append written"]++
	case errors.As(wantErr, &wantConflict):
		r.counts["append conflict"]++
		if !errors.As(err, &conflict) {
			r.t.Fatalf("got %v, want %v", err, wantErr)
		}
		for i := range wantConflict.Failed {
			f := &wantConflict.Failed[i]
			n := len(f.Events)
			f.Events = o.sees(f.Events)
			if len(f.Events) < n {
				f.Complete = false
				r.counts["conflict withheld"]++
			}
		}
		r.same("the conflict", wantConflict.Failed, conflict.Failed)
	case errors.As(wantErr, &wantReused):
		if !errors.As(err, &reused) || !errors.Is(err, store.ErrKeyReused) {
			r.t.Fatalf("got %v, want %v", err, wantErr)
		}
		if first := r.at(wantReused.First); !o.may(auth.Read, first.Stream) {
			wantReused.First = 0
			r.counts["key withheld"]++
		}
		r.same("the key", wantReused, reused)
		if d := eventjson.Describe(err); d.Code != eventjson.CodeKeyReused || d.Position != wantReused.First {
			r.t.Errorf("the key is described as %+v", d)
		}
	default:
		if eventjson.Describe(err).Code != eventjson.Describe(wantErr).Code {
			r.t.Errorf("got %v, want %v", err, wantErr)
		}
	}
}

// look asks the powers.
func (r *rig) look(s store.Store, o *oracle) {
	r.t.Helper()
	ctx := r.t.Context()
	id := fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", r.IntN(5))
	ids, _ := store.As[store.IDs](s)
	want := o.sees(must(collect(r.plain.ByID(ctx, id))))
	r.same("by id", want, must(collect(ids.ByID(ctx, id))))

	lister, _ := store.As[store.Lister](s)
	opts := store.StreamsOptions{Prefix: r.pick("", "", "a", "a-1", "$", "1-"), After: r.pick("", "", "a-"), Limit: r.IntN(4)}
	wantStreams := []store.StreamInfo{}
	for i, err := range r.plain.Streams(ctx, store.StreamsOptions{Prefix: opts.Prefix, After: opts.After}) {
		if err == nil && o.may(auth.Read, i.Stream) && (opts.Limit == 0 || len(wantStreams) < opts.Limit) {
			wantStreams = append(wantStreams, i)
		}
	}
	r.same(fmt.Sprintf("streams %+v as %+v", opts, o), wantStreams, must(collect(lister.Streams(ctx, opts))))

	types, err := collect(lister.Types(ctx))
	if o.everywhere(auth.Read) {
		count := map[string]uint64{}
		for _, e := range must(collect(r.plain.Read(ctx, nil, store.ReadOptions{}))) {
			if o.may(auth.Read, e.Stream) {
				count[e.Type]++
			}
		}
		got := map[string]uint64{}
		for _, i := range types {
			got[i.Type] = i.Events
		}
		r.same("types", count, got)
	} else if eventjson.Describe(err).Code != eventjson.CodeDenied {
		r.t.Errorf("types as %+v: %v", o, err)
	}

	key := r.pick("k1", "k2", "k3", "k4")
	keys, _ := store.As[store.Keys](s)
	found, err := keys.Lookup(ctx, key)
	wantFound, wantErr := r.plain.Lookup(ctx, key)
	if wantErr == nil && !o.mayReadAll(r, wantFound) {
		wantFound, wantErr = store.Result{}, store.ErrNotFound
	}
	found.RecordedAt = wantFound.RecordedAt
	r.same("look up", wantFound, found)
	if !errors.Is(err, wantErr) {
		r.t.Errorf("look up: %v, want %v", err, wantErr)
	}
	if err == nil {
		r.counts["key found"]++
	}

	tracker, _ := store.As[store.Tracker](s)
	source := r.pick("a", "1", "a-1", "$a")
	if at, err := tracker.Tracked(ctx, source); (err == nil) != o.may(auth.Read, source) || err == nil && at != must(r.plain.Tracked(ctx, source)) {
		r.t.Errorf("tracked %q as %+v: %d, %v", source, o, at, err)
	}
}

func (o *oracle) mayReadAll(r *rig, found store.Result) bool {
	for p := found.First; p <= found.Last; p++ {
		if e := r.at(p); !o.may(auth.Read, e.Stream) {
			return false
		}
	}
	return true
}

func (r *rig) erase(s store.Store, o *oracle) {
	r.t.Helper()
	head := must(r.plain.Head(r.t.Context()))
	if head == 0 {
		return
	}
	e := store.Erasure{Reason: "r"}
	may := o.role >= auth.Operate
	for range 1 + r.IntN(2) {
		p := 1 + store.Position(r.Uint64N(uint64(head)))
		if at := r.at(p); at.Stream == store.ErasureStream {
			return
		} else if !o.may(auth.Operate, at.Stream) {
			may = false
		}
		e.Positions = append(e.Positions, p)
	}
	eraser, _ := store.As[store.Eraser](s)
	got, err := eraser.Erase(r.t.Context(), e)
	if !may {
		r.counts["erase denied"]++
		if code := eventjson.Describe(err).Code; code != eventjson.CodeDenied {
			r.t.Fatalf("erase %+v as %+v: %v, want denied", e, o, err)
		}
		return
	}
	r.counts["erase done"]++
	want, wantErr := r.plain.Erase(r.t.Context(), e)
	if err != nil || wantErr != nil {
		r.t.Fatalf("erase %+v as %+v: %v, %v", e, o, err, wantErr)
	}
	want.Versions = slices.DeleteFunc(want.Versions, func(v store.StreamVersion) bool { return !o.may(auth.Read, v.Stream) })
	got.RecordedAt = want.RecordedAt
	r.same("the erasure", want, got)
}

func (r *rig) at(p store.Position) store.Recorded {
	found := must(collect(r.plain.Read(r.t.Context(), nil, store.ReadOptions{After: p - 1, Until: p})))
	if len(found) == 0 {
		return store.Recorded{}
	}
	return found[0]
}

// same compares but for what a server writes, times and salts. The events of this test have no data.
func (r *rig) same(what string, want, got any) {
	r.t.Helper()
	opts := cmp.Options{
		cmpopts.EquateEmpty(), cmpopts.IgnoreFields(store.Recorded{}, "RecordedAt"), cmpopts.IgnoreFields(store.StreamInfo{}, "LastRecordedAt"),
		cmpopts.IgnoreFields(store.Event{}, "Data", "Metadata"),
	}
	if d := cmp.Diff(want, got, opts); d != "" {
		r.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func collect[T any](seq func(func(T, error) bool)) ([]T, error) {
	var out []T
	for x, err := range seq {
		if err != nil {
			return out, err
		}
		out = append(out, x)
	}
	return out, nil
}
