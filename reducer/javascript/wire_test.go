package javascript

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

func TestEventOnTheWire(t *testing.T) {
	r := store.Recorded{
		Event:   store.Event{Stream: "order-1", Type: "A", Data: []byte(`{"a":1}`), Metadata: []byte(`{}`), ContentType: "text/json; charset=utf-8"},
		Version: 7, RecordedAt: time.UnixMicro(1234567),
	}
	in := reader{b: appendEvent(nil, &r)}
	got := readEvent(&in)
	want := sentEvent{typ: "A", stream: "order-1", number: 6, created: 1234567, json: true, data: r.Data, metadata: r.Metadata}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sentEvent{})); diff != "" || in.end() != nil {
		t.Errorf("%v %s", in.end(), diff)
	}
	for n := range len(appendEvent(nil, &r)) {
		in := reader{b: appendEvent(nil, &r)[:n]}
		if readEvent(&in); in.end() == nil {
			t.Errorf("%d bytes of it are an event", n)
		}
	}
}

func TestFailureOnTheWire(t *testing.T) {
	for _, kind := range kinds {
		f := &failure{event: -1, kind: kind, line: 12, message: "so not"}
		got, err := readFailure(f.append(nil))
		if err != nil || *got != *f {
			t.Errorf("%+v, %v; want %+v", got, err, f)
		}
		if kind != nil && !errors.Is(got.err(), kind) {
			t.Errorf("error = %v", got.err())
		}
	}
	long := &failure{message: strings.Repeat("x", maxMessage+1)}
	if got, err := readFailure(long.append(nil)); err != nil || len(got.message) != maxMessage {
		t.Errorf("error = %v", err)
	}
}

// FuzzAnswers reads anything as what a child answers: it is an error, or does something to the state.
func FuzzAnswers(f *testing.F) {
	op := func(op byte, path ...string) []byte {
		b := append([]byte{op}, byte(len(path)))
		for _, name := range path {
			b = appendText(b, name)
		}
		return b
	}
	set := appendText(op(opSet, "a", "b"), `{"c":[1,2]}`)
	all := append(append(set, op(opRemove, "a", "b", "c")...), append(op(opTruncate, "a", "l"), 1)...)
	payload := appendText([]byte{3}, all)
	frame := append(newFrame(nil), payload...)
	var out bytes.Buffer
	if err := writeFrame(&out, frameSteps, frame); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("\xff\xff\xff\xffP"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, payload, err := readFrame(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil {
			return
		}
		s := &stepper{f: &fold{}}
		if err := s.f.document.Replace([]byte(`{"a":{"l":[1,2,3]}}`)); err != nil {
			t.Fatal(err)
		}
		s.f.document.Begin(reducer.Want{Changes: true})
		err = s.change(&reader{b: payload})
		if bytes.Equal(b, out.Bytes()) {
			if got := string(s.f.document.AppendState(nil)); err != nil || got != `{"a":{"l":[1],"b":{}}}` {
				t.Errorf("state = %s, error = %v", got, err)
			}
		}
		_, _ = readFailure(payload)
	})
}
