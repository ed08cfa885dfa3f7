package gestatest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	_ "modernc.org/sqlite"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// room is what the read model has of a course.
type room struct {
	Open        bool
	Seats, Used int
	Since       time.Time
}

// rooms is the read model in memory.
type rooms map[string]room

func (r rooms) Clone() rooms { return maps.Clone(r) }

func newRooms() rooms { return rooms{} }

var errNoCourse = errors.New("there is no such course")

// Rooms projects courses into memory.
var Rooms = projection.Projection[rooms]{
	Name: "rooms", Version: 1,
	Handlers: []projection.Handler[rooms]{
		projection.On(func(_ context.Context, r rooms, e gesta.Event[Opened]) error {
			r[e.Body.Course] = room{Open: true, Seats: e.Body.Seats, Since: e.RecordedAt}
			return nil
		}),
		projection.On(func(_ context.Context, r rooms, e gesta.Event[Enrolled]) error {
			c, ok := r[e.Body.Course]
			if !ok {
				return errNoCourse
			}
			c.Used++
			r[e.Body.Course] = c
			return nil
		}),
	},
}

// RoomsTable projects courses into a table.
var RoomsTable = projection.Projection[*sqldb.Tx]{
	Name: "rooms", Version: 1,
	Setup: func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("rooms")+` (course TEXT PRIMARY KEY, seats INTEGER, used INTEGER NOT NULL)`)
		return err
	},
	Handlers: []projection.Handler[*sqldb.Tx]{
		projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[Opened]) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("rooms")+` VALUES (?, ?, 0)`, e.Body.Course, sql.NullInt64{Int64: int64(e.Body.Seats), Valid: e.Body.Seats > 0})
			return err
		}),
		projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[Enrolled]) error {
			_, err := tx.ExecContext(ctx, `UPDATE `+tx.Table("rooms")+` SET used = used + 1 WHERE course = ?`, e.Body.Course)
			return err
		}),
	},
}

// inSQLite opens targets in new files.
func inSQLite(t testing.TB) projection.Target[*sqldb.Tx] {
	t.Helper()
	database, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "read.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	return sqldb.New(database, sqldb.SQLite)
}

func roomRows(tx *sqldb.Tx) string {
	return `SELECT course, seats, used FROM ` + tx.Table("rooms") + ` ORDER BY course`
}

func TestProjectionInMemory(t *testing.T) {
	at := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	none := gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types)
	none.Is(rooms{})
	open := none.In("course-go").At(at).Given(Opened{"go", 3}).In("course-c").Given(Opened{"c", 1})
	open.Is(rooms{"go": {true, 3, 0, at}, "c": {true, 1, 0, at}})
	open.In("course-go").At(at.Add(time.Hour)).Given(Enrolled{"go", "ann"}, Enrolled{"go", "bob"}).Is(rooms{"go": {true, 3, 2, at}, "c": {true, 1, 0, at}})
	open.GivenElsewhere(Closed{"go"}).Comparing(cmpopts.IgnoreFields(room{}, "Since")).Is(rooms{"go": {Open: true, Seats: 3}, "c": {Open: true, Seats: 1}})
	lost := open.In("course-x").GivenParked(Enrolled{"x", "ann"}, Opened{"x", 1}).With(gesta.Envelope{Stream: "course-y"}).Given(Opened{"y", 1})
	if got := lost.Result(); len(got) != 3 || got["y"].Seats != 1 {
		t.Errorf("%v", got)
	}
}

func TestProjectionInSQLite(t *testing.T) {
	none := gestatest.Projecting(t, RoomsTable, inSQLite, gestatest.Rows(roomRows), Types)
	none.Is(nil)
	none.In("course-go").Given(Opened{"go", 3}, Enrolled{"go", "ann"}).
		In("course-c").Given(Opened{"c", 0}).
		In("course-go").Given(Enrolled{"go", "bob"}).GivenParked(Opened{"go", 4}, Enrolled{"go", "cid"}).
		Is([]string{"c | NULL | 0", "go | 3 | 2"})
	stored := gestatest.Projecting(t, RoomsTable, inSQLite, gestatest.Rows(roomRows), oldCourses...)
	stored.In("course-go").GivenStored(store.Event{Type: "course.filled", Data: []byte(`{"Name":"go","Student":"ann"}`)}).Is([]string{"go | 1 | 1"})
}

// TestProjectionSetup makes sure that Setup is rolled back and done again, too.
func TestProjectionSetup(t *testing.T) {
	setups := 0
	p := Rooms
	p.Setup = func(_ context.Context, r rooms) error {
		setups++
		r["hall"] = room{Seats: 100}
		return nil
	}
	gestatest.Projecting(t, p, gestatest.InMemory(newRooms), gestatest.Model, Types).Is(rooms{"hall": {Seats: 100}})
	if setups != 4 { // once, once more, and a third time that is rolled back before the fourth
		t.Errorf("Setup ran %d times", setups)
	}
}

// TestProjectionBegins with the first event, though the projection would begin now.
func TestProjectionBegins(t *testing.T) {
	p := Rooms
	p.Start = projection.FromNow()
	got := gestatest.Projecting(t, p, gestatest.InMemory(newRooms), gestatest.Model, Types).In("course-go").Given(Opened{"go", 3}).Result()
	if got["go"].Seats != 3 {
		t.Errorf("%v", got)
	}
}

// TestRows is about what columns may have.
func TestRows(t *testing.T) {
	at := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	query := gestatest.Rows(func(*sqldb.Tx) string {
		return `SELECT NULL, 'text', x'c3a9', x'ff00', 1.5, 7 UNION ALL SELECT 1, 2, 3, 4, 5, 6`
	})
	got := gestatest.Projecting(t, RoomsTable, inSQLite, query, Types).At(at).Result()
	if len(got) != 2 || got[0] != "NULL | text | é | ff00 | 1.5 | 7" || got[1] != "1 | 2 | 3 | 4 | 5 | 6" {
		t.Errorf("%q", got)
	}
}

// deep is a read model whose Clone forgets something.
type deep struct{ Used map[string]int }

func (d *deep) Clone() *deep { c := *d; return &c }

// counts projects enrolments by a function of its test, which gets the students by course.
func counts(f func(r rooms, e gesta.Event[Enrolled]) error) projection.Projection[rooms] {
	return projection.Projection[rooms]{Name: "rooms", Handlers: []projection.Handler[rooms]{
		projection.On(func(_ context.Context, r rooms, e gesta.Event[Enrolled]) error { return f(r, e) }),
	}}
}

// TestProjectionFailures makes all mistakes that a test of a projection finds.
func TestProjectionFailures(t *testing.T) {
	three := []any{Enrolled{"go", "ann"}, Enrolled{"c", "bob"}, Enrolled{"go", "cid"}}
	of := func(t testing.TB, f func(r rooms, e gesta.Event[Enrolled]) error) gestatest.ProjectionTest[rooms, rooms] {
		t.Helper()
		return gestatest.Projecting(t, counts(f), gestatest.InMemory(newRooms), gestatest.Model, Types).In("course-1").Given(three...)
	}
	given := func(t testing.TB) gestatest.ProjectionTest[rooms, rooms] {
		t.Helper()
		return gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types).In("course-go").Given(Opened{"go", 3})
	}
	for _, tt := range []struct {
		name string
		user func(t testing.TB)
		says []string
	}{
		{
			"another model", func(t testing.TB) { given(t).Is(rooms{"go": {Open: true, Seats: 4}}) },
			[]string{"the read model is another one (-want +got)", "Seats: 4", "Seats: 3", `#1 course-go@1 gestatest_test.Opened{Course:"go", Seats:3}`},
		},
		{
			"no handler", func(t testing.TB) { given(t).Given(Closed{"go"}).Result() },
			[]string{`no handler of the projection is for the given #2 course-go@2 gestatest_test.Closed{Course:"go"}, which is stored as type=course.closed`, "GivenElsewhere"},
		},
		{
			"a handler elsewhere", func(t testing.TB) { given(t).GivenElsewhere(Enrolled{"go", "ann"}).Result() },
			[]string{"the projection looks at #2 course-go@2", "given elsewhere", "by Given"},
		},
		{"parked", func(t testing.TB) {
			given(t).In("course-c").Given(Enrolled{"c", "ann"}, Opened{"c", 1}).Result()
		}, []string{
			"the projection parks what it was to apply", `#2 course-c@1 gestatest_test.Enrolled{Course:"c", Student:"ann"}: there is no such course`,
			"#3 course-c@2", "an earlier event of its key is parked", "GivenParked",
		}},
		{"not parked", func(t testing.TB) {
			given(t).GivenParked(Enrolled{"go", "ann"}).Result()
		}, []string{"the projection takes #2 course-go@2", "which it was to park"}},
		{"without a key", func(t testing.TB) {
			given(t).In("").Given(Enrolled{"go", "ann"}).Result()
		}, []string{"the projection stops at #2 gestatest_test.Enrolled", "has no stream", "declare a Key", "given\n"}},
		{"a clock", func(t testing.TB) {
			n := 0
			of(t, func(r rooms, e gesta.Event[Enrolled]) error {
				if n++; e.Body.Course == "c" {
					r["c"] = room{Used: n}
				}
				return nil
			}).Result()
		}, []string{
			"applied again to a new target, all in one batch, the given events led to another read model than before, first at #2 course-1@2",
			`model["c"].Used: 2, then `, "no clock", "RecordedAt", "given\n    #1",
		}},
		{"batches", func(t testing.TB) {
			var last string
			of(t, func(r rooms, e gesta.Event[Enrolled]) error {
				if now := fmt.Sprintf("%p", r); now != last { // a new clone: a batch begins
					r["batches"] = room{Used: r["batches"].Used + 1}
					last = now
				}
				return nil
			}).Result()
		}, []string{"all in one batch", "first at #2 course-1@2", `model["batches"].Used: 2, then 1`, "where one batch ends"}},
		{"a variable", func(t testing.TB) {
			seen := map[time.Time]map[string]int{} // it begins anew with each run, but for what is delivered again
			of(t, func(r rooms, e gesta.Event[Enrolled]) error {
				if len(r) == 0 && e.Position == 1 && seen[e.RecordedAt]["go"] != 1 {
					seen[e.RecordedAt] = map[string]int{}
				}
				seen[e.RecordedAt][e.Body.Course]++
				r[e.Body.Course] = room{Used: seen[e.RecordedAt][e.Body.Course]}
				return nil
			}).Result()
		}, []string{"one by one, delivered twice as the first transaction was rolled back", "first at #1 course-1@1", `model["go"].Used: 1, then 2`, "otherwise than through its tx"}},
		{"once and not again", func(t testing.TB) {
			n := 0
			of(t, func(r rooms, e gesta.Event[Enrolled]) error {
				if n++; n == 5 {
					r["x"] = room{}
				}
				return nil
			}).Result()
		}, []string{"all in one batch, the given events led to another read model than before once, and not the next time", "no clock"}},
		{"parked when it comes again", func(t testing.TB) {
			n := 0
			of(t, func(_ rooms, e gesta.Event[Enrolled]) error {
				if n++; n > 7 { // three one by one, three in one batch, and the first of one by one again
					return errNoCourse
				}
				return nil
			}).Result()
		}, []string{"one by one, delivered twice", "first at #1 course-1@1", `parked[0]: not there, then "#1, key \"course-1\""`}},
		{"a clone that is none", func(t testing.TB) {
			p := projection.Projection[*deep]{Name: "deep", Handlers: []projection.Handler[*deep]{
				projection.On(func(_ context.Context, d *deep, e gesta.Event[Enrolled]) error {
					d.Used[e.Body.Course]++
					return nil
				}),
			}}
			gestatest.Projecting(t, p, gestatest.InMemory(func() *deep { return &deep{map[string]int{}} }), gestatest.Model, Types).In("course-1").Given(three...).
				Is(&deep{map[string]int{"go": 2, "c": 1}})
		}, []string{"what the handlers did is still there after their transaction was rolled back, at #1 course-1@1", ":\n    model.Used[\"go\"]: not there, then 1", "Clone copies all"}},
		{"a target that is not new", func(t testing.TB) {
			one := projection.NewMemory(rooms{}, nil)
			gestatest.Projecting(t, Rooms, func(testing.TB) projection.Target[rooms] { return one }, gestatest.Model, Types).Result()
		}, []string{"the target that was opened knows the projection rooms/1 already", "a new one each time"}},
		{"a query that fails", func(t testing.TB) {
			gestatest.Projecting(t, RoomsTable, func(testing.TB) projection.Target[*sqldb.Tx] { return inSQLite(theTest) },
				gestatest.Rows(func(*sqldb.Tx) string { return "SELECT course FROM nowhere" }), Types).Result()
		}, []string{"the query fails, before any event", "nowhere"}},
		{"a setup that fails", func(t testing.TB) {
			p := Rooms
			p.Setup = func(context.Context, rooms) error { return errNoCourse }
			gestatest.Projecting(t, p, gestatest.InMemory(newRooms), gestatest.Model, Types).Result()
		}, []string{"the projection stops before any event", "set up: there is no such course"}},
		{"no handlers", func(t testing.TB) {
			gestatest.Projecting(t, projection.Projection[rooms]{Name: "none"}, gestatest.InMemory(newRooms), gestatest.Model, Types)
		}, []string{"the projection is refused", "it has no Handlers"}},
		{"a panic", func(t testing.TB) {
			of(t, func(rooms, gesta.Event[Enrolled]) error { panic("no room") }).Result()
		}, []string{"parks what it was to apply", "handler panicked: no room", "projecting_test.go"}},
		{"a time that goes back", func(t testing.TB) {
			given(t).At(time.Date(1999, time.May, 1, 0, 0, 0, 0, time.UTC))
		}, []string{"recorded times never go back"}},
		{"another model at other times", func(t testing.TB) {
			given(t).At(morning).With(gesta.Envelope{EffectiveAt: evening}).Given(Enrolled{"go", "ann"}).Is(nil)
		}, []string{`Student:"ann"} recorded 2026-05-01T09:00:00Z effective 2026-05-01T18:00:00Z`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			theTest = t
			wantFailure(t, tt.user, tt.says...)
		})
	}
}

// theTest is the test that is running: it has directories, and the one that fails in its place has not.
var theTest *testing.T

// TestProjectionBesidesTx finds what a handler does in a database otherwise than through its transaction.
func TestProjectionBesidesTx(t *testing.T) {
	var elsewhere *sql.DB
	p := RoomsTable
	p.Handlers = []projection.Handler[*sqldb.Tx]{
		projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[Opened]) error {
			if _, err := elsewhere.ExecContext(ctx, `INSERT INTO log VALUES (?)`, e.Body.Course); err != nil {
				return err
			}
			var n int
			if err := elsewhere.QueryRowContext(ctx, `SELECT COUNT(*) FROM log`).Scan(&n); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("rooms")+` VALUES (?, ?, 0)`, e.Body.Course, n)
			return err
		}),
	}
	wantFailure(t, func(tb testing.TB) {
		open := func(testing.TB) projection.Target[*sqldb.Tx] {
			var err error
			if elsewhere, err = sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "log.db")); err == nil {
				_, err = elsewhere.ExecContext(t.Context(), `CREATE TABLE log (course TEXT)`)
			}
			if err != nil {
				t.Error(err)
			}
			opened := elsewhere
			t.Cleanup(func() { _ = opened.Close() })
			return inSQLite(t)
		}
		gestatest.Projecting(tb, p, open, gestatest.Rows(roomRows), Types).In("course-go").Given(Opened{"go", 1}).In("course-c").Given(Opened{"c", 1}).Result()
	}, "one by one, delivered twice", "first at #1 course-go@1", `model[0]: "go | 1 | 0", then "go | 2 | 0"`)
}
