package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// follower keeps a read-only store up with the writer beside it.
type follower struct {
	s     *Store
	stop  chan struct{}
	ended sync.WaitGroup

	heads sync.Mutex // held while the heads file is read again; taken last

	mu   sync.Mutex
	bad  int       // guarded by mu; how often in a row it could not look
	rp   *replay   // guarded by mu
	base index.End // guarded by mu; where the log began when rp did
	err  error     // guarded by mu; why it cannot follow any more

	broken chan struct{} // closed when err is set
}

// awaitHead reads log/head; while a writer recovers it is not there.
func (f *follower) awaitHead() (index.End, error) {
	const step, longest = 10 * time.Millisecond, 2 * time.Second
	for waited := time.Duration(0); ; waited += step {
		e, err := f.readHead()
		if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errTornHead) {
			return e, err
		}
		if waited >= max(f.s.opts.LockWait, longest) {
			return e, fmt.Errorf("open %s: it is being recovered, or needs to be, by opening it for writing: %w", f.s.dir, store.ErrLocked)
		}
		pause(step)
	}
}

// readHead reads log/head under its name: a writer that opens the store makes a new file.
func (f *follower) readHead() (index.End, error) {
	head, err := f.s.fs.Open(path.Join(f.s.dir, headName))
	if err != nil {
		return index.End{}, fmt.Errorf("open log/head: %w", err)
	}
	defer head.Close()
	return readHead(head)
}

// begin reads the store up to where log/head says.
func (f *follower) begin() error {
	if err := f.s.openHeads(); err != nil {
		return err
	}
	if err := f.s.openIndex(true); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.base = f.s.base()
	err := f.restart()
	if f.s.base().Next != f.base.Next { // truncated meanwhile
		return f.restart()
	}
	return err
}

// restart walks from the end of the index files to the end that log/head tells. The caller holds mu.
func (f *follower) restart() error {
	e, err := f.awaitHead()
	if err != nil {
		return err
	}
	if base := f.s.base(); base.Next != f.base.Next {
		if err := f.s.index.Rebase(base); err != nil {
			return fmt.Errorf("read index files again: %w", err)
		}
		f.base = base
		f.s.segs.forgetAll()
	}
	rp := &replay{s: f.s, limit: ^index.Place(0), end: f.s.index.End(), hidden: true}
	rp.table = index.NewTable(f.s.man.seed, rp.end)
	if err := rp.walkTo(e); err != nil {
		return err
	}
	rp.hidden = false
	rp.show()
	f.rp = rp
	return nil
}

// walkTo walks to an end that log/head told.
func (rp *replay) walkTo(e index.End) error {
	rp.stop = e.Next
	rp.numbers = []uint32{e.Next.Segment()}
	for rp.end.Next < e.Next {
		number := rp.end.Next.Segment()
		sealed, err := rp.segment(number)
		if err != nil {
			return err
		}
		if !sealed && rp.end.Next != e.Next {
			return &store.DamagedError{
				File: segmentName(number), Offset: int64(rp.end.Next.Offset()), Position: rp.end.Position + 1,
				Problem: fmt.Sprintf("what log/head tells of is not there (%v): open the store for writing to recover it", rp.why),
			}
		}
	}
	rp.table.SetEnd(rp.end)
	return nil
}

// refresh reads log/head by one of the two ways there are and takes in what is new. The caller is a user of the store.
func (f *follower) refresh(head func() (index.End, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	err := f.takeIn(head)
	if err == nil || errors.Is(err, store.ErrLocked) { // a writer that recovers will come back
		f.bad = 0
		return err
	}
	if f.bad++; f.bad >= patience || errors.Is(err, store.ErrDamaged) {
		f.err = fmt.Errorf("follow the writer: %w", err)
		close(f.broken)
	}
	return err
}

func (f *follower) takeIn(head func() (index.End, error)) error {
	e, err := head()
	if errors.Is(err, errTornHead) || errors.Is(err, fs.ErrNotExist) || err == nil && e.Next <= f.rp.end.Next {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.rp.walkTo(e); err != nil {
		if f.s.base().Next != f.base.Next { // what is missing was truncated
			return f.restart()
		}
		return err
	}
	f.s.tip.move(f.rp.end)
	return f.reload()
}

// rereadHeads looks, in a read-only store, whether the writer has truncated the store.
func (s *Store) rereadHeads() error {
	if s.f == nil {
		return nil
	}
	s.f.heads.Lock()
	defer s.f.heads.Unlock()
	h, err := index.OpenHeads(s.fs, path.Join(s.dir, headsName), s.man.id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read heads again: %w", err)
	}
	if h.Base().Next == s.base().Next {
		return h.Close()
	}
	s.setHeads(h)
	return nil
}

// patience is how many errors in a row, not of damage, end a follower.
const patience = 100

// failure returns why the store cannot follow the writer any more, nil while it does.
func (f *follower) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// reload takes up index files that the writer has made, when much is kept in memory. The caller holds mu.
func (f *follower) reload() error {
	const tables = 2
	if len(f.rp.full) < tables {
		return nil
	}
	if err := f.s.rereadHeads(); err != nil {
		return err
	}
	if f.s.base().Next != f.base.Next {
		return f.restart()
	}
	before := f.s.index.End()
	if err := f.s.index.Reload(); err != nil {
		return fmt.Errorf("read index files again: %w", err)
	}
	if f.s.index.End() == before {
		return nil
	}
	f.s.segs.forgetAll() // an index file may cover an $erasure that was not walked; its copy has been made
	return f.restart()
}

// run polls until the store is closed.
func (f *follower) run() {
	defer f.ended.Done()
	ticker := time.NewTicker(f.s.opts.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-f.stop:
			return
		case <-ticker.C:
		}
		if err := f.s.users.enter(); err != nil {
			return
		}
		err := f.refresh(f.readHead)
		f.s.users.leave()
		if err != nil {
			f.s.opts.Background(fmt.Errorf("follow the writer: %w", err))
		}
		if f.failure() != nil {
			return
		}
	}
}

func (f *follower) close() {
	close(f.stop)
	f.ended.Wait()
}
