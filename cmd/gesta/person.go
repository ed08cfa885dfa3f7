package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// How events look to people. The layout may change; programs read --json.

// eventMembers are the members that an event can have, for --json=FIELDS.
var eventMembers = []string{
	"position", "commit", "id", "stream", "version", "type", "schemaVersion", "contentType", "tags", "recordedAt",
	"effectiveAt", "erased", "data", "dataBase64", "metadata", "metadataBase64",
}

// place is where an event stands: order-42@7, or nothing for an event without a stream.
func place(r *store.Recorded) string {
	if r.Stream == "" {
		return ""
	}
	return fmt.Sprintf("%s@%d", visible(r.Stream), r.Version)
}

// shortTime is a time in the person's zone, to the second.
func (e *env) shortTime(t time.Time) string { return t.In(e.zone).Format("2006-01-02 15:04:05Z07:00") }

// longTime is a time in the person's zone with all of its digits.
func (e *env) longTime(t time.Time) string {
	return t.In(e.zone).Format("2006-01-02 15:04:05.999999Z07:00")
}

// writeEvent writes an event as gesta log shows it: a headline, what is said about it, and its data.
func (e *env) writeEvent(w io.Writer, r *store.Recorded, full bool) error {
	p := e.painter(e.stdoutTerminal)
	var b strings.Builder
	b.WriteString(p.yellow(fmt.Sprintf("#%d", r.Position)))
	if at := place(r); at != "" {
		b.WriteString("  " + p.cyan(at))
	}
	b.WriteString("  " + p.bold(visible(r.Type)) + "\n")
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-11s %s\n", name+":", text)
		}
	}
	line("Recorded", e.longTime(r.RecordedAt))
	if !r.EffectiveAt.IsZero() && !r.EffectiveAt.Equal(r.RecordedAt) {
		line("Effective", e.longTime(r.EffectiveAt))
	}
	if full {
		line("Commit", fmt.Sprintf("#%d", r.Commit))
		line("Id", visible(r.ID))
		if r.SchemaVersion != 0 {
			line("Schema", fmt.Sprintf("version %d", r.SchemaVersion))
		}
		line("Content", visible(r.ContentType))
		if t := r.Tracking; t != nil {
			line("Tracking", fmt.Sprintf("%s at %d", visible(t.Source), t.Position))
		}
	}
	line("Actor", visible(history.Actor(r)))
	line("Tags", visible(strings.Join(r.Tags, ", ")))
	if full && len(r.Metadata) > 0 {
		line("Metadata", oneLine(r.Metadata, 0))
	}
	switch {
	case r.Erased != 0:
		b.WriteString("\n    " + p.red(fmt.Sprintf("data and metadata were erased by #%d", r.Erased)) + "\n")
	case len(r.Data) > 0 && !full && shortData(r.Data):
		b.WriteString("\n    " + oneLine(r.Data, 0) + "\n")
	case len(r.Data) > 0:
		b.WriteString("\n" + indented(payloadText(r.Data), "    "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shortData says whether data is JSON that is read more easily on one line than on several.
func shortData(data []byte) bool {
	const short = 100 // bytes
	compact, ok := eventjson.AppendCompact(nil, data[:min(len(data), 4*short)])
	return ok && len(compact) <= short
}

// payloadText is data for people: JSON indented, other text as it is, the rest by its size.
func payloadText(data []byte) string {
	if eventjson.Valid(data) {
		return prettyJSON(data)
	}
	if utf8.Valid(data) {
		return visibleLines(strings.TrimSuffix(string(data), "\n"))
	}
	return fmt.Sprintf("(%s that are no text)", plural(len(data), "byte", "bytes"))
}

// prettyJSON indents JSON; digits, order and escapes stay.
func prettyJSON(data []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return visible(string(data))
	}
	return visibleLines(strings.TrimSpace(b.String()))
}

// oneLine is data on one line, cut to width runes; 0 is no limit.
func oneLine(data []byte, width int) string {
	text := visible(string(data))
	if compact, ok := eventjson.AppendCompact(nil, data); ok {
		text = visible(string(compact))
	} else if !utf8.Valid(data) {
		text = fmt.Sprintf("(%s that are no text)", plural(len(data), "byte", "bytes"))
	}
	if runes := []rune(text); width > 0 && len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text
}

func indented(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(by + line)
	}
	if !strings.HasSuffix(text, "\n") {
		b.WriteByte('\n')
	}
	return b.String()
}

// numbered is how a position is shown.
func numbered(p store.Position) string { return fmt.Sprintf("#%d", p) }
