package sandbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/reducer"
)

var errOwn = errors.New("gesta: of the language")

var plain = Language{Name: "Plain", Errors: []error{errOwn}}

func TestFailureOnTheWire(t *testing.T) {
	for _, kind := range plain.kinds() {
		f := &Failure{Kind: kind, File: "main.go", Line: 12, Message: "so not"}
		event, got, err := plain.readFailure(f.append(nil, &plain, 7))
		if err != nil || event != 7 || *got != *f {
			t.Errorf("%d, %+v, %v; want %+v", event, got, err, f)
		}
		if kind != nil && !errors.Is(got.err(), kind) || strings.HasPrefix(got.err().Error(), "gesta:") {
			t.Errorf("error = %v", got.err())
		}
	}
	for _, c := range []string{"x", "\u202e", "\U000e0001", "\x00", "\xff"} {
		long := &Failure{Message: strings.Repeat(c, 1<<20)}
		_, got, err := plain.readFailure(long.append(nil, &plain, -1))
		if err != nil || len(got.Message) > maxText || !strings.HasSuffix(got.Message, fmt.Sprintf("... (%d bytes)", len(long.Message))) {
			t.Errorf("%q: error = %v", c, err)
		}
	}
}

func TestDamagedFailure(t *testing.T) {
	f := (&Failure{Kind: errOwn, Message: "so not"}).append(nil, &plain, 0)
	for n := range f {
		if _, _, err := plain.readFailure(f[:n]); err == nil {
			t.Errorf("%d bytes of it are a failure", n)
		}
	}
	other := Language{Name: "Other"}
	if _, _, err := other.readFailure(f); err == nil {
		t.Error("a language has the errors of another one")
	}
}

func TestFrames(t *testing.T) {
	var out bytes.Buffer
	payload := []byte("something to say")
	if err := writeFrame(&out, frameState, append(newFrame(nil), payload...)); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	kind, got, err := readFrame(bufio.NewReader(bytes.NewReader(whole)), nil)
	if kind != frameState || !bytes.Equal(got, payload) || err != nil {
		t.Errorf("%c %q, %v", kind, got, err)
	}
	for n := range whole {
		if _, _, err := readFrame(bufio.NewReader(bytes.NewReader(whole[:n])), nil); err == nil {
			t.Errorf("%d bytes of it are a frame", n)
		}
	}
	if err := writeFrame(&out, frameState, make([]byte, maxFrame+5)); err == nil {
		t.Error("a frame may be longer than it can be read")
	}
}

// FuzzAnswers reads anything as what a child answers: it is an error, or does something to the state.
func FuzzAnswers(f *testing.F) {
	var c Changes
	c.Set([]string{"a", "b"}, []byte(`{"c":[1,2]}`))
	c.Remove([]string{"a", "b", "c"})
	c.Truncate([]string{"a", "l"}, 1)
	var out bytes.Buffer
	if err := writeFrame(&out, frameSteps, c.append(newFrame(nil))); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("\xff\xff\xff\xffP"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, payload, err := readFrame(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil {
			return
		}
		var d reducer.Document
		if err := d.Replace([]byte(`{"a":{"l":[1,2,3]}}`)); err != nil {
			t.Fatal(err)
		}
		d.Begin(reducer.Want{Changes: true})
		err = readChanges(&Reader{b: payload}, &d)
		if bytes.Equal(b, out.Bytes()) {
			if got := string(d.AppendState(nil)); err != nil || got != `{"a":{"l":[1],"b":{}}}` {
				t.Errorf("state = %s, error = %v", got, err)
			}
		}
		_, _, _ = plain.readFailure(payload)
	})
}
