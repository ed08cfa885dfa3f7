package disk

import (
	"slices"
	"sync"

	"github.com/gestadb/gesta/store/disk/internal/index"
)

// view is the whole index at one moment: files for the older part of the log, tables for the rest. It is immutable but
// for its count of users, which views guards.
type view struct {
	files  *sharedFiles
	tables []*index.Table // oldest first; the last one is being added to
	uses   int
}

// sharedFiles are the files of the views that differ in tables alone.
type sharedFiles struct {
	*index.View
	uses int // guarded by views.mu
}

// sources returns all parts, oldest first.
func (v *view) sources() []index.Source {
	files := v.files.Files()
	out := make([]index.Source, 0, len(files)+len(v.tables))
	for _, f := range files {
		out = append(out, f)
	}
	for _, t := range v.tables {
		out = append(out, t)
	}
	return out
}

// views hands out the current view and frees those that nobody uses any more.
type views struct {
	mu  sync.Mutex
	cur *view // guarded by mu
}

// acquire returns the current view; give it back with release.
func (vs *views) acquire() *view {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.cur.uses++
	return vs.cur
}

func (vs *views) release(v *view) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.drop(v)
}

func (vs *views) drop(v *view) {
	if v.uses--; v.uses > 0 {
		return
	}
	if v.files.uses--; v.files.uses == 0 {
		v.files.Release()
	}
}

// change makes a new view the current one: with the files that set has now, unless set is nil, and with the tables that next
// makes of the current ones. The files are taken with mu held, so that no view has older ones than the view before. Order: mu, then
// the lock of the set.
func (vs *views) change(set *index.Set, next func(tables []*index.Table) []*index.Table) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	v := &view{uses: 1}
	if set != nil {
		v.files = &sharedFiles{View: set.View()}
	}
	old := vs.cur
	if old == nil {
		v.tables = next(nil)
	} else {
		v.tables = next(slices.Clone(old.tables))
		if set == nil {
			v.files = old.files
		}
	}
	v.files.uses++
	vs.cur = v
	if old != nil {
		vs.drop(old)
	}
}

// tables returns the current tables, oldest first.
func (vs *views) tables() []*index.Table {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	return vs.cur.tables
}

// close frees the current view.
func (vs *views) close() {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.drop(vs.cur)
}
