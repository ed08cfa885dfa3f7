package javascript

import (
	"encoding/binary"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/store"
)

// sentEvent is what the child gets of an event.
type sentEvent struct {
	typ, stream string
	number      int64 // of the event in its stream, from 0; -1 where it has none
	created     int64 // microseconds since 1970
	json        bool  // by its content type
	data        []byte
	metadata    []byte
}

func appendEvent(b []byte, r *store.Recorded) []byte {
	b = sandbox.AppendText(b, r.Type)
	b = sandbox.AppendText(b, r.Stream)
	b = binary.AppendVarint(b, int64(r.Version)-1) //nolint:gosec // versions do not come near
	b = binary.AppendVarint(b, r.RecordedAt.UnixMicro())
	b = sandbox.AppendFlag(b, saysJSON(r.ContentType))
	b = sandbox.AppendText(b, r.Data)
	return sandbox.AppendText(b, r.Metadata)
}

func readEvent(r *sandbox.Reader) sentEvent {
	return sentEvent{
		typ: string(r.Text()), stream: string(r.Text()), number: r.Int(), created: r.Int(),
		json: r.Flag(), data: r.Text(), metadata: r.Text(),
	}
}

// saysJSON says whether a content type, empty for the default, is one of JSON.
func saysJSON(contentType string) bool {
	switch contentType {
	case "", "application/json":
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}

// event is how a handler sees an event. Its members are made when they are read.
type event struct {
	sentEvent
	p       *program
	members map[string]goja.Value // read, or written by a handler
}

// The members of an event, and those of one without a stream.
var (
	eventNames      = []string{"data", "body", "isJson", "metadata", "eventType", "streamId", "sequenceNumber", "created"}
	streamlessNames = []string{"data", "body", "isJson", "metadata", "eventType", "created"}
)

// Get returns a member.
func (e *event) Get(name string) goja.Value {
	if v, ok := e.members[name]; ok {
		return v
	}
	v := e.make(name)
	if v != nil {
		e.members[name] = v
	}
	return v
}

func (e *event) make(name string) goja.Value {
	vm := e.p.vm
	switch name {
	case "data":
		if !e.json {
			return goja.Undefined()
		}
		return e.parse(name, e.data)
	case "body":
		return e.Get("data")
	case "isJson":
		return vm.ToValue(!goja.IsUndefined(e.Get("data")))
	case "metadata":
		return e.parse(name, e.metadata)
	case "eventType":
		return vm.ToValue(e.typ)
	case "streamId":
		if e.stream != "" {
			return vm.ToValue(e.stream)
		}
	case "sequenceNumber":
		if e.stream != "" {
			return vm.ToValue(e.number)
		}
	case "created":
		return vm.ToValue(time.UnixMicro(e.created).UTC().Format("2006-01-02T15:04:05.000000Z"))
	}
	return nil
}

func (e *event) parse(name string, text []byte) goja.Value {
	p := jsonParser{vm: e.p.vm, b: text, lossy: e.p.lossy}
	v, ok := p.parse()
	if !ok {
		return goja.Undefined()
	}
	if p.lost != nil {
		e.p.fatal(ErrNumber, fmt.Sprintf("%.40s in %s; the comment // gesta: lossy-numbers in the file takes what JavaScript makes of it", p.lost, name))
		return goja.Undefined()
	}
	if p.half != nil {
		e.p.fatal(ErrName, fmt.Sprintf("\"%.40s\" in %s has half of a surrogate pair, which no character is made of", p.half, name))
		return goja.Undefined()
	}
	return v
}

// Set writes a member.
func (e *event) Set(name string, v goja.Value) bool {
	if v == nil {
		v = goja.Undefined()
	}
	e.members[name] = v
	return true
}

// Has says whether there is a member.
func (e *event) Has(name string) bool { return e.Get(name) != nil }

// Delete removes a member that a handler added; the others stay.
func (e *event) Delete(name string) bool {
	delete(e.members, name)
	return e.make(name) == nil
}

// Keys returns the names of the members.
func (e *event) Keys() []string {
	names := eventNames
	if e.stream == "" {
		names = streamlessNames
	}
	for name := range e.members {
		if e.make(name) == nil {
			names = append(slices.Clip(names), name)
		}
	}
	return names
}
