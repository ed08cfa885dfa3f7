package load

import (
	"fmt"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/rival"
)

// The methods of UmaDB's service that are measured.
const (
	ServiceName  = "umadb.v1.DCB"
	appendMethod = "/" + ServiceName + "/Append"
	readMethod   = "/" + ServiceName + "/Read"
)

// Raw hands messages on as they stand on the wire: a []byte that is sent belongs to its call, and what a *[]byte received is its reader's.
type Raw struct{}

// Name is that of the codec which it stands in for.
func (Raw) Name() string { return "proto" }

// Marshal sends a []byte.
func (Raw) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("a message is bytes, not %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

// Message is a message that was received, in the memory of the call.
type Message struct{ buf mem.Buffer }

// Bytes returns it.
func (m *Message) Bytes() []byte { return m.buf.ReadOnlyData() }

// Free gives the memory back.
func (m *Message) Free() { m.buf.Free() }

// Unmarshal copies into a *[]byte, and refers to the memory from a *Message.
func (Raw) Unmarshal(data mem.BufferSlice, v any) error {
	if m, ok := v.(*Message); ok {
		m.buf = data.MaterializeToBuffer(mem.DefaultBufferPool())
		return nil
	}
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("a message is received into a *[]byte, not %T", v)
	}
	*b = (*b)[:0]
	for _, part := range data {
		*b = append(*b, part.ReadOnlyData()...)
	}
	return nil
}

// event appends an Event.
func event(dst []byte, e *rival.Event) []byte {
	dst = text(dst, 1, e.Type)
	dst = text(dst, 2, e.Tag)
	dst = protowire.AppendBytes(protowire.AppendTag(dst, 3, protowire.BytesType), e.Data)
	return text(dst, 4, uuid(&e.ID))
}

func text(dst []byte, number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(dst, number, protowire.BytesType), s)
}

func number(dst []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), n)
}

func message(dst []byte, field protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), b)
}

func uuid(id *[16]byte) string {
	id[6], id[8] = id[6]&15|0x40, id[8]&63|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// tagged is a Query for one tag.
func tagged(tag string) []byte { return message(nil, 1, text(nil, 2, tag)) }

// appendRequest is an AppendRequest of one event, unless there is one with its tag above a position.
func appendRequest(dst []byte, e *rival.Event, after uint64) []byte {
	dst = message(dst, 1, event(nil, e))
	condition := message(nil, 1, tagged(e.Tag))
	if after > 0 {
		condition = number(condition, 2, after)
	}
	return message(dst, 2, condition)
}

// readRequest is a ReadRequest for the events with a tag.
func readRequest(tag string, limit int) []byte {
	return number(message(nil, 1, tagged(tag)), 4, uint64(limit))
}

// ReadAnswer is a ReadResponse with so many events, as a server may answer the reads that are measured.
func ReadAnswer(events int) []byte {
	var out []byte
	var e rival.Event
	for i := range events {
		feed.Set(&e, uint64(i))
		e.Tag = tagOf(1, 1)
		sequenced := number(nil, 1, 1<<18+uint64(i))
		out = message(out, 1, message(sequenced, 2, event(nil, &e)))
	}
	return number(out, 2, 1<<18)
}

// position reads an AppendResponse.
func position(answer []byte) (uint64, error) {
	field, kind, n := protowire.ConsumeTag(answer)
	if n < 0 || field != 1 || kind != protowire.VarintType {
		return 0, fmt.Errorf("an answer of %d bytes tells no position", len(answer))
	}
	p, n := protowire.ConsumeVarint(answer[n:])
	if n < 0 {
		return 0, fmt.Errorf("an answer of %d bytes tells no position", len(answer))
	}
	return p, nil
}

// eventsIn counts the events of a ReadResponse.
func eventsIn(answer []byte) (events int, err error) {
	for len(answer) > 0 {
		field, kind, n := protowire.ConsumeTag(answer)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		skipped := protowire.ConsumeFieldValue(field, kind, answer[n:])
		if skipped < 0 {
			return 0, protowire.ParseError(skipped)
		}
		if field == 1 {
			events++
		}
		answer = answer[n+skipped:]
	}
	return events, nil
}

// tagOf is the tag of the decision that a worker makes.
func tagOf(worker, n uint64) string { return fmt.Sprintf("decision:%06x-%08x", worker, n) }
