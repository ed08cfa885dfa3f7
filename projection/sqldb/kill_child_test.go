package sqldb_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"

	_ "modernc.org/sqlite"
)

// killedProjection is the environment variable that makes this test binary a process which the tests kill and stop: it has its orders, as JSON.
const killedProjection = "GESTA_TEST_KILLED_PROJECTION"

// orders are what such a process does: it follows the store in Dir, beside the test that writes to it, and projects into the SQLite file in Dir.
type orders struct {
	Dir    string
	Holder string        // as in projection.Options: empty for a name of its own
	Lease  time.Duration // likewise
	Mended bool          // it can apply bad events, and begins with a retry of what is parked
}

func TestMain(m *testing.M) {
	if text := os.Getenv(killedProjection); text != "" {
		fmt.Fprintln(os.Stderr, obey(context.Background(), text))
		os.Exit(1) // it should have been killed
	}
	os.Exit(m.Run())
}

// The lines that a process says on its standard output.
const (
	saysWorking = "working" // the first event is in a handler
	saysInside  = "inside"  // a halt is in a handler, which goes on after an answer: a line on the standard input
	saysFenced  = "fenced"  // it has lost its lease
	saysTrouble = "trouble" // it could not begin a transaction, or has another trouble that passes
)

// obey follows until the process is killed.
func obey(ctx context.Context, text string) error {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("read the orders: %w", err)
	}
	s, err := disk.OpenReader(filepath.Join(o.Dir, "store"), disk.Options{PollInterval: 20 * time.Millisecond})
	if err != nil {
		return err
	}
	database, err := openSQLite(o.Dir)
	if err != nil {
		return err
	}
	answers := make(chan struct{}, 64)
	go listen(answers)
	var once sync.Once
	p := accounts(&behavior{
		mended: o.Mended,
		before: func() { once.Do(func() { say(saysWorking) }) },
		halt: func() {
			say(saysInside)
			<-answers
		},
	})
	r, err := newRunner(s, database, p, projection.Options{Holder: o.Holder, Lease: o.Lease})
	if err != nil {
		return err
	}
	go tellOfTrouble(ctx, r)
	if o.Mended {
		go func() {
			if _, err := r.Retry(ctx, poisoned); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}()
	}
	return r.Follow(ctx)
}

// say says a line: one write, which comes whole or not at all.
func say(line string) { _, _ = os.Stdout.WriteString(line + "\n") }

// listen counts the lines of the standard input. With its end the test has ended, and so does the process.
func listen(answers chan<- struct{}) {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		answers <- struct{}{}
	}
	os.Exit(2)
}

// tellOfTrouble says each time why the runner has begun a new session.
func tellOfTrouble(ctx context.Context, r *projection.Runner[*sqldb.Tx]) {
	var last error
	for range time.Tick(2 * time.Millisecond) {
		p, err := r.Progress(ctx)
		if err != nil { // of the moment: it looks again
			continue
		}
		switch {
		case p.Trouble == nil, p.Trouble == last: //nolint:errorlint // each trouble is an error of its own
		case errors.Is(p.Trouble, projection.ErrFenced):
			say(saysFenced)
		default:
			say(saysTrouble)
		}
		last = p.Trouble
	}
}

// openSQLite opens the read model. A process that is killed loses nothing that it has written: there is no need to sync.
func openSQLite(dir string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(dir, "read.db"))+"?_pragma=busy_timeout(500)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
}

// newRunner returns a runner with batches so small that there are many of them, and waits so short that a hundred lives are lived in seconds.
func newRunner(s store.Store, database *sql.DB, p projection.Projection[*sqldb.Tx], o projection.Options) (*projection.Runner[*sqldb.Tx], error) {
	db, err := gesta.New(s, happenings)
	if err != nil {
		return nil, err
	}
	o.BatchEvents, o.BatchTime, o.Quiet, o.Poll, o.BackoffMax = 100, 30*time.Millisecond, 10*time.Millisecond, 5*time.Millisecond, 50*time.Millisecond
	return projection.New(db, p, sqldb.New(database, sqldb.SQLite), o)
}
