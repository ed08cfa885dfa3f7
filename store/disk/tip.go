package disk

import (
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// moment is the visible end of the log, and what tells that it is not the end any more.
type moment struct {
	end   index.End
	moved chan struct{} // closed when there is a newer moment
}

// tip is the visible head. One goroutine moves it; any number read it.
type tip struct {
	now atomic.Pointer[moment]
}

func newTip(end index.End) *tip {
	t := &tip{}
	t.now.Store(&moment{end: end, moved: make(chan struct{})})
	return t
}

func (t *tip) get() *moment { return t.now.Load() }

func (t *tip) position() store.Position { return t.now.Load().end.Position }

// move shows a new head and wakes those who follow.
func (t *tip) move(end index.End) {
	old := t.now.Swap(&moment{end: end, moved: make(chan struct{})})
	close(old.moved)
}

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
