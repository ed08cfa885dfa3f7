package gestatest_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
)

const pinFile = "testdata/pin.golden"

var pinned = []gestatest.Fold{
	gestatest.FoldOf(Courses, Types),
	gestatest.FoldOf(everythingSeen, gesta.Types[any]{"everything": everything{}}),
	gestatest.FoldOfView("free seats", 1, FreeSeats("go"), Types),
	gestatest.FoldOfView("open courses", 1, openCourses, Types).And(Opened{"rust", 0}, Closed{"go"}),
	gestatest.FoldOfNamed(takenSeats, Types),
}

func TestPinGolden(t *testing.T) {
	for _, fold := range pinned {
		gestatest.Pin(t, fold, pinFile)
	}
}

// TestHistoriesAreTheSameEverywhere makes the histories up afresh. When what they are made of changes, the golden file is to be deleted and made anew.
func TestHistoriesAreTheSameEverywhere(t *testing.T) {
	t.Setenv("GESTA_UPDATE", "1")
	file := filepath.Join(t.TempDir(), "pin.golden")
	for _, fold := range pinned {
		gestatest.Pin(t, fold, file)
	}
	want, err := os.ReadFile(pinFile)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Error(d)
	}
}

// backward is a codec whose data is no JSON.
type backward struct{}

func (backward) ContentType() string        { return "application/x-backward" }
func (backward) Check(t reflect.Type) error { return gesta.JSON.Check(t) }

func (backward) Encode(v any) ([]byte, error) {
	b, err := gesta.JSON.Encode(v)
	slices.Reverse(b)
	return b, err
}

func (backward) Decode(data []byte, into any) error {
	b := slices.Clone(data)
	slices.Reverse(b)
	return gesta.JSON.Decode(b, into)
}

// TestPinWithCodec keeps what is no JSON as bytes, and goes on reading it when events are written as JSON.
func TestPinWithCodec(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pin.golden")
	fold := gestatest.FoldOf(Courses, Types, gesta.WithCodec(backward{}))
	t.Setenv("GESTA_UPDATE", "1")
	gestatest.Pin(t, fold, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := `bytes "course.opened" 1 ["course:Course-3"] "application/x-backward" "`; !strings.Contains(string(text), want) {
		t.Errorf("there is no %s in\n%s", want, text)
	}
	t.Setenv("GESTA_UPDATE", "")
	gestatest.Pin(t, fold, file)
	gestatest.Pin(t, gestatest.FoldOf(Courses, Types, gesta.WithCodec(gesta.JSON, backward{})), file)
}

var openCourses = gesta.NewView(map[string]bool(nil), gesta.Scope{Category: "course"},
	gesta.When(func(m map[string]bool, e Opened) map[string]bool { return with(m, e.Course, true) }),
	gesta.When(func(m map[string]bool, e Closed) map[string]bool { return with(m, e.Course, false) }))

// with returns a copy of m with one member more.
func with(m map[string]bool, key string, value bool) map[string]bool {
	out := map[string]bool{key: value}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// everything is an event with fields of all kinds.
type everything struct {
	Text    string
	Yes     bool
	Small   int8
	Large   uint64
	Price   float64
	At      time.Time
	For     time.Duration
	Address netip.Addr
	List    []string
	Pair    [2]int
	By      map[string]int
	Maybe   *string
	Self    *nested
	Float32 float32
	Byte    []byte
	Times   map[string]time.Time
	part
	Hidden string `json:"-"`
	Level  level
}

// nested is a type that has itself as a part.
type nested struct {
	N    int
	Self []nested
}

type part struct{ Part string }

// level is a type that makes its own text and does not take any.
type level int

func (l level) MarshalText() ([]byte, error) { return []byte([]string{"low", "high"}[l]), nil }

func (l *level) UnmarshalText(b []byte) error {
	switch string(b) {
	case "low":
		*l = 0
	case "high":
		*l = 1
	default:
		return errors.New("neither low nor high")
	}
	return nil
}

// seen is what was seen of such events.
type seen struct {
	n    int
	last gesta.Event[any]
}

var everythingSeen = gesta.Decider[seen, any]{
	Category: "everything", Version: 3,
	EvolveEvent: func(s seen, e gesta.Event[any]) seen { return seen{s.n + 1, e} },
}

// TestPin takes a fold through its life, with one golden file.
func TestPin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pin.golden")
	pin := func(update string, fold gestatest.Fold) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			t.Setenv("GESTA_UPDATE", update)
			gestatest.Pin(tb, fold, file)
		}
	}
	read := func() string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	counting := func(version uint32, by int) gesta.Decider[int, Event] {
		return gesta.Decider[int, Event]{Category: "course", Version: version, Evolve: func(n int, e Event) int {
			if _, ok := e.(Enrolled); ok {
				n += by
			}
			return n
		}}
	}
	two := gesta.Types[Event]{"course.opened": Opened{}, "course.enrolled": Enrolled{}}

	wantFailure(t, pin("", gestatest.FoldOf(counting(1, 1), two)), `fold "course" is not in `, "nothing of it is there", "GESTA_UPDATE=1")
	wantPass(t, pin("1", gestatest.FoldOf(counting(1, 1), two)))
	wantPass(t, pin("", gestatest.FoldOf(counting(1, 1), two)))
	for update := range strings.SplitSeq(" ,1", ",") {
		wantFailure(t, pin(strings.TrimSpace(update), gestatest.FoldOf(counting(1, 2), two)), `fold "course" makes something else of the same events than it did, and its version is 1 as it was`,
			`"state = 4"`, `"state = 8"`, "Raise the Version of the decider of course to 2", "GESTA_UPDATE=1")
	}
	wantFailure(t, pin("", gestatest.FoldOf(counting(2, 2), two)), "its version is 2, and 1 there")
	before := read()
	wantPass(t, pin("1", gestatest.FoldOf(counting(2, 2), two)))
	if want := strings.Replace(strings.Replace(before, `"course" 1`, `"course" 2`, 1), "state = 4", "state = 8", 1); read() != want {
		t.Errorf("the file is\n%s\nwant\n%s", read(), want)
	}
	wantFailure(t, pin("1", gestatest.FoldOf(counting(1, 1), two)), `fold "course" has version 1, and version 2 is in`, "versions never go back")

	wantFailure(t, pin("", gestatest.FoldOf(counting(2, 2), Types)), `its history lacks 4 events, such as of type "course.closed", version 1`)
	before = read()
	wantPass(t, pin("1", gestatest.FoldOf(counting(2, 2), Types)))
	if got := read(); !strings.HasPrefix(got, strings.TrimSuffix(before, "\tstate = 8\n")) || strings.Count(got, "course.closed") != 4 {
		t.Errorf("the history has changed, or does not have the new type:\n%s", got)
	}
	sampled := gestatest.FoldOf(counting(2, 2), Types).And(Enrolled{"go", "zoe"})
	wantFailure(t, pin("", sampled), `its history lacks 1 events, such as of type "course.enrolled", version 1`)
	wantPass(t, pin("1", sampled))
	wantPass(t, pin("", sampled))
	wantFailure(t, pin("", gestatest.FoldOf(counting(2, 2), two)), "cannot be read any more", "unknown type", "the same upcasters")
}

// TestPinNamed takes a view that has its own name and version through its life.
func TestPinNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pin.golden")
	pin := func(update string, fold gestatest.Fold) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			t.Setenv("GESTA_UPDATE", update)
			gestatest.Pin(tb, fold, file)
		}
	}
	seats := func(by int, version uint32) *gesta.View[int] {
		return gesta.NewView(0, gesta.Scope{Category: "course"}, gesta.When(func(n int, _ Enrolled) int { return n + by })).Named("taken seats", version)
	}
	wantPass(t, pin("1", gestatest.FoldOfNamed(seats(1, 3), Types)))
	wantPass(t, pin("", gestatest.FoldOfNamed(seats(1, 3), Types)))
	for _, update := range []string{"", "1"} {
		wantFailure(t, pin(update, gestatest.FoldOfNamed(seats(2, 3), Types)), `fold "taken seats" makes something else of the same events than it did, and its version is 3 as it was`,
			`"state = 4"`, `"state = 8"`, `Raise the version in Named("taken seats", 3) to 4`, "GESTA_UPDATE=1")
	}
	wantFailure(t, pin("", gestatest.FoldOfNamed(seats(2, 4), Types)), "its version is 4, and 3 there")
	wantPass(t, pin("1", gestatest.FoldOfNamed(seats(2, 4), Types)))
	wantPass(t, pin("", gestatest.FoldOfNamed(seats(2, 4), Types)))
	wantFailure(t, pin("1", gestatest.FoldOfNamed(seats(2, 3), Types)), "versions never go back")

	wantFailure(t, pin("1", gestatest.FoldOfNamed(FreeSeats("go"), Types)), "the view of int over tag=course:go has no name", "Named(name, version)", "gestatest.FoldOfView")
	wantFailure(t, pin("1", gestatest.FoldOfView("taken seats", 1, seats(2, 4), Types)), "the fold cannot be pinned", `the view is Named("taken seats", 4)`, "gestatest.FoldOfNamed")
	wantFailure(t, pin("1", gestatest.FoldOfNamed(seats(2, 4).Last(), Types)), `fold "taken seats" is refused`, "folds one event alone")
}

func TestPinFailures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pin.golden")
	t.Setenv("GESTA_UPDATE", "1")
	n := 0
	for _, tt := range []struct {
		name string
		fold gestatest.Fold
		says string
	}{
		{"impure", gestatest.FoldOf(gesta.Decider[int, Event]{Category: "course", Evolve: func(int, Event) int {
			n++
			return n
		}}, Types), `fold "course" gave another state the second time`},
		{
			"a case of another union", gestatest.FoldOfView("seats", 1, FreeSeats("go"), gesta.Types[Event]{"course.opened": Opened{}}, gesta.Types[any]{"course.enrolled": Enrolled{}, "course.closed": Closed{}}),
			`fold "seats" has a case for events of type "course.closed", which are not in the Types`,
		},
		{"no cases", gestatest.FoldOfView("seats", 1, gesta.NewView(0, gesta.Scope{}), Types), "has no cases"},
		{
			"not to be made up", gestatest.FoldOf(gesta.Decider[int, any]{Category: "x", Evolve: func(n int, _ any) int { return n }}, gesta.Types[any]{"never": never{}}),
			`no event of type "never" can be made up`,
		},
		{"a bad sample", gestatest.FoldOf(Courses, Types).And(lossy{}), "cannot be recorded"},
	} {
		t.Run(tt.name, func(t *testing.T) { wantFailure(t, func(tb testing.TB) { gestatest.Pin(tb, tt.fold, file) }, tt.says) })
	}
	picky := gesta.Decider[int, any]{Category: "x", Evolve: func(n int, _ any) int { return n + 1 }}
	wantPass(t, func(tb testing.TB) {
		gestatest.Pin(tb, gestatest.FoldOf(picky, gesta.Types[any]{"never": never{}}).And(never{"ever"}), file)
	})
	for text, says := range map[string]string{
		"fold x":                     "read",
		"state x":                    "belongs to no fold",
		"fold \"a\" 1\nfold \"a\" 1": "is there twice",
		"fold \"a\" 1\n\tevent 7":    "read",
		"fold \"a\" 1\n\tother 7":    "none of fold, event",
		"fold \"a\" 1 7":             "there is more in the line",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantFailure(t, func(tb testing.TB) { gestatest.Pin(tb, gestatest.FoldOf(Courses, Types), file) }, says)
	}
}

// never is an event that refuses nearly everything.
type never struct {
	Tag ever `gesta:"tag=ever"`
}

type ever string

func (e ever) MarshalText() ([]byte, error) { return []byte(e), nil }

func (e *ever) UnmarshalText(b []byte) error {
	if *e = ever(b); *e != "ever" {
		return errors.New("never")
	}
	return nil
}
