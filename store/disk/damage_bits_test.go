package disk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// both runs a test on a store that is whole and on one that was truncated.
func both(t *testing.T, test func(t *testing.T, c *closed)) {
	t.Helper()
	t.Run("whole", func(t *testing.T) { test(t, closedStore(t, false)) })
	t.Run("truncated", func(t *testing.T) { test(t, closedStore(t, true)) })
}

// TestDamageNone makes sure that the answers to a store without damage are right.
func TestDamageNone(t *testing.T) {
	both(t, func(t *testing.T, c *closed) {
		img, o := c.image()
		report, err := c.check(img, o)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("check: %+v, %v", report, err)
		}
		s, err := disk.Open(dir, o)
		must(t, err)
		must(t, errors.Join(c.answers(s)...))
		must(t, s.Close())
	})
}

// TestDamageOfSegments flips bits of the log: each is found, at its place; opening says so, or the answers are right.
func TestDamageOfSegments(t *testing.T) {
	both(t, func(t *testing.T, c *closed) {
		rnd := rand.New(rand.NewPCG(1, 16))
		names := c.named("log/*.seg")
		for i, name := range names {
			b, err := c.disk.ReadFile(name)
			must(t, err)
			number, err := strconv.ParseUint(path.Base(name)[:8], 10, 32)
			must(t, err)
			frames := framesOf(t, b, uint32(number))
			covered := len(b) // the frame with which the log ends vouches for those before it, and for itself nobody does
			if i == len(names)-1 {
				covered -= segment.FrameHeaderSize
			}
			for _, bit := range bits(len(b), oneIn(t, 160), rnd) {
				c.flipSegment(name, bit, frames, int(bit/8) < covered)
			}
		}
	})
}

func (c *closed) flipSegment(name string, bit int64, frames []segment.Frame, covered bool) {
	c.t.Helper()
	img, o := c.image()
	must(c.t, img.Flip(name, bit))
	report, err := c.check(img, o)
	if err != nil {
		c.t.Fatalf("bit %d of %s: check: %v", bit, name, err)
	}
	if found := slices.ContainsFunc(report.Problems, func(p store.Problem) bool {
		return p.File == relative(name) && near(p, bit, frames)
	}); found != covered || !covered && len(report.Problems) > 0 {
		c.t.Errorf("bit %d (byte %d) of %s: check finds %+v", bit, bit/8, name, report.Problems)
	}
	if err := c.read(o); err != nil && (!covered || !errors.Is(err, store.ErrDamaged)) {
		c.t.Errorf("bit %d (byte %d) of %s: open: %v", bit, bit/8, name, err)
	}
	if c.t.Failed() {
		c.t.Fatalf("bit %d (byte %d) of %s", bit, bit/8, name)
	}
}

// near says whether a problem points to the frame, or to the header of the segment, that a bit is in.
func near(p store.Problem, bit int64, frames []segment.Frame) bool {
	for i := len(frames) - 1; i >= 0; i-- {
		f := &frames[i]
		if at := int64(f.At.Offset()); at <= bit/8 {
			first, last := f.First, f.Last()
			if f.Events == 0 {
				last++
			}
			return p.Offset >= at && p.Offset <= bit/8 && p.Position >= first && p.Position <= last
		}
	}
	return p.Offset == 0
}

// TestDamageOfIndexFiles flips bits of index files: each is found, no answer is wrong, and the log heals it.
func TestDamageOfIndexFiles(t *testing.T) {
	both(t, func(t *testing.T, c *closed) {
		rnd := rand.New(rand.NewPCG(1, 17))
		for _, name := range c.named("index/*") {
			b, err := c.disk.ReadFile(name)
			must(t, err)
			first, err := strconv.ParseUint(path.Base(name)[:16], 16, 64)
			must(t, err)
			for _, bit := range bits(len(b), oneIn(t, 240), rnd) {
				c.flipIndex(name, bit, store.Position(first))
				if t.Failed() {
					t.Fatalf("bit %d (byte %d) of %s", bit, bit/8, name)
				}
			}
		}
	})
}

func (c *closed) flipIndex(name string, bit int64, first store.Position) {
	c.t.Helper()
	img, o := c.image()
	must(c.t, img.Flip(name, bit))
	report, err := c.check(img, o)
	if err != nil {
		c.t.Fatalf("check: %v", err)
	}
	if len(report.Problems) == 0 {
		c.t.Errorf("check finds nothing")
	}
	for _, p := range report.Problems {
		if p.File != relative(name) || p.Position != first || p.Offset < 0 || p.Offset > bit/8 {
			c.t.Errorf("check finds %+v", p)
		}
	}
	if err := c.read(o); err != nil {
		c.t.Errorf("open: %v", err)
	}
	img, o = c.image()
	must(c.t, img.Flip(name, bit))
	if bit%2 == 0 {
		must(c.t, disk.RebuildIndex(dir, o))
	} else {
		report, err := disk.Check(context.Background(), dir, o, store.CheckOptions{Repair: true})
		if err != nil || !report.OK() || len(report.Problems) == 0 {
			c.t.Errorf("repair: %+v, %v", report, err)
		}
	}
	if report, err := c.check(img, o); err != nil || len(report.Problems) > 0 {
		c.t.Errorf("check of the healed store: %+v, %v", report, err)
	}
	s, err := disk.Open(dir, o)
	must(c.t, err)
	if err := errors.Join(c.answers(s)...); err != nil {
		c.t.Errorf("the healed store: %v", err)
	}
	must(c.t, s.Close())
}

// TestDamageOfOtherFiles flips bits of the files beside log and index.
func TestDamageOfOtherFiles(t *testing.T) {
	both(t, func(t *testing.T, c *closed) {
		rnd := rand.New(rand.NewPCG(1, 18))
		names := slices.Concat(c.named("gesta.json"), c.named("log/head"))
		if c.p.first > 1 {
			names = append(names, c.named("heads")...)
		}
		for _, name := range names {
			b, err := c.disk.ReadFile(name)
			must(t, err)
			for _, bit := range bits(len(b), oneIn(t, 16), rnd) {
				if err := c.flipOther(name, bit); err != nil {
					t.Fatalf("bit %d (byte %d) of %s, %q: %v", bit, bit/8, name, b[bit/8], err)
				}
			}
		}
	})
}

func (c *closed) flipOther(name string, bit int64) error {
	img, o := c.image()
	must(c.t, img.Flip(name, bit))
	report, checkErr := c.check(img, o)
	found := checkErr != nil || len(report.Problems) > 0
	if path.Base(name) == "heads" && (checkErr != nil || !slices.ContainsFunc(report.Problems, func(p store.Problem) bool { return p.File == "heads" })) {
		return fmt.Errorf("check finds %+v, %w", report.Problems, checkErr)
	}
	if err := c.read(o); err != nil && !found {
		return fmt.Errorf("open says %w, check finds nothing", err)
	}
	if c.t.Failed() {
		return errors.New("wrong answers")
	}
	return nil
}
