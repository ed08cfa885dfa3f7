package source

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/gestadb/gesta/store"
)

// Row is a row of a source as an event to append.
type Row struct {
	Line int    // where it begins in the source, 1-based
	N    string // its ordinal in a CSV file; TRACE/n in XES, where n counts the events of the traces of that name

	// Event has EffectiveAt set to the time of the row, and no ID.
	Event store.Event

	name  string
	caseN int // where in Event.Data the value of a field "case" of the row itself begins; 0 where there is none
}

// Key returns the key of the commit that the row becomes: import:NAME:N.
func (r *Row) Key() string { return "import:" + r.name + ":" + r.N }

// Commit returns the commit that the row becomes.
func (r *Row) Commit() store.Commit {
	return store.Commit{Key: r.Key(), Events: []store.Event{r.Event}}
}

func (r *Row) validate() error {
	c := r.Commit()
	return c.Validate()
}

// addCase makes object, the attributes of the row's trace, the first member of the data: "case". Where the row has such a
// member itself it stands last, and both become an array.
func (r *Row) addCase(object []byte) {
	old := r.Event.Data
	data := make([]byte, 0, len(old)+len(object)+len(`"case":[],`))
	if r.caseN > 0 {
		data = append(data, old[:r.caseN]...)
		data = append(data, '[')
		data = append(data, object...)
		data = append(data, ',')
		data = append(data, old[r.caseN:len(old)-1]...)
		r.Event.Data = append(data, "]}"...)
		return
	}
	data = append(data, `{"case":`...)
	data = append(data, object...)
	if len(old) > len("{}") {
		data = append(data, ',')
	}
	r.Event.Data = append(data, old[1:]...)
}

// append encodes all of the row but its time, which the sorter keeps.
func (r *Row) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.Line))
	dst = binary.AppendUvarint(dst, uint64(r.caseN))
	dst = appendBytes(dst, r.N)
	dst = appendBytes(dst, r.Event.Stream)
	dst = appendBytes(dst, r.Event.Type)
	dst = appendBytes(dst, string(r.Event.Metadata))
	dst = binary.AppendUvarint(dst, uint64(len(r.Event.Tags)))
	for _, tag := range r.Event.Tags {
		dst = appendBytes(dst, tag)
	}
	return append(dst, r.Event.Data...)
}

func appendBytes(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

var errRow = errors.New("a temporary file does not hold what was written")

// decodeRow is the inverse of Row.append. The row shares no memory with payload.
func decodeRow(micros int64, payload []byte) (Row, error) {
	d := decoder{rest: payload}
	var r Row
	r.Line = int(d.number())
	r.caseN = int(d.number())
	r.N = string(d.bytes())
	r.Event.Stream = string(d.bytes())
	r.Event.Type = string(d.bytes())
	if metadata := d.bytes(); len(metadata) > 0 {
		r.Event.Metadata = append([]byte(nil), metadata...)
	}
	for n := d.number(); n > 0 && !d.failed; n-- {
		r.Event.Tags = append(r.Event.Tags, string(d.bytes()))
	}
	if d.failed || len(d.rest) < len("{}") {
		return Row{}, errRow
	}
	r.Event.Data = append([]byte(nil), d.rest...)
	r.Event.EffectiveAt = time.UnixMicro(micros).UTC()
	return r, nil
}

// decoder takes values from the front of rest; once one fails, all do.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) bytes() []byte {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}
