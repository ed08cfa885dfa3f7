package gesta

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
)

// kept is what a DB knows of keeping states.
type kept struct {
	keepers []keeping
	share   float64  // of loads to verify
	folds   sync.Map // *foldKept by foldKey
	counts  keptCounts
	hidden  atomic.Int64 // until when, in nanoseconds of Unix time, it is not asked again what was erased, as that could not be seen
}

type keptCounts struct{ hits, misses, puts, verified, wrong, unusable, failed atomic.Uint64 }

// KeptStats count what came of keeping states since the DB was made.
type KeptStats struct {
	Hits     uint64 // loads that began from a kept state
	Misses   uint64 // loads that found none
	Puts     uint64 // states that were kept
	Verified uint64 // kept states that were compared with a fresh fold
	Wrong    uint64 // of these, those that differed
	Unusable uint64 // kept states that were damaged, or of another history
	Failed   uint64 // calls of keepers that returned an error, and without which the work went on
}

// Kept returns what has come of keeping states so far.
func (db *DB) Kept() KeptStats {
	c := &db.kept.counts
	return KeptStats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Puts: c.puts.Load(), Verified: c.verified.Load(),
		Wrong: c.wrong.Load(), Unusable: c.unusable.Load(), Failed: c.failed.Load(),
	}
}

// Forget drops the states that keepers have of a subject, which is the name of a stream or the text of the [Scope] of a view: after its events were erased, or to measure. A
// load that began before that keeps what it came to when it ends: to be sure that nothing of it is left, forget once those are done.
func (db *DB) Forget(ctx context.Context, subject string) error {
	var errs []error
	for i := range db.kept.keepers {
		errs = append(errs, db.kept.keepers[i].keeper.Forget(ctx, subject))
	}
	return errors.Join(errs...)
}

// foldKey names a fold of a program.
type foldKey struct {
	name    string // of a category, or of a view
	version uint32
	state   reflect.Type
	union   reflect.Type // of the events of a decider; nil for a view
	cases   string       // the types of a view's events
}

// foldKept is how the states of one fold are kept.
type foldKept struct {
	name    string     // what keepers know it by
	keepers []*keeping // that are for it
	err     error      // what is wrong with its state
}

// foldOf returns how the states of a decider are kept, nil when they are not.
func foldOf[S, E any](db *DB, d *Decider[S, E]) (*foldKept, error) {
	if len(db.kept.keepers) == 0 {
		return nil, nil
	}
	union := reflect.TypeFor[E]()
	key := foldKey{name: cmp.Or(d.Name, d.Category), version: d.Version, state: reflect.TypeFor[S](), union: union}
	return db.fold(key, func(t reflect.Type) bool {
		return t == union || union.Kind() == reflect.Interface && t.Implements(union)
	})
}

// fold returns how the states of a fold are kept that reads events of some types, nil when they are not.
func (db *DB) fold(key foldKey, reads func(reflect.Type) bool) (*foldKept, error) {
	known, ok := db.kept.folds.Load(key)
	if !ok {
		known, _ = db.kept.folds.LoadOrStore(key, db.newFold(key, reads))
	}
	f := known.(*foldKept) //nolint:errcheck // nothing else is stored
	if len(f.keepers) == 0 {
		return nil, nil
	}
	return f, f.err
}

func (db *DB) newFold(key foldKey, reads func(reflect.Type) bool) *foldKept {
	f := &foldKept{}
	for i := range db.kept.keepers {
		if k := &db.kept.keepers[i]; len(k.names) == 0 || k.names[key.name] {
			f.keepers = append(f.keepers, k)
		}
	}
	if err := checkState(key.state); err != nil {
		f.err = fmt.Errorf("%w: keep the state of %q: %w", store.ErrInvalid, key.name, err)
	}
	id := "" // of a store that has none
	if s, ok := store.As[store.Identity](db.store); ok {
		id = s.StoreID()
	}
	sum := sha256.Sum256([]byte(id + "\n" + db.fingerprint(key, reads)))
	f.name = hex.EncodeToString(sum[:16])
	return f
}

// fingerprint is the same text for folds that make the same of the same events, as far as can be seen.
func (db *DB) fingerprint(key foldKey, reads func(reflect.Type) bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %d\n%v\n", key.name, key.version, fieldsOf(key.state))
	for _, s := range db.Shapes() {
		if t := s.goType; reads(t) {
			fmt.Fprintf(&text, "%s %d %v\n", s.Type, s.Version, s.Fields)
			for _, name := range db.catalog.storedAs(db.catalog.kinds[t]) {
				fmt.Fprintf(&text, "  from %s, up to version %d\n", name, db.catalog.newest[name])
			}
		}
	}
	return text.String()
}
