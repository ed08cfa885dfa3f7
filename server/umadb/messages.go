package umadb

import "google.golang.org/grpc/mem"

// brief is a request that is not long, and holds nothing.
type brief struct{}

func (brief) release()   {}
func (brief) long() bool { return false }

// readRequest is a ReadRequest.
type readRequest struct {
	brief
	query     query
	start     optional
	limit     optional
	backwards bool
	follow    bool
	batchSize optional
}

// optional is a number that may be absent.
type optional struct {
	n   uint64
	set bool
}

func (o *optional) take(n uint64) { o.n, o.set = n, true }

// take32 takes a number of 32 bits, as Protocol Buffers cuts it.
func (o *optional) take32(n uint64) { o.take(uint64(uint32(n))) } //nolint:gosec // meant

func (r *readRequest) decode(buf mem.Buffer) error {
	f := walk(buf.ReadOnlyData())
	for f.next() {
		switch f.number {
		case 1:
			f.message(r.query.decode)
		case 2:
			r.start.take(f.uint())
		case 3:
			r.backwards = f.uint() != 0
		case 4:
			r.limit.take32(f.uint())
		case 5:
			r.follow = f.uint() != 0
		case 6:
			r.batchSize.take32(f.uint())
		}
	}
	return f.err
}

// subscribeRequest is a SubscribeRequest.
type subscribeRequest struct {
	brief
	query     query
	after     optional
	batchSize optional
}

func (r *subscribeRequest) decode(buf mem.Buffer) error {
	f := walk(buf.ReadOnlyData())
	for f.next() {
		switch f.number {
		case 1:
			f.message(r.query.decode)
		case 2:
			r.after.take(f.uint())
		case 3:
			r.batchSize.take32(f.uint())
		}
	}
	return f.err
}

// headRequest is a HeadRequest.
type headRequest struct{ brief }

func (*headRequest) decode(buf mem.Buffer) error {
	f := walk(buf.ReadOnlyData())
	for f.next() {
	}
	return f.err
}

// trackingRequest is a TrackingRequest.
type trackingRequest struct {
	brief
	source string
}

func (r *trackingRequest) decode(buf mem.Buffer) error {
	f := walk(buf.ReadOnlyData())
	for f.next() {
		if f.number == 1 {
			r.source = string(f.text())
		}
	}
	return f.err
}

// position is an AppendResponse, a HeadResponse or a TrackingResponse. Positions start at 1: 0 is left out, which the latter two tell from
// a position.
type position uint64

func (p position) encode() mem.Buffer {
	if p == 0 {
		return mem.SliceBuffer(nil)
	}
	return mem.SliceBuffer(appendNumber(make([]byte, 0, 11), 1, uint64(p)))
}
