package httpapi

import (
	"bufio"
	"bytes"
	"io"
	"net/url"
	"reflect"
	"testing"

	"github.com/gestadb/gesta/store"
)

// FuzzBatch decodes what may be a batch; what can be decoded is encoded again to what decodes to the same.
func FuzzBatch(f *testing.F) {
	var b batch
	for _, r := range everyEvent() {
		b.add(&r)
	}
	f.Add(b.appendTo(nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		events, err := unbatched(p)
		if err != nil {
			return
		}
		var again batch
		for i := range events {
			again.add(&events[i])
		}
		got, err := unbatched(again.appendTo(nil))
		if err != nil || !reflect.DeepEqual(events, got) {
			t.Errorf("%v\nbefore %+v\nafter  %+v", err, events, got)
		}
	})
}

// FuzzFrames reads what may be a stream of frames, and decodes each.
func FuzzFrames(f *testing.F) {
	stream := []byte(magic)
	stream = appendBeginning(stream, &beginning{store: "s", until: 7})
	stream = appendProgress(stream, progress{7, true})
	for _, c := range everyCommit() {
		stream, _ = appendCommitFrame(stream, &c)
	}
	stream = appendResultFrame(stream, &store.Result{First: 1, Last: 2, Versions: []store.StreamVersion{{Stream: "a", Version: 1}}})
	stream = appendRecordedFrame(stream, &store.RecordedCommit{Key: "k", Events: everyEvent(), Salts: [][]byte{{1}, nil}})
	stream = appendErrorFrame(stream, &store.ConflictError{Failed: []store.GuardFailure{{Guard: store.NoneMatch{}, Events: everyEvent()}}})
	stream = appendStreamFrame(stream, &store.StreamInfo{Stream: "a"})
	stream = appendTypeFrame(stream, &store.TypeInfo{Type: "a"})
	f.Add(appendEnd(stream, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		frames := newFrameReader(bytes.NewReader(b), 64)
		for {
			kind, p, err := frames.next()
			if err != nil {
				return
			}
			_ = decodeAny(kind, p)
		}
	})
}

func decodeAny(kind frameKind, p []byte) (err error) {
	switch kind {
	case frameBegin:
		_, err = decodeBeginning(p)
	case frameEvents:
		_, err = unbatched(p)
	case frameProgress:
		_, err = decodeProgress(p)
	case frameEnd:
		_, err = decodeEnd(p)
	case frameError:
		err = decodeError(p)
	case frameCommit:
		_, err = decodeCommit(p)
	case frameResult:
		_, err = decodeResult(p)
	case frameRecorded:
		_, err = decodeRecorded(p)
	case frameStream:
		_, err = decodeStream(p)
	case frameType:
		_, err = decodeType(p)
	case frameHeartbeat, frameAbort:
	}
	return err
}

// FuzzBodies decodes what may be the body of a request of any route.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{
		`{"query":[],"after":0,"until":900,"knownAt":"2026-11-01T10:06:00Z","limit":100,"backward":false,"follow":false,"system":true}`,
		`{"query":[{"types":["A"]}],"knownAt":12}`, `{"positions":[1,2],"reason":"r"}`,
		`{"events":[{"type":"T","tags":["a"],"data":"{}"}],"condition":{"failIfEventsMatch":{"items":[{"types":["T"]}]},"after":3}}`,
		`{"specversion":"1.0","id":"1","source":"s","type":"T","subject":"a-1","time":"2026-11-01T10:06:00Z","data":{"a":1},"tags":"[\"x\"]","other":7}`,
		`[{"specversion":"1.0","id":"1","source":"s","type":"T","datacontenttype":"text/plain","data":"hello"}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = decodeReadBody(b)
		_, _ = decodeErasure(b)
		_, _ = decodeDCBAppend(b)
		_, _ = decodeCloudEvent(b)
		_, _ = decodeCloudEvents(b)
		if v, err := url.ParseQuery(string(b)); err == nil {
			_, _ = decodeReadQuery(v)
			_, _, _ = decodeDCBRead(v)
		}
	})
}

// FuzzCloudEvent takes what may be a CloudEvent in, gives it out, and takes that in: the event is the same.
func FuzzCloudEvent(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"T","subject":"a-1","time":"2026-11-01T10:06:00Z","data":{"a":1},"actor":"ada"}`))
	f.Add([]byte(`{"specversion":"1.0","id":"0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11","source":"s","type":"T","datacontenttype":"text/plain","data":"hello"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeCloudEvent(b)
		if err != nil || c.Validate() != nil {
			return
		}
		first := store.Recorded{Event: c.Events[0], Position: 1, Commit: 1, RecordedAt: firstTime}
		again, err := decodeCloudEvent(appendCloudEvent(nil, "", &first))
		if err != nil {
			t.Fatalf("%s: %v", appendCloudEvent(nil, "", &first), err)
		}
		want, got := c.Events[0], again.Events[0]
		if want.EffectiveAt.IsZero() {
			want.EffectiveAt = firstTime
		}
		if want.ID == "" {
			got.ID = ""
		}
		want.Metadata, got.Metadata = nil, nil
		if want.ContentType == "" && len(want.Data) == 0 || !isJSONType(want.ContentType) && len(want.Data) == 0 {
			got.ContentType = want.ContentType // it is not told of data that is not there
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("before %+v\nafter  %+v", want, got)
		}
	})
}

// FuzzLines reads what may be a stream of lines: none is lost, and none is larger than it may be.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n\n  b \r\nccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\nd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := held{most: 1 << 20}
		lines := &lineReader{r: bufio.NewReaderSize(bytes.NewReader(b), 16), most: 64, long: gathering{hold: hold{of: &h}}}
		var want int64
		for l := range bytes.SplitSeq(b, []byte("\n")) {
			if want++; len(trimEnd(l)) == 0 {
				continue
			}
			got, err := lines.next()
			if err == io.EOF { //nolint:errorlint // as bufio has it
				t.Fatalf("line %d is missing", want)
			}
			if lines.number != want || err == nil && !bytes.Equal(got, trimEnd(l)) {
				t.Fatalf("line %d is %q, %v; want %q as %d", lines.number, got, err, l, want)
			}
		}
		if _, err := lines.next(); err == nil {
			t.Error("a line too many")
		}
		if lines.close(); h.used.Load() != 0 {
			t.Errorf("%d bytes are held", h.used.Load())
		}
	})
}
