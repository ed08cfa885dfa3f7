package guest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta"
)

// at makes a machine of a rule that has begun.
func at(t *testing.T, r rule) *machine {
	t.Helper()
	m := &machine{rule: r}
	if status := m.begin(); status != 0 {
		t.Fatalf("begin returned %d: %s", status, m.problem)
	}
	return m
}

// take folds an event of a type and nothing else, as the host writes it.
func take(m *machine, kind string) int32 {
	b := make([]byte, 48+4, 128)
	b = append(b, byte(len(kind)), 0, 0, 0)
	b = append(b, kind...)
	b = append(b, make([]byte, 5*4+4+4+8)...)
	return m.apply(copy(m.room(len(b)), b))
}

// wantProblem holds what a machine tells against what it should.
func wantProblem(t *testing.T, m *machine, status int32, text string) problemText {
	t.Helper()
	var p problemText
	if err := json.Unmarshal(m.problem, &p); err != nil || status != failed || !strings.Contains(p.Message, text) {
		t.Errorf("status %d with %s, want %q: %v", status, m.problem, text, err)
	}
	return p
}

func count(s int, e Event) (int, error) {
	switch e.Type {
	case "one":
		return s + 1, nil
	case "no":
		return 7, errors.New("no")
	case "panic":
		panic("at the disco")
	}
	return 9, ErrSkip
}

func TestFold(t *testing.T) {
	for _, tt := range []struct {
		name    string
		initial func() int
		want    string
	}{{"from zero", nil, "2"}, {"from three", func() int { return 3 }, "5"}} {
		t.Run(tt.name, func(t *testing.T) {
			m := at(t, &folding[int]{initial: tt.initial, evolve: count})
			for kind, want := range map[string]int32{"one": applied, "other": skipped} {
				if got := take(m, kind); got != want {
					t.Errorf("%s: %d", kind, got)
				}
			}
			if take(m, "one"); string(m.state()) != tt.want {
				t.Errorf("state = %s, want %s", m.state(), tt.want)
			}
			wantProblem(t, m, take(m, "no"), "no")
			p := wantProblem(t, m, take(m, "panic"), "panic: at the disco")
			if !strings.HasSuffix(p.File, "guest/machine_test.go") || p.Line == 0 {
				t.Errorf("it is said to be in %s:%d", p.File, p.Line)
			}
		})
	}
}

func TestBegin(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		machine    machine
	}{
		{"no fold", "the program has no fold", machine{}},
		{"two folds", "the program has two folds", machine{rule: &folding[int]{evolve: count}, twice: true}},
		{"no function", "no function to fold by", machine{rule: &folding[int]{}}},
		{"no evolve", "one of Evolve and EvolveEvent", machine{rule: &deciding[int, any]{}}},
		{"types that are none", "make a DB", machine{rule: &deciding[int, any]{
			decider: gesta.Decider[int, any]{Evolve: func(int, any) int { return 0 }}, model: []gesta.Option{gesta.Types[any]{"x": nil}},
		}}},
		{"an initial state that panics", "panic: not yet", machine{rule: &folding[int]{initial: func() int { panic("not yet") }, evolve: count}}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantProblem(t, &tt.machine, tt.machine.begin(), tt.want) })
	}
}

// TestOutOfOrder calls what a host must not.
func TestOutOfOrder(t *testing.T) {
	m := &machine{rule: &folding[int]{evolve: count}}
	wantProblem(t, m, m.apply(0), "out of order")
	if m.state() != nil {
		t.Error("there is a state before it begins")
	}
	m.begin()
	wantProblem(t, m, m.apply(1<<30), "out of order")
	wantProblem(t, m, m.apply(0), "in another form")
}

func TestDeciderEvents(t *testing.T) {
	type event interface{ happened() }
	m := at(t, &deciding[int, event]{
		decider: gesta.Decider[int, event]{Evolve: func(s int, _ event) int { return s + 1 }}, model: []gesta.Option{gesta.Types[any]{"stranger": struct{ A int }{}}},
	})
	wantProblem(t, m, take(m, "unknown"), "unknown")
	wantProblem(t, m, take(m, "stranger"), "") // no data
}

func TestRegister(t *testing.T) {
	was := program
	defer func() { program = was }()
	Fold(nil, count)
	if program.rule == nil || program.twice {
		t.Error("there is no fold")
	}
	Decider(gesta.Decider[int, any]{})
	wantProblem(t, &program, program.begin(), "two folds")
}

// FuzzDecode reads whatever it is given without a panic, and never much more than that.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 48+4+6*4+4+4+8))
	f.Add(append(make([]byte, 76), 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Event
		if err := decode(b, &e); err != nil && !errors.Is(err, errEvent) {
			t.Error(err)
		}
		if len(e.Data)+len(e.Metadata)+len(e.Tags)+len(e.Type) > len(b) {
			t.Error("there is more in it than there was")
		}
	})
}
