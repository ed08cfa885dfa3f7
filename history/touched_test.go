package history

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestTouched lists names in rounds of any size.
func TestTouched(t *testing.T) {
	s := memory.New(memory.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var want []string
	for i := range 100 {
		name := fmt.Sprintf("s-%d", i*37%50)
		if i == 20 {
			name = ""
		}
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: name, Type: "A"}}}); err != nil {
			t.Fatal(err)
		}
		if i >= 10 && i < 40 && name != "" {
			want = append(want, name)
		}
	}
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	for _, room := range []int{1, 3 * nameOverhead, 10 * nameOverhead, maxTouchedBytes} {
		var got []string
		for name, err := range touched(t.Context(), s, nil, 10, 40, room) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("room for %d bytes (-want +got):\n%s", room, diff)
		}
	}
	for name, err := range touched(t.Context(), s, nil, 100, 0, maxTouchedBytes) {
		t.Errorf("%s is touched where nothing lies between, error %v", name, err)
	}
	for name, err := range touched(t.Context(), s, nil, 100, 101, maxTouchedBytes) {
		t.Errorf("%s is listed, a system stream, error %v", name, err)
	}
}
