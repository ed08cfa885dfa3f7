package gestatest_test

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
)

// rich is a state with parts of all kinds.
type rich struct {
	self    *rich
	fn      func()
	ch      chan int
	z       complex128
	f       float64
	u       uint8
	yes     bool
	bytes   []byte
	list    []int
	pair    [2]string
	any     any
	at      time.Time
	big     *big.Int
	where   *time.Location
	by      map[[2]int]map[string]time.Time
	nothing struct{} //nolint:unused // it is walked all the same
}

// fresh returns a rich state, with memory of its own.
func fresh() rich {
	r := rich{
		fn: func() {}, ch: make(chan int), z: 1i, f: 0.5, u: 7, yes: true, bytes: []byte("ab"), list: []int{1}, pair: [2]string{"x", "y"},
		any: &[]int{1}, at: time.Unix(1, 0).UTC(), big: big.NewInt(12), where: time.UTC,
		by: map[[2]int]map[string]time.Time{{1, 2}: {"k": time.Unix(2, 0).UTC()}},
	}
	r.self = &rich{list: []int{}}
	r.self.self = r.self
	return r
}

// TestSnapshotsSeeEverything changes each part of a state that others could share.
func TestSnapshotsSeeEverything(t *testing.T) {
	of := func(change func(r rich)) func(t testing.TB) {
		return func(t testing.TB) {
			t.Helper()
			gestatest.For(t, gesta.Decider[rich, Event]{Category: "x", Initial: fresh, Evolve: func(r rich, _ Event) rich {
				change(r)
				return r
			}}).Given(Closed{"go"}).When(func(rich) ([]Event, error) { return nil, nil }).ThenNothing()
		}
	}
	wantPass(t, of(func(rich) {}))
	for says, change := range map[string]func(r rich){
		`state.self.f: 0, then 2`: func(r rich) { r.self.f = 2 },
		"given, at #1 x-1@1 gestatest_test.Closed{Course:\"go\"}:\n    state.self.list[0]: not there, then 3": func(r rich) { r.self.list = []int{3} },
		`state.by[[0] 1 [1] 2]["k"]: "1970-01-01T00:00:02Z", then gone`:                                       func(r rich) { delete(r.by, [2]int{1, 2}) },
		`state.self.self: what it is part of, then nil`:                                                       func(r rich) { r.self.self = nil },
		`state.bytes: "ab", then "ac"`:                                                                        func(r rich) { r.bytes[1] = 'c' },
		`state.list[0]: 1, then -5`:                                                                           func(r rich) { r.list[0] = -5 },
		`state.any.(*[]int)[0]: 1, then 2`:                                                                    func(r rich) { (*r.any.(*[]int))[0] = 2 }, //nolint:errcheck // fresh has made it
		`state.big: "12", then "13"`:                                                                          func(r rich) { r.big.SetInt64(13) },
		`state.by[[0] 1 [1] 2]["k"]: "1970-01-01T00:00:02Z", then "1970-01-01T00:00:03Z"`:                     func(r rich) { r.by[[2]int{1, 2}]["k"] = time.Unix(3, 0).UTC() },
		`state.by[[0] 3 [1] 4]: not there, then nil`:                                                          func(r rich) { r.by[[2]int{3, 4}] = nil },
		`state.self.z: (0+0i), then (0+1i)`:                                                                   func(r rich) { r.self.z = 1i },
		`state.self.fn: nil, then a func`:                                                                     func(r rich) { r.self.fn = func() {} },
		`state.self.u: 0, then 9`:                                                                             func(r rich) { r.self.u = 9 },
		`state.self.yes: false, then true`:                                                                    func(r rich) { r.self.yes = true },
		`state.self.where: nil, then a location`:                                                              func(r rich) { r.self.where = time.UTC },
	} {
		t.Run(says, func(t *testing.T) { wantFailure(t, of(change), "changed the state that it was given", says) })
	}
	wantFailure(t, of(func(r rich) { // too much to say
		for i := range 20 {
			r.by[[2]int{9, i}] = nil
		}
	}), "and 12 more")
}

func TestManyEvents(t *testing.T) {
	var events []Event
	for i := range 40 {
		events = append(events, Enrolled{"go", fmt.Sprint(i)})
	}
	wantFailure(t, func(t testing.TB) {
		gestatest.For(t, Courses).Given(events...).When(func(Course) ([]Event, error) { return events, nil }).ThenNothing()
	}, "#30 course-1@30", "    and 10 more")
}
