package disk

import (
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// group is what one write and one sync of the log make durable, and the requests that it answers. The committer fills
// it; when it has passed it on, it belongs to the syncer.
type group struct {
	roll   *newSegment  // the group begins a new segment
	freeze *index.Table // the table that the group begins, nil when it goes on with that of the group before
	table  *index.Table // the table of the group's events

	at     index.Place // where buf goes
	buf    []byte      // the frames, but for durable and the header checksums
	frames []frame
	force  bool // sync whatever the sync policy

	members []member
	pos     store.Position // the last position decided
	time    int64          // RecordedAt of the last commit decided
}

// maxKept is the longest buffer that is kept for the next group, in bytes.
const maxKept = 8 << 20

// reset makes an answered group ready to be used again.
func (g *group) reset() {
	clear(g.members)
	buf, frames, members := g.buf[:0], g.frames[:0], g.members[:0]
	if cap(buf) > maxKept {
		buf = nil
	}
	*g = group{buf: buf, frames: frames, members: members}
}

// frame is a frame of a group.
type frame struct {
	at     int // offset in buf
	header segment.FrameHeader
}

// member is a request of a group with its outcome, which holds if the group becomes durable.
type member struct {
	r *request
	o outcome
}

// newSegment is a segment whose file has been made, and is durable as a name.
type newSegment struct {
	number uint32
	file   vfs.File
}
