package disk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// TestDamageOfWholeFiles takes files away, exchanges them, or brings in those of another store.
func TestDamageOfWholeFiles(t *testing.T) {
	c, other := closedStore(t, false), closedStore(t, false)
	last := uint32(len(c.named("log/*.seg")))
	remove := func(n uint32) func(map[string][]byte) {
		return func(files map[string][]byte) { delete(files, segmentPath(n)) }
	}
	for _, tt := range []struct {
		name, file string
		damage     func(files map[string][]byte)
	}{
		{"first segment missing", "log/00000001.seg", remove(1)},
		{"second segment missing", "log/00000002.seg", remove(2)},
		{"last segment missing", relative(segmentPath(last)), remove(last)},
		{"segments exchanged", "log/00000001.seg", func(files map[string][]byte) {
			files[segmentPath(1)], files[segmentPath(2)] = files[segmentPath(2)], files[segmentPath(1)]
		}},
		{"last segment of another store", relative(segmentPath(last)), func(files map[string][]byte) {
			files[segmentPath(last)] = filesOf(other.disk)[segmentPath(last)]
		}},
		{"manifest missing", "gesta.json", func(files map[string][]byte) { delete(files, dir+"/gesta.json") }},
		{"manifest empty", "gesta.json", func(files map[string][]byte) { files[dir+"/gesta.json"] = nil }},
		{"manifest of another store", "log/00000001.seg", func(files map[string][]byte) {
			files[dir+"/gesta.json"] = filesOf(other.disk)[dir+"/gesta.json"]
		}},
		{"a segment with an odd name", "log/2.seg", func(files map[string][]byte) { files[dir+"/log/2.seg"] = files[segmentPath(2)] }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := filesOf(c.disk)
			tt.damage(files)
			maps.DeleteFunc(files, func(name string, _ []byte) bool { return strings.Contains(name, "/index/") }) // else the sealed segments are not looked at
			img := copyOf(t, files)
			o := c.o
			o.FS = img
			report, err := c.check(img, o)
			if err == nil && len(report.Problems) == 0 {
				t.Error("check finds nothing")
			}
			_, err = disk.Open(dir, o)
			if d, ok := errors.AsType[*store.DamagedError](err); !ok || d.File != tt.file {
				t.Errorf("open: %v, want damage of %s", err, tt.file)
			}
			if d := unchanged(files, filesOf(img)); d != nil && strings.HasSuffix(d.Error(), ".seg has changed") {
				t.Errorf("open: %v", d)
			}
		})
	}
}

// TestDamageOfWholeIndexFiles takes index files away, cuts them, or brings in those of another store: the log makes up for all of it.
func TestDamageOfWholeIndexFiles(t *testing.T) {
	c, other := closedStore(t, false), closedStore(t, false)
	names := c.named("index/*")
	foreign := other.named("index/*")
	for _, name := range names {
		for how, damage := range map[string]func(b []byte) []byte{
			"missing": func([]byte) []byte { return nil },
			"empty":   func([]byte) []byte { return []byte{} },
			"cut":     func(b []byte) []byte { return b[:len(b)/2] },
			"longer":  func(b []byte) []byte { return append(bytes.Clone(b), 0) },
			"foreign": func(b []byte) []byte { return filesOf(other.disk)[foreign[slices.Index(names, name)%len(foreign)]] },
			"another": func([]byte) []byte { return filesOf(c.disk)[names[(slices.Index(names, name)+1)%len(names)]] },
		} {
			files := filesOf(c.disk)
			if b := damage(files[name]); b == nil {
				delete(files, name)
			} else {
				files[name] = b
			}
			img := copyOf(t, files)
			o := c.o
			o.FS = img
			report, err := c.check(img, o)
			if err != nil || len(report.Problems) == 0 && how != "missing" {
				t.Errorf("%s %s: check finds %+v, %v", relative(name), how, report.Problems, err)
			}
			s, err := disk.Open(dir, o)
			must(t, err)
			if err := errors.Join(c.answers(s)...); err != nil {
				t.Errorf("%s %s: %v", relative(name), how, err)
			}
			must(t, s.Close())
			if report, err := c.check(img, o); err != nil || len(report.Problems) > 0 {
				t.Errorf("%s %s: check after open finds %+v, %v", relative(name), how, report.Problems, err)
			}
		}
	}
}

// TestDamageIsNotANewerFormat opens files that a later version of gesta may write: the error says so, and nothing is touched.
func TestDamageIsNotANewerFormat(t *testing.T) {
	c := closedStore(t, true)
	last := segmentPath(uint32(len(c.named("log/*.seg"))) + c.firstSegment() - 1)
	version := func(b []byte, headerLen int) {
		b[8]++
		binary.LittleEndian.PutUint32(b[headerLen-4:], crc32.Checksum(b[:headerLen-4], crc32.MakeTable(crc32.Castagnoli)))
	}
	for name, newer := range map[string]func(b []byte) []byte{
		dir + "/gesta.json": func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":2,"more":1`), 1) },
		last:                func(b []byte) []byte { version(b, segment.HeaderSize); return b },
	} {
		img, o := c.image()
		b, err := img.ReadFile(name)
		must(t, err)
		must(t, img.WriteFile(name, newer(b)))
		before := filesOf(img)
		delete(before, dir+"/log/head") // is removed before anything is recovered
		_, checkErr := disk.Check(t.Context(), dir, o, store.CheckOptions{})
		_, openErr := disk.Open(dir, o)
		for what, err := range map[string]error{"open": openErr, "check": checkErr} {
			if err == nil || errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "newer gesta") {
				t.Errorf("%s of a newer format: %s: %v", relative(name), what, err)
			}
		}
		if err := unchanged(before, filesOf(img)); err != nil && !strings.HasPrefix(err.Error(), "there are") {
			t.Errorf("%s of a newer format: %v", relative(name), err)
		}
	}
	img, o := c.image()
	must(t, img.WriteFile(dir+"/gesta.json", []byte(strings.Replace(string(filesOf(img)[dir+"/gesta.json"]), `{`, `{"option":true,`, 1))))
	if _, err := disk.Open(dir, o); err == nil || !strings.Contains(err.Error(), "option") {
		t.Errorf("a member of gesta.json that is not known: %v", err)
	}
}

func (c *closed) firstSegment() uint32 {
	var n uint32
	if _, err := fmt.Sscanf(c.named("log/*.seg")[0], dir+"/log/%d.seg", &n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// TestDamageBeforeTheLastGroup flips bits in the log of a process that was killed: what later groups vouch for is damage, and what nothing
// vouches for is the end.
func TestDamageBeforeTheLastGroup(t *testing.T) {
	w := newWorld(t, 1, disk.Options{})
	must(t, w.open())
	must(t, w.send(w.small()))
	for range 6 {
		must(t, w.send(w.small(), store.Commit{Tracking: w.track()}))
	}
	c := &closed{t: t, w: w, disk: w.disk.CrashBest(), o: w.afterCrash(), p: w.promised()}
	must(t, w.close())
	name := segmentPath(1)
	b, err := c.disk.ReadFile(name)
	must(t, err)
	frames := framesOf(t, b, 1)
	durable := int(frames[len(frames)-1].Durable.Offset())
	rnd := rand.New(rand.NewPCG(1, 19))
	for _, bit := range bits(len(b), oneIn(t, 24), rnd) {
		img, o := c.image()
		must(t, img.Flip(name, bit))
		report, err := c.check(img, o)
		must(t, err)
		damaged := int(bit/8) < durable
		if found := slices.ContainsFunc(report.Problems, func(p store.Problem) bool { return near(p, bit, frames) }); found != damaged {
			t.Fatalf("byte %d of %d: check finds %+v", bit/8, len(b), report.Problems)
		}
		s, err := disk.Open(dir, o)
		if d, ok := errors.AsType[*store.DamagedError](err); ok != damaged || ok && !near(store.Problem{Offset: d.Offset, Position: d.Position}, bit, frames) {
			t.Fatalf("byte %d of %d, where %d are vouched for: open: %v", bit/8, len(b), durable, err)
		}
		if err == nil {
			p := c.p
			p.kept = commitsIn(frames, int(bit/8))
			p.commits = p.commits[:p.kept]
			if _, _, err := p.content(s); err != nil {
				t.Fatalf("byte %d of %d: %v", bit/8, len(b), err)
			}
			must(t, s.Close())
		}
	}
}

// TestDamageIsNotAFrameInAPayload has payloads made of a copy of the log itself, at every alignment. When the frame around them is torn,
// nothing in it is taken for a frame.
func TestDamageIsNotAFrameInAPayload(t *testing.T) {
	for shift := range segment.Align {
		w := newWorld(t, 1, disk.Options{SegmentBytes: 1 << 16})
		must(t, w.open())
		must(t, w.send(w.small(), w.small()))
		must(t, w.send(w.small()))
		log, err := w.disk.ReadFile(segmentPath(1))
		must(t, err)
		c := w.small()
		c.Events[0].Data = slices.Concat(c.Events[0].Data, bytes.Repeat([]byte("x"), shift), log, log)
		p := w.promised()
		must(t, w.send(c))
		whole := w.promised()
		img := w.disk.CrashBest()
		if _, err := whole.verify(img.CrashBest(), w.afterCrash(), w.rnd); err != nil {
			t.Errorf("shift %d: %v", shift, err)
		}
		for at := range segment.FrameHeaderSize {
			torn := img.CrashBest()
			must(t, torn.Flip(segmentPath(1), int64(len(log)+at)*8))
			if _, err := p.verify(torn, w.afterCrash(), w.rnd); err != nil {
				t.Errorf("shift %d, byte %d of the header: %v", shift, at, err)
			}
		}
		must(t, w.close())
	}
}

// TestDamageWhileOpen flips a payload under an open store: the read of that event is damage, others go on.
func TestDamageWhileOpen(t *testing.T) {
	w := newWorld(t, 1, disk.Options{})
	must(t, w.open())
	must(t, w.send(w.small()))
	must(t, w.send(w.small()))
	b, err := w.disk.ReadFile(segmentPath(1))
	must(t, err)
	at := int64(bytes.Index(b, []byte("secret-00000001")))
	must(t, w.disk.Flip(segmentPath(1), at*8))
	for _, o := range []store.ReadOptions{{}, {Until: 1}, {Backward: true, Until: 1}} {
		for _, q := range []store.Query{nil, {{Stream: "a-1"}}} {
			got, err := readAll(w.s, q, o)
			if d, ok := errors.AsType[*store.DamagedError](err); !ok || d.Position != 1 || d.Offset > at || len(got) > 0 {
				t.Errorf("read %+v with %+v: %+v, %v", q, o, got, err)
			}
		}
	}
	if got, err := readAll(w.s, nil, store.ReadOptions{After: 2}); err != nil || len(got) != 2 {
		t.Errorf("the events behind: %+v, %v", got, err)
	}
	report, err := w.s.Check(t.Context(), store.CheckOptions{})
	if err != nil || len(report.Problems) == 0 || report.Problems[0].Position != 1 {
		t.Errorf("check: %+v, %v", report, err)
	}
	must(t, w.close())
}
