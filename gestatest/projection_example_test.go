package gestatest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// courseRooms begins a test of a projection into memory: how many seats each course has, and how many are taken.
func courseRooms() gestatest.ProjectionTest[rooms, rooms] {
	return gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types).
		Comparing(cmpopts.IgnoreFields(room{}, "Since")).
		In("course-go")
}

func ExampleProjecting() {
	gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types).
		At(morning).
		In("course-go").Given(Opened{"go", 3}, Enrolled{"go", "ann"}).
		In("course-c").Given(Opened{"c", 1}).
		Is(rooms{
			"go": {Open: true, Seats: 3, Used: 1, Since: morning},
			"c":  {Open: true, Seats: 1, Since: morning},
		})
	// Output:
}

// A handler that keeps something in a variable counts what is delivered again.
func ExampleProjecting_deliveredTwice() {
	opened := func() rooms { return rooms{} }
	seen := map[store.Position]int{}
	careless := projection.Projection[rooms]{Name: "careless", Handlers: []projection.Handler[rooms]{
		projection.On(func(_ context.Context, r rooms, e gesta.Event[Opened]) error {
			if len(r) == 0 {
				clear(seen)
			}
			seen[e.Position]++
			r[e.Body.Course] = room{Used: seen[e.Position]}
			return nil
		}),
	}}
	gestatest.Projecting(t, careless, gestatest.InMemory(opened), gestatest.Model, Types).
		In("course").Given(Opened{"go", 3}, Opened{"c", 1}).
		Is(rooms{"go": {Used: 1}, "c": {Used: 1}})
	// Output:
	// applied again to a new target, one by one, delivered twice as the first transaction was rolled back, the given events led to another read model than before, first at #2 course@2 gestatest_test.Opened{Course:"c", Seats:1}:
	//     model["c"].Used: 1, then 2
	// A batch that is rolled back is delivered again, from the same checkpoint: whatever a handler does otherwise than through its tx, in a variable or elsewhere, happens twice.
	// given
	//     #1 course@1 gestatest_test.Opened{Course:"go", Seats:3}
	//     #2 course@2 gestatest_test.Opened{Course:"c", Seats:1}
}

// newFiles returns a function that opens targets in SQLite, each in a new file. A test has t.TempDir and t.Cleanup for what done does.
func newFiles() (open func(testing.TB) projection.Target[*sqldb.Tx], done func()) {
	dir, _ := os.MkdirTemp("", "gesta")
	var opened []*sql.DB
	open = func(testing.TB) projection.Target[*sqldb.Tx] {
		database, _ := sql.Open("sqlite", "file:"+filepath.Join(dir, fmt.Sprintf("%d.db", len(opened)))+"?_pragma=synchronous(OFF)")
		opened = append(opened, database)
		return sqldb.New(database, sqldb.SQLite)
	}
	return open, func() {
		for _, database := range opened {
			database.Close()
		}
		os.RemoveAll(dir)
	}
}

// The same in SQLite: each run is into a new file.
func ExampleProjecting_sqlite() {
	open, done := newFiles()
	defer done()
	query := gestatest.Rows(func(tx *sqldb.Tx) string {
		return `SELECT course, seats, used FROM ` + tx.Table("rooms") + ` ORDER BY course`
	})

	gestatest.Projecting(t, RoomsTable, open, query, Types).
		In("course-go").Given(Opened{"go", 3}, Enrolled{"go", "ann"}).
		In("course-c").Given(Opened{"c", 1}).
		Is([]string{"c | 1 | 0", "go | 3 | 1"})
	// Output:
}

func ExampleInMemory() {
	open := gestatest.InMemory(func() rooms { return rooms{} })

	gestatest.Projecting(t, Rooms, open, gestatest.Model, Types).Is(rooms{})
	// Output:
}

// Model asks for the whole of a model in memory; any other function of it will do as well.
func ExampleModel() {
	seats := func(_ context.Context, r rooms) (int, error) { return r["go"].Seats, nil }

	gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types).Is(rooms{})
	gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), seats, Types).In("course-go").Given(Opened{"go", 3}).Is(3)
	// Output:
}

// A query may be of any tables, also of the view that readers use.
func ExampleRows() {
	open, done := newFiles()
	defer done()
	full := gestatest.Rows(func(*sqldb.Tx) string { return `SELECT course FROM rooms WHERE used = seats ORDER BY course` })

	gestatest.Projecting(t, RoomsTable, open, full, Types).
		In("course-go").Given(Opened{"go", 1}, Enrolled{"go", "ann"}).
		In("course-c").Given(Opened{"c", 1}).
		Is([]string{"go"})
	// Output:
}

func ExampleProjectionTest() {
	opened := courseRooms().Given(Opened{"go", 3})
	opened.Is(rooms{"go": {Open: true, Seats: 3}})
	opened.Given(Enrolled{"go", "ann"}).Is(rooms{"go": {Open: true, Seats: 3, Used: 1}})
	// Output:
}

func ExampleProjectionTest_At() {
	gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types).
		At(morning).In("course-go").Given(Opened{"go", 3}).
		Is(rooms{"go": {Open: true, Seats: 3, Since: morning}})
	// Output:
}

// An event without a stream, and without a key that the projection declares, would stop it for good.
func ExampleProjectionTest_In() {
	courseRooms().In("course-c").Given(Opened{"c", 1}).Is(rooms{"c": {Open: true, Seats: 1}})
	// Output:
}

func ExampleProjectionTest_With() {
	courseRooms().With(gesta.Envelope{Stream: "course-c", EffectiveAt: morning}).Given(Opened{"c", 1}).Is(rooms{"c": {Open: true, Seats: 1}})
	// Output:
}

func ExampleProjectionTest_Comparing() {
	gestatest.Projecting(t, Rooms, gestatest.InMemory(newRooms), gestatest.Model, Types).
		Comparing(cmpopts.IgnoreFields(room{}, "Since")).
		In("course-go").Given(Opened{"go", 3}).
		Is(rooms{"go": {Open: true, Seats: 3}})
	// Output:
}

// A type without a handler is found: was it forgotten?
func ExampleProjectionTest_Given() {
	courseRooms().Given(Opened{"go", 3}, Closed{"go"}).Is(rooms{"go": {Open: true, Seats: 3}})
	// Output:
	// no handler of the projection is for the given #2 course-go@2 gestatest_test.Closed{Course:"go"}, which is stored as type=course.closed.
	// If that is meant, it is given by GivenElsewhere.
	// given
	//     #1 course-go@1 gestatest_test.Opened{Course:"go", Seats:3}
	//     #2 course-go@2 gestatest_test.Closed{Course:"go"}
}

func ExampleProjectionTest_GivenStored() {
	courseRooms().
		GivenStored(store.Event{Type: "course.opened", Data: []byte(`{"Course":"go","Seats":3}`)}).
		Is(rooms{"go": {Open: true, Seats: 3}})
	// Output:
}

func ExampleProjectionTest_GivenElsewhere() {
	courseRooms().Given(Opened{"go", 3}).GivenElsewhere(Closed{"go"}).Is(rooms{"go": {Open: true, Seats: 3}})
	// Output:
}

// Nobody has opened the course: the handler returns an error, and what comes later in the stream waits behind it.
func ExampleProjectionTest_GivenParked() {
	courseRooms().GivenParked(Enrolled{"go", "ann"}, Opened{"go", 3}).Is(rooms{})
	// Output:
}

func ExampleProjectionTest_Is() {
	courseRooms().Is(rooms{})
	// Output:
}

func ExampleProjectionTest_Result() {
	fmt.Println(courseRooms().Given(Opened{"go", 3}, Enrolled{"go", "ann"}).Result()["go"].Used)
	// Output:
	// 1
}
