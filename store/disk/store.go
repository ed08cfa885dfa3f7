package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// Store is a store in a directory. It may be used by any number of goroutines.
type Store struct {
	opts Options
	fs   vfs.FS
	dir  string
	man  manifest
	lock io.Closer // nil when read-only

	segs     *segments
	index    *index.Set
	views    views
	heads    atomic.Pointer[index.Heads] // nil unless truncated
	oldHeads []*index.Heads              // closed with the store; written under writer.erasing or follower.heads
	tip      *tip
	erasures *erasures

	users  users
	closed chan struct{} // closed when Close begins

	w *writer   // nil when read-only
	f *follower // nil unless read-only
}

// Open opens the store in dir for writing, and makes one where the directory is empty or absent. While it is open, every
// other Open of it fails with an error that is [store.ErrLocked].
//
// After a crash, Open recovers: what was acknowledged is there. It returns a [*store.DamagedError] when the
// log has bytes that were durable once and are not what was written. With Options.ReadOnly it is [OpenReader] without recovery.
func Open(dir string, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	dir = path.Clean(filepath.ToSlash(dir))
	if o.ReadOnly {
		return openReadOnly(dir, o)
	}
	if o.MustExist {
		if _, err := readManifest(o.FS, dir); err != nil {
			return nil, err
		}
	} else if err := o.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	lock, err := takeLock(dir, o)
	if err != nil {
		return nil, err
	}
	return openLocked(dir, o, lock)
}

func takeLock(dir string, o Options) (io.Closer, error) {
	const step = 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += step {
		lock, err := o.FS.Lock(path.Join(dir, lockName))
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, vfs.ErrLocked) {
			return nil, fmt.Errorf("lock store: %w", err)
		}
		if waited >= o.LockWait {
			return nil, fmt.Errorf("open %s: %w", dir, store.ErrLocked)
		}
		pause(step)
	}
}

func pause(d time.Duration) {
	t := time.NewTimer(d)
	<-t.C
}

// openLocked opens for writing with the lock held, and gives the lock back when it fails.
func openLocked(dir string, o Options, lock io.Closer) (*Store, error) {
	man, err := readManifest(o.FS, dir)
	if errors.Is(err, fs.ErrNotExist) && !o.MustExist {
		man, err = createStore(o.FS, dir, o.Clock())
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := newStore(dir, o, man)
	s.lock = lock
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.free())
	}
	return s, nil
}

func newStore(dir string, o Options, man manifest) *Store {
	return &Store{
		opts: o, fs: o.FS, dir: dir, man: man,
		segs:     newSegments(o.FS, dir, o.OpenSegments),
		erasures: newErasures(),
		closed:   make(chan struct{}),
	}
}

// StoreID returns the UUID that the store was given when it was made.
func (s *Store) StoreID() string { return segment.FormatID(s.man.id) }

// Head returns the position of the last visible event.
func (s *Store) Head(ctx context.Context) (store.Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.users.enter(); err != nil {
		return 0, err
	}
	defer s.users.leave()
	select {
	case <-s.broken():
		return 0, s.f.failure()
	default:
		return s.tip.position(), nil
	}
}

// Limits returns the limits of a store on disk: the default ones.
func (s *Store) Limits() store.Limits { return store.DefaultLimits() }

// first returns the position of the first event that is left.
func (s *Store) first() store.Position {
	if h := s.heads.Load(); h != nil {
		return h.Base().Position + 1
	}
	return 1
}

// Close waits for what is being written or copied, writes that all of it is durable, ends readers with [store.ErrClosed], and
// releases the lock. After a write of the log has failed it writes nothing.
func (s *Store) Close() error {
	if !s.users.close() {
		return nil
	}
	err := s.halt()
	if s.w != nil { // an erasure or truncation that is at it ends first
		s.w.erasing.Lock()
		defer s.w.erasing.Unlock()
	}
	s.indexTail()
	return errors.Join(err, s.free())
}

// halt ends the goroutines of a store that takes no more calls.
func (s *Store) halt() error {
	close(s.closed)
	if s.f != nil {
		s.f.close()
	}
	if s.w != nil {
		return s.w.close()
	}
	return nil
}

// free closes files and releases the lock.
func (s *Store) free() error {
	if s.views.cur != nil {
		s.views.close()
	}
	var err error
	if s.index != nil {
		err = s.index.Close()
	}
	if h := s.heads.Load(); h != nil {
		err = errors.Join(err, h.Close())
	}
	for _, h := range s.oldHeads {
		err = errors.Join(err, h.Close())
	}
	s.segs.forgetAll()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// users counts the calls that use files, so that Close can wait for them.
type users struct {
	mu    sync.RWMutex // held for reading by each call
	shut  bool         // guarded by mu
	begun atomic.Bool
}

func (u *users) enter() error {
	if u.begun.Load() {
		return store.ErrClosed
	}
	u.mu.RLock()
	if u.shut {
		u.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}

func (u *users) leave() { u.mu.RUnlock() }

// close refuses new calls, waits for those under way, and returns false when it had been called before.
func (u *users) close() bool {
	if u.begun.Swap(true) {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.shut = true
	return true
}
