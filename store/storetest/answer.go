package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gestadb/gesta/internal/script"
	"github.com/gestadb/gesta/store"
)

// lines returns what a sequence yields, a line each, and its error last.
func lines[T any](seq iter.Seq2[T, error], text func(T) string) string {
	var b strings.Builder
	for x, err := range seq {
		if err != nil {
			b.WriteString(refusal(err) + "\n")
			continue // one more line would show an error that is not the last
		}
		b.WriteString(text(x) + "\n")
	}
	return b.String()
}

// eventsText returns events, a line each. The words times and commits of the command show the time of recording and the
// commit.
func eventsText(seq iter.Seq2[store.Recorded, error], c script.Cmd) string {
	return lines(seq, func(e store.Recorded) string { return eventText(&e, c) })
}

// eventText returns everything that an event has: its place first, then what is not empty.
func eventText(e *store.Recorded, c script.Cmd) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d ", e.Position)
	if e.Stream == "" && e.Version == 0 {
		b.WriteString("-")
	} else {
		fmt.Fprintf(&b, "%s@%d", word(e.Stream), e.Version)
	}
	b.WriteString(" " + word(e.Type))
	for _, t := range e.Tags {
		b.WriteString(" tag=" + word(t))
	}
	if len(e.Data) > 0 {
		b.WriteString(" data=" + payload(e.Event))
	}
	if len(e.Metadata) > 0 {
		b.WriteString(" meta=" + string(e.Metadata))
	}
	for _, part := range []struct{ name, value string }{
		{"id", e.ID},
		{"content", word(e.ContentType)},
		{"schema", nonZero(uint64(e.SchemaVersion))},
		{"effective", timeText(e.EffectiveAt)},
		{"track", trackingText(e.Tracking)},
		{"erased", nonZero(uint64(e.Erased))},
	} {
		if part.value != "" {
			b.WriteString(" " + part.name + "=" + part.value)
		}
	}
	if c.Has("commits") {
		fmt.Fprintf(&b, " commit %d", e.Commit)
	}
	if c.Has("times") {
		b.WriteString(" on " + timeText(e.RecordedAt))
	}
	return b.String()
}

// payload returns data; of an erasure without the commitment, which has a random salt in it.
func payload(e store.Event) string {
	if _, ok := store.ErasedPosition(&e); !ok {
		return string(e.Data)
	}
	var m map[string]any
	if err := json.Unmarshal(e.Data, &m); err != nil {
		return err.Error()
	}
	if c, ok := m["commitment"].(string); !ok || len(c) != 64 {
		return "no commitment in " + string(e.Data)
	}
	delete(m, "commitment")
	short, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(short)
}

// commitText returns a commit of a dump: a line, and one for each event.
func commitText(rc *store.RecordedCommit, c script.Cmd) string {
	var b strings.Builder
	b.WriteString("commit")
	if len(rc.Events) == 0 {
		fmt.Fprintf(&b, " after %d", rc.After)
	}
	if rc.Key != "" {
		b.WriteString(" key=" + word(rc.Key))
	}
	if rc.Tracking != nil {
		b.WriteString(" track=" + trackingText(rc.Tracking))
	}
	if c.Has("times") {
		b.WriteString(" on " + timeText(rc.RecordedAt))
	}
	for i := range rc.Events {
		b.WriteString("\n  " + eventText(&rc.Events[i], script.Cmd{}))
	}
	return b.String()
}

// resultText says what was written.
func resultText(r store.Result, times bool) string {
	var b strings.Builder
	switch {
	case r.Duplicate:
		b.WriteString("duplicate of ")
	case r.First == 0 && r.RecordedAt.IsZero():
		return "wrote nothing"
	default:
		b.WriteString("wrote ")
	}
	switch {
	case r.First == 0 && r.Last == 0:
		b.WriteString("no event")
	case r.First == r.Last:
		fmt.Fprintf(&b, "%d", r.First)
	default:
		fmt.Fprintf(&b, "%d..%d", r.First, r.Last)
	}
	for _, v := range r.Versions {
		fmt.Fprintf(&b, " %s@%d", word(v.Stream), v.Version)
	}
	if times {
		b.WriteString(" on " + timeText(r.RecordedAt))
	}
	return b.String()
}

// refusal says which error it is, with its facts, in words that are the same for every store.
func refusal(err error) string {
	var conflict *store.ConflictError
	var reused *store.KeyReusedError
	var tracking *store.TrackingError
	var truncated *store.TruncatedError
	switch {
	case errors.As(err, &conflict):
		return conflictText(conflict)
	case errors.As(err, &reused):
		return fmt.Sprintf("refused: key %s is taken by the commit at %d", word(reused.Key), reused.First)
	case errors.As(err, &tracking):
		return fmt.Sprintf("refused: %s is tracked up to %d, %d is not above it",
			word(tracking.Tracking.Source), tracking.Last, tracking.Tracking.Position)
	case errors.As(err, &truncated):
		return fmt.Sprintf("refused: truncated, the store begins at %d", truncated.First)
	}
	for _, kind := range []error{store.ErrInvalid, store.ErrTooLarge, store.ErrNotFound, store.ErrClosed, store.ErrUnsupported} {
		if errors.Is(err, kind) {
			return "refused: " + strings.TrimPrefix(kind.Error(), "gesta: ")
		}
	}
	return "error: " + err.Error()
}

func conflictText(err *store.ConflictError) string {
	var b strings.Builder
	b.WriteString("conflict")
	for _, f := range err.Failed {
		b.WriteString("\n" + f.String())
		for i := range f.Events {
			b.WriteString("\n  " + eventText(&f.Events[i], script.Cmd{}))
		}
		if !f.Complete {
			b.WriteString("\n  and more")
		}
	}
	return b.String()
}

// word returns a name as a word of a command: quoted where it would not be one.
func word(s string) string {
	plain := func(r rune) bool {
		return r < unicode.MaxASCII && unicode.IsGraphic(r) && r != ' ' && r != '"' && r != '\'' && r != '='
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return strconv.QuoteToASCII(s)
	}
	return s
}

func trackingText(t *store.Tracking) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", word(t.Source), t.Position)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func nonZero(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
