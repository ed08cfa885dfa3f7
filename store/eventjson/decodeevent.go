package eventjson

import (
	"math"

	"github.com/gestadb/gesta/store"
)

// payloads collects the two forms of data and of metadata until all members are read: the Base64 form wins wherever it
// stands.
type payloads struct {
	data, metadata       []byte
	dataExact, metaExact []byte
	hasData, hasMeta     bool // the Base64 form is there
}

func (p *payloads) put(e *store.Event) {
	e.Data, e.Metadata = p.data, p.metadata
	if p.hasData {
		e.Data = p.dataExact
	}
	if p.hasMeta {
		e.Metadata = p.metaExact
	}
	if len(e.Data) == 0 {
		e.Data = nil
	}
	if len(e.Metadata) == 0 {
		e.Metadata = nil
	}
}

// eventMember reads the member name of an event that is to be appended; false for one that it does not have.
func (r *reader) eventMember(name string, e *store.Event, p *payloads) (known bool, err error) {
	switch name {
	case "id":
		e.ID, err = r.text(name)
	case "stream":
		e.Stream, err = r.text(name)
	case "type":
		e.Type, err = r.text(name)
	case "schemaVersion":
		var n uint64
		n, err = r.uint(name, math.MaxUint32)
		e.SchemaVersion = uint32(n)
	case "contentType":
		if e.ContentType, err = r.text(name); e.ContentType == ContentType {
			e.ContentType = ""
		}
	case "tags":
		e.Tags, err = r.texts(name)
	case "effectiveAt":
		e.EffectiveAt, err = r.time(name)
	case "data":
		p.data, err = r.payload()
	case "dataBase64":
		p.dataExact, err = r.base64(name)
		p.hasData = true
	case "metadata":
		p.metadata, err = r.payload()
	case "metadataBase64":
		p.metaExact, err = r.base64(name)
		p.hasMeta = true
	default:
		return false, nil
	}
	return true, err
}

// event reads an event that is to be appended.
func (r *reader) event() (store.Event, error) {
	var (
		e store.Event
		p payloads
	)
	err := r.object("an event", func(name string) (bool, error) { return r.eventMember(name, &e, &p) })
	p.put(&e)
	return e, err
}

// DecodeEvent reads an event that is to be appended. An error is [store.ErrInvalid]; whether a store can keep the event is
// for its Validate to say.
func DecodeEvent(b []byte) (store.Event, error) {
	var e store.Event
	err := document(b, false, func(r *reader) (err error) {
		e, err = r.event()
		return err
	})
	return e, err
}

func (r *reader) tracking() (*store.Tracking, error) {
	var t store.Tracking
	err := r.object("tracking", func(name string) (known bool, err error) {
		switch name {
		case "source":
			t.Source, err = r.text(name)
		case "position":
			t.Position, err = r.uint(name, uint64(store.MaxPosition))
		default:
			return false, nil
		}
		return true, err
	})
	return &t, err
}
