package disk

import "fmt"

const (
	maxFill      = 1 << 20  // bytes that are filled at once
	maxFillGroup = 64 << 10 // the mean length of recent groups up to which filling is worth its bytes
	fillAlign    = 4 << 10  // where what is filled ends, in segments that are not tiny
)

var zeros [maxFill]byte

// fill says how far the file of the active segment reaches, and when zeros are written behind the log's end. The sync of a
// group that lies within the file has no size and no blocks to make durable, which is most of what syncing a small group
// costs. It belongs to the syncer, which writes the zeros itself, between a group and its sync: nobody else writes to the file, so
// that no zero can come to lie on a frame.
type fill struct {
	limit   int64 // SegmentBytes: there is no filling beyond
	end     int64 // how far the file reaches
	mean    int64 // about the length of recent groups
	written int64 // bytes of groups since the log was opened
	off     bool  // there was no room for zeros in this segment
}

// wrote notes a group that ends at an offset of the file, and returns up to where zeros are to follow it: its own end for none.
// No more is filled at once than was written since the log was opened, up to a whole block, so that a short visit stays short.
func (f *fill) wrote(n, end int64) (to int64) {
	f.written += n
	f.mean += (n - f.mean) / 8
	if end <= f.end {
		return end
	}
	f.end = end
	if f.off || f.mean > maxFillGroup {
		return end
	}
	align := min(fillAlign, f.limit/4)
	to = end + min(maxFill, f.limit/4, f.written)
	to = min((to+align-1)/align*align, f.limit, end+maxFill)
	return max(to, end)
}

// fillAhead writes zeros behind a group of n bytes that ends where the log does, if they are worth it. Where there is no room for them, the rest
// of the segment goes without: the group itself is written.
func (y *syncer) fillAhead(n int) error {
	if y.w.s.opts.Sync == SyncNever {
		return nil
	}
	end := int64(y.end.Next.Offset())
	to := y.fill.wrote(int64(n), end)
	if to == end {
		return nil
	}
	y.fill.end = to
	_, err := y.file.WriteAt(zeros[:to-end], end)
	if isFull(err) {
		y.fill.off = true
		return y.cut()
	}
	if err != nil {
		return fmt.Errorf("fill %s ahead: %w", segmentName(y.end.Next.Segment()), err)
	}
	return nil
}

// cut takes away what was filled ahead. The caller syncs.
func (y *syncer) cut() error {
	end := int64(y.end.Next.Offset())
	if y.fill.end <= end {
		return nil
	}
	if err := y.file.Truncate(end); err != nil {
		return fmt.Errorf("cut %s: %w", segmentName(y.end.Next.Segment()), err)
	}
	y.fill.end = end
	return nil
}
