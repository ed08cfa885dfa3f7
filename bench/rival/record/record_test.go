package record_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/record"
)

func FuzzRecord(f *testing.F) {
	f.Add("order-1", "placed", "customer-1", []byte(`{"a":1}`), uint64(1))
	f.Add("", "", "", []byte(nil), uint64(1<<63))
	f.Fuzz(func(t *testing.T, stream, kind, tag string, data []byte, version uint64) {
		e := rival.Event{ID: [16]byte{1, 2, 3}, Stream: stream, Type: kind, Tag: tag, Version: version, Data: data}
		r := record.Append(nil, &e)
		if len(r) > record.Size(&e) {
			t.Errorf("record has %d bytes, Size says at most %d", len(r), record.Size(&e))
		}
		var got rival.Recorded
		if err := record.Decode(r, &got); err != nil {
			t.Fatal(err)
		}
		want := rival.Recorded{ID: string(e.ID[:]), Version: version, Stream: stream, Type: kind, Tag: tag, Data: data}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("decoded (-want +got):\n%s", diff)
		}
		if got, err := record.Version(r); err != nil || got != version {
			t.Errorf("version is %d, %v, want %d", got, err, version)
		}
		// Cut off before its data begins, it is an error.
		for n := range len(r) - len(data) {
			if err := record.Decode(r[:n], &got); err == nil {
				t.Errorf("%d bytes of the record are event %+v", n, got)
			}
		}
	})
}
