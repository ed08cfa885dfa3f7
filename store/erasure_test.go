package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
)

// TestCommitment compares with the formula written out byte by byte.
func TestCommitment(t *testing.T) {
	salt := bytes.Repeat([]byte{7}, store.SaltBytes)
	written := append([]byte{0x10}, salt...)
	written = append(written, 3, 0, 0, 0, 'a', 'b', 'c', 2, 0, 0, 0, '{', '}')
	if got, want := store.Commitment(salt, []byte("abc"), []byte("{}")), sha256.Sum256(written); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	seen := map[[sha256.Size]byte]string{}
	for _, c := range [][3]string{{"s", "ab", "c"}, {"s", "a", "bc"}, {"s", "", "abc"}, {"s", "abc", ""}, {"t", "ab", "c"}, {"s", "", ""}} {
		sum := store.Commitment([]byte(c[0]), []byte(c[1]), []byte(c[2]))
		if other, known := seen[sum]; known {
			t.Errorf("%q commits to the same as %q", c, other)
		}
		seen[sum] = c[1] + "|" + c[2]
	}
}

func TestErasureRoundTrip(t *testing.T) {
	sum := store.Commitment(make([]byte, store.SaltBytes), []byte("x"), nil)
	for _, p := range []store.Position{1, 42, store.MaxPosition} {
		for _, by := range []struct{ reason, actor string }{{"", ""}, {`asked "today" <&>`, "ada"}} {
			e, err := store.NewErasure(p, sum, by.reason, by.actor)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Validate(); err != nil {
				t.Errorf("the event is refused: %v", err)
			}
			if got, ok := store.ErasedPosition(&e); !ok || got != p {
				t.Errorf("the event for %d erases %d, %t", p, got, ok)
			}
			if d := cmp.Diff([]string{store.ErasesTag(p)}, e.Tags); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			var data struct {
				Position           store.Position
				Commitment, Reason string
			}
			var metadata struct{ Actor string }
			if err := json.Unmarshal(e.Data, &data); err != nil || data.Position != p ||
				data.Commitment != hex.EncodeToString(sum[:]) || data.Reason != by.reason {
				t.Errorf("the data of the event is %s, %v", e.Data, err)
			}
			if len(e.Metadata) > 0 && json.Unmarshal(e.Metadata, &metadata) != nil || metadata.Actor != by.actor {
				t.Errorf("the metadata of the event is %s", e.Metadata)
			}
		}
	}
}

func TestErasedPosition(t *testing.T) {
	for name, tt := range map[string]struct {
		e    store.Event
		want store.Position
	}{
		"an erasure":           {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:7"}}, 7},
		"with other tags":      {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"x", "erases:7"}}, 7},
		"in another stream":    {store.Event{Stream: "a-1", Type: "$erasure", Tags: []string{"erases:7"}}, 0},
		"of another type":      {store.Event{Stream: "$erasure", Type: "T", Tags: []string{"erases:7"}}, 0},
		"without tag":          {store.Event{Stream: "$erasure", Type: "$erasure"}, 0},
		"of no position":       {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:0"}}, 0},
		"beyond all positions": {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:9007199254740992"}}, 0},
		"beyond 64 bits":       {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:18446744073709551617"}}, 0},
		"of something else":    {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:x"}}, 0},
		"of a negative":        {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:-7"}}, 0},
		"of the last of them":  {store.Event{Stream: "$erasure", Type: "$erasure", Tags: []string{"erases:9007199254740991"}}, store.MaxPosition},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := store.ErasedPosition(&tt.e); ok != (tt.want != 0) || ok && got != tt.want {
				t.Errorf("got %d, %t; want %d", got, ok, tt.want)
			}
		})
	}
}
