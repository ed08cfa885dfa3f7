package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// maxProblems bounds what a report lists.
const maxProblems = 1000

// Check walks the store in dir, beside a writer or without one, and reports what is wrong: every frame, event and payload of the log, and
// every index file against the log. It changes nothing; what the next Open would clear away (a torn end, unfinished or
// covered files, erasures to be finished) is no problem. With c.Repair, and no writer, it then makes the index again if something is wrong with
// it, and marks those problems as repaired.
func Check(ctx context.Context, dir string, o Options, c store.CheckOptions) (store.CheckReport, error) {
	o, err := o.withDefaults()
	if err != nil {
		return store.CheckReport{}, err
	}
	dir = path.Clean(filepath.ToSlash(dir))
	man, err := readManifest(o.FS, dir)
	if errors.Is(err, store.ErrDamaged) {
		k := &checker{}
		k.damaged(err)
		return k.report, nil
	}
	if err != nil {
		return store.CheckReport{}, err
	}
	s := newStore(dir, o, man)
	report, err := s.check(ctx, nil)
	report.StoreID = s.StoreID()
	if err = errors.Join(err, s.free()); err != nil {
		return report, err
	}
	if c.Repair {
		return report, repair(dir, o, &report)
	}
	return report, nil
}

// Check walks the store while it is open, up to the visible head; see [store.Checker]. It does not repair: the function Check does, for a store
// that is not open.
func (s *Store) Check(ctx context.Context, o store.CheckOptions) (store.CheckReport, error) {
	if o.Repair {
		return store.CheckReport{}, fmt.Errorf("repair a store that is open: %w", store.ErrUnsupported)
	}
	if err := s.users.enter(); err != nil {
		return store.CheckReport{}, err
	}
	defer s.users.leave()
	view := newStore(s.dir, s.opts, s.man)
	report, err := view.check(ctx, s)
	report.StoreID = s.StoreID()
	return report, errors.Join(err, view.free())
}

// repair makes the index again when something is wrong with it.
func repair(dir string, o Options, report *store.CheckReport) error {
	broken := false
	for i := range report.Problems {
		p := &report.Problems[i]
		if path.Dir(p.File) == indexDir {
			p.Repaired, broken = true, true
		}
	}
	if !broken {
		return nil
	}
	return RebuildIndex(dir, o)
}

// RebuildIndex removes the index of the store in dir, which must not be open for writing, and makes it again from the log.
func RebuildIndex(dir string, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	dir = path.Clean(filepath.ToSlash(dir))
	if _, err := readManifest(o.FS, dir); err != nil {
		return err
	}
	lock, err := takeLock(dir, o)
	if err != nil {
		return err
	}
	if err := index.RemoveAll(o.FS, path.Join(dir, indexDir)); err != nil {
		return errors.Join(fmt.Errorf("remove index: %w", err), lock.Close())
	}
	o.MustExist = true
	s, err := openLocked(dir, o, lock)
	if err != nil {
		return err
	}
	return s.Close()
}

// checker walks a store and collects problems.
type checker struct {
	s      *Store
	live   *Store // nil for a store that is not open
	ctx    context.Context
	report store.CheckReport

	until    index.Place // where the log ends for this check, 0 for where its good frames end
	rp       *replay     // the walk; its end is how far the check has come
	gap      bool        // something could not be read, so that versions may jump
	versions map[string]uint64
	sources  map[string]uint64
	zeroed   map[store.Position]slotAt         // slots of zeros
	erased   map[store.Position]store.Position // erased by $erasure events
	view     *index.View
	audits   []audit
}

type slotAt struct {
	file   string
	offset int64
	frame  index.Place
}

// check walks the log and compares the index with it.
// Live is the store where it is open: then its visible head is the end.
func (s *Store) check(ctx context.Context, live *Store) (store.CheckReport, error) {
	k := &checker{
		s: s, ctx: ctx, live: live, versions: map[string]uint64{}, sources: map[string]uint64{},
		zeroed: map[store.Position]slotAt{}, erased: map[store.Position]store.Position{},
	}
	if live != nil {
		k.until = live.tip.get().end.Next
	}
	err := k.run()
	return k.report, err
}

func (k *checker) run() error {
	k.report.Files = 1 // gesta.json
	if err := k.heads(); err != nil {
		return err
	}
	if err := k.openIndex(); err != nil { // before the log is measured, which then reaches at least as far
		return err
	}
	defer k.closeIndex()
	numbers, err := k.s.layout()
	if errors.Is(err, store.ErrDamaged) {
		k.damaged(err)
		return nil
	}
	if err != nil {
		return err
	}
	sizes, err := k.measure(numbers)
	if err != nil {
		return err
	}
	k.rp = &replay{s: k.s, numbers: numbers, end: k.s.base(), sizes: sizes}
	if err := k.segments(numbers); err != nil {
		return err
	}
	if err := k.uncovered(); err != nil {
		return err
	}
	return k.finishIndex()
}

// measure says how much of each segment is there when the check begins; what a writer adds meanwhile does not count. The last one
// is measured first: whatever it has then is not younger than what those before it have.
func (k *checker) measure(numbers []uint32) (map[uint32]int64, error) {
	sizes := make(map[uint32]int64, len(numbers))
	for _, n := range slices.Backward(numbers) {
		size, err := k.s.segs.size(n)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", segmentName(n), err)
		}
		sizes[n] = size
	}
	return sizes, nil
}

// segments checks one segment after the other.
func (k *checker) segments(numbers []uint32) error {
	for _, n := range numbers {
		more, err := k.segment(n)
		if err != nil || !more {
			return err
		}
	}
	next := k.rp.end.Next
	if k.until != 0 || k.gap || next.Segment() <= k.rp.lastNumber() {
		return nil
	}
	_, err := k.s.fs.Stat(path.Join(k.s.dir, segmentName(next.Segment())))
	if errors.Is(err, fs.ErrNotExist) {
		k.problem(store.Problem{
			Code: "damaged", File: segmentName(next.Segment()), Position: k.rp.end.Position + 1,
			Message: "the segment is missing, but the one before it is sealed",
		})
		return nil
	}
	return err
}

// heads reads the heads file, if there is one.
func (k *checker) heads() error {
	err := k.s.openHeads()
	if errors.Is(err, store.ErrDamaged) {
		k.damaged(err)
		return nil
	}
	if err != nil {
		return err
	}
	h := k.s.heads.Load()
	if h == nil {
		return nil
	}
	k.report.Files++
	for info, err := range h.Streams("", "") {
		if errors.Is(err, store.ErrDamaged) {
			k.damaged(err)
			return nil
		}
		if err != nil {
			return err
		}
		k.versions[info.Stream] = info.Version
	}
	return nil
}

// damaged adds a problem made of an error that is damage.
func (k *checker) damaged(err error) {
	if d, ok := errors.AsType[*store.DamagedError](err); ok {
		k.problem(store.Problem{Code: "damaged", File: d.File, Offset: d.Offset, Position: d.Position, Message: d.Problem})
	}
}

func (k *checker) problem(p store.Problem) {
	if len(k.report.Problems) < maxProblems {
		k.report.Problems = append(k.report.Problems, p)
	}
}

// uncovered reports payloads of zeros that no $erasure covers, but for those in a torn end.
func (k *checker) uncovered() error {
	for _, p := range slices.Sorted(maps.Keys(k.zeroed)) {
		if k.erased[p] != 0 {
			continue
		}
		if k.live != nil { // the $erasure may lie behind where the check ends
			by, err := k.live.erasedBy(p)
			if err != nil {
				return err
			}
			if by != 0 {
				continue
			}
		}
		at := k.zeroed[p]
		k.rp.end.Next, k.rp.why = at.frame, errUncovered
		err := k.rp.checkBehind()
		if err == nil {
			return nil
		}
		if !errors.Is(err, store.ErrDamaged) {
			return err
		}
		k.problem(store.Problem{Code: "erasure", File: at.file, Offset: at.offset, Position: p, Message: errUncovered.Error()})
	}
	return nil
}

var errUncovered = errors.New("the payload is zeros and no $erasure covers it")
