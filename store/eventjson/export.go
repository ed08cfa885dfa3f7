package eventjson

import (
	"github.com/gestadb/gesta/store"
)

// ExportFormat is the version of the form of an export.
const ExportFormat = 1

// ExportHeader is the first line of an export: {"export":{"format":1,"store":…,"head":…}}.
type ExportHeader struct {
	Format uint64
	Store  string         // the id of the store that was exported; empty where it has none
	Head   store.Position // of the last event of the export
}

// ExportLine is one line of an export: exactly one of its members is set.
type ExportLine struct {
	Header *ExportHeader
	Event  *ExportedEvent
	Empty  *store.RecordedCommit // a commit without events: After, RecordedAt and Tracking
}

// ExportedEvent is an event of an export, with what the first event of a commit says of the commit.
type ExportedEvent struct {
	store.Recorded
	Key string
}

// AppendExportHeader appends the first line, without its end.
func AppendExportHeader(dst []byte, h *ExportHeader) []byte {
	dst = appendUint(append(dst, `{"export":{"format":`...), h.Format)
	if h.Store != "" {
		dst = append(dst, `,"store":`...)
		dst = AppendString(dst, h.Store)
	}
	dst = appendUint(append(dst, `,"head":`...), uint64(h.Head))
	return append(dst, '}', '}')
}

// AppendEmptyCommit appends the line of a commit without events: {"after":…,"recordedAt":…,"tracking":{…}}.
func AppendEmptyCommit(dst []byte, c *store.RecordedCommit) []byte {
	dst = appendUint(append(dst, `{"after":`...), uint64(c.After))
	dst = append(dst, `,"recordedAt":`...)
	dst = AppendTime(dst, c.RecordedAt)
	if c.Tracking != nil {
		dst = append(dst, `,"tracking":`...)
		dst = AppendTracking(dst, c.Tracking)
	}
	return append(dst, '}')
}

// DecodeExportLine reads a line of an export. Unknown members are passed over. An error is [store.ErrInvalid].
func DecodeExportLine(b []byte) (ExportLine, error) {
	var l exportLine
	err := document(b, true, func(r *reader) error {
		return r.object("a line of an export", func(name string) (bool, error) { return r.exportMember(name, &l) })
	})
	if err != nil {
		return ExportLine{}, err
	}
	return l.line()
}

// exportLine collects the members of a line of any kind.
type exportLine struct {
	header   *ExportHeader
	event    ExportedEvent
	payloads payloads
	after    store.Position
	hasAfter bool
}

func (l *exportLine) line() (ExportLine, error) {
	r := &l.event.Recorded
	switch {
	case l.header != nil:
		return ExportLine{Header: l.header}, nil
	case l.hasAfter:
		if r.RecordedAt.IsZero() || r.Tracking == nil {
			return ExportLine{}, invalidf("a commit without events needs recordedAt and tracking")
		}
		return ExportLine{Empty: &store.RecordedCommit{After: l.after, RecordedAt: r.RecordedAt, Tracking: r.Tracking}}, nil
	case r.Position == 0 || r.Commit == 0 || r.Commit > r.Position:
		return ExportLine{}, invalidf("a line of an export is no event: it needs position, and commit at or below it")
	case r.Type == "" || r.RecordedAt.IsZero():
		return ExportLine{}, invalidf("the event at position %d needs type and recordedAt", r.Position)
	case (r.Stream == "") != (r.Version == 0):
		return ExportLine{}, invalidf("the event at position %d needs both stream and version, or neither", r.Position)
	}
	l.payloads.put(&r.Event)
	if r.Erased != 0 {
		r.Data, r.Metadata = nil, nil
	}
	return ExportLine{Event: &l.event}, nil
}

func (r *reader) exportMember(name string, l *exportLine) (known bool, err error) {
	rec := &l.event.Recorded
	switch name {
	case "export":
		l.header, err = r.exportHeader()
	case "after":
		l.hasAfter = true
		l.after, err = r.position(name)
	case "position":
		rec.Position, err = r.position(name)
	case "commit":
		rec.Commit, err = r.position(name)
	case "version":
		rec.Version, err = r.uint(name, uint64(store.MaxPosition))
	case "recordedAt":
		rec.RecordedAt, err = r.time(name)
	case "erased":
		rec.Erased, err = r.erased()
	case "key":
		l.event.Key, err = r.text(name)
	case "tracking":
		rec.Tracking, err = r.tracking()
	default:
		return r.eventMember(name, &rec.Event, &l.payloads)
	}
	return true, err
}

func (r *reader) erased() (p store.Position, err error) {
	err = r.object("erased", func(name string) (known bool, err error) {
		if name != "position" {
			return false, nil
		}
		p, err = r.position(name)
		return true, err
	})
	return p, err
}

func (r *reader) exportHeader() (*ExportHeader, error) {
	var h ExportHeader
	err := r.object("export", func(name string) (known bool, err error) {
		switch name {
		case "format":
			h.Format, err = r.uint(name, uint64(store.MaxPosition))
		case "store":
			h.Store, err = r.text(name)
		case "head":
			h.Head, err = r.position(name)
		default:
			return false, nil
		}
		return true, err
	})
	return &h, err
}
