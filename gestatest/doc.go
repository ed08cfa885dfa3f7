// Package gestatest tests what is written with package gesta: deciders, decisions, views and projections, and that what is stored can still be read. No test needs a store of its own;
// where the real thing has to run, it runs on one in memory.
//
// # Deciders
//
// A test says what was given, what happens then, and what comes of it. [For] takes the decider, and with it the types of states and events:
//
//	func TestEnrol(t *testing.T) {
//		open := gestatest.For(t, Courses, Types).Given(Opened{"go", 1})
//		open.When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"})
//
//		full := open.Given(Enrolled{"go", "ann"})
//		full.When(Enrol("go", "bob")).ThenError(ErrFull)
//		full.When(Enrol("go", "ann")).ThenNothing() // she is in already
//		full.ThenState(Course{Open: true, Seats: 1, Students: []string{"ann"}})
//	}
//
// Each step is a value that never changes, so that many tests go on from one past. Times are part of the past: [DeciderTest.At] sets the clock for what is given after it, and
// now is a parameter of a command. What is given and what is decided is folded twice at each step, and the command is called twice: the test fails when one of these changed what it was given, or
// gave another answer the second time, and says which field it was.
//
// # Decisions and views
//
// [Deciding] tests a [gesta.Decision] by running it with [gesta.Decide], as the application does. The events lie in a store in memory, with the tags of their fields, in the streams that
// [DecisionTest.In] names:
//
//	func TestTakeSeat(t *testing.T) {
//		gestatest.Deciding[Event](t, Types).
//			In("course-go").Given(Opened{"go", 1}).
//			In("course-c").GivenElsewhere(Opened{"c", 1}).
//			When(TakeSeat("go", "ann")).
//			Then(Enrolled{"go", "ann"})
//	}
//
// A decision is as good as what its views look at. So each given event has to be one that some view selects, unless it was given elsewhere: a forgotten tag fails the test. And the views must see
// the same when events at which they do not look lie between. Each event is folded into each view twice, as a decider folds it: a case that changes the state that it was given fails the
// test, wherever in the past that is. [ViewOf] tests one view in the same way.
//
// # Projections
//
// [Projecting] runs a [projection.Projection] with a [projection.Runner], as the application does, into targets that the test opens, and asks them what the given events amount to:
//
//	func TestCarts(t *testing.T) {
//		query := gestatest.Rows(func(tx *sqldb.Tx) string { return `SELECT id, items FROM ` + tx.Table("carts") + ` ORDER BY id` })
//		gestatest.Projecting(t, Carts, openSQLite, query, Types).
//			In("cart-1").Given(ItemAdded{"tea", 2}, ItemAdded{"rice", 1}).
//			In("cart-2").Given(ItemAdded{"tea", 1}).
//			Is([]string{"cart-1 | 3", "cart-2 | 1"})
//	}
//
//	func openSQLite(t testing.TB) projection.Target[*sqldb.Tx] {
//		database, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "read.db")+"?_pragma=synchronous(OFF)")
//		if err != nil {
//			t.Fatal(err)
//		}
//		t.Cleanup(func() { database.Close() })
//		return sqldb.New(database, sqldb.SQLite)
//	}
//
// A read model in memory has [InMemory] and [Model] in these places. Applied twice gives the same, or the test fails: the events are applied again, to new targets, in other batches, and each batch
// is rolled back once and delivered again, as it is when a process ends. What a handler does otherwise than through its transaction shows then, and the test names the event and the row.
//
// # What is stored
//
// Events outlive the program that wrote them. A few tests, of a line each, stand guard over that:
//
//	func TestShapes(t *testing.T) { gestatest.Shapes(t, Types, "testdata/events.golden") }
//	func TestPin(t *testing.T)    { gestatest.Pin(t, gestatest.FoldOf(Courses, Types), "testdata/pin.golden") }
//	func TestPinned(t *testing.T) { gestatest.Pin(t, gestatest.FoldOfNamed(Seats, Types), "testdata/pin.golden") }
//
//	func TestHistory(t *testing.T) { // with a copy of what there is in production
//		s, err := open.Open(t.Context(), os.Getenv("HISTORY"), open.Options{})
//		...
//		gestatest.History(t, Types, s)
//	}
//
// [Shapes] notices that a type has changed and its version has not, [Pin] that a fold has, and [History] finds each stored event that can no longer be read. The golden files of the first two are
// brought up to date by GESTA_UPDATE=1 in the environment; what must not change is not changed by that.
//
// What older programs have stored is given by [DeciderTest.GivenStored] and its like, so that an upcaster is tested with what is made of its events:
//
//	gestatest.For(t, Courses, Types, gesta.Upcast("course.opened", 1, openedV1.now)).
//		GivenStored(store.Event{Type: "course.opened", SchemaVersion: 1, Data: []byte(`{"Name":"go"}`)}).
//		ThenState(Course{Open: true})
//
// # Limits
//
// Functions and channels within states all look alike. Memory behind the length of a slice is not looked at: two states that append to one array are not found. What is not in the
// history of a pin cannot be noticed by it, nor what the query of a projection does not ask for.
package gestatest
