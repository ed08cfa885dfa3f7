package history_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// blameLines says all that a blame has.
func blameLines(t *testing.T, s store.Store, sel history.Selection, o history.BlameOptions) (lines []string) {
	t.Helper()
	b, err := history.FoldBlame(t.Context(), s, sel, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range b.Leaves {
		m := leaf.Event
		lines = append(lines, fmt.Sprintf("%s %s #%d %s@%d %s %s late=%v", leaf.Path, leaf.Value, m.Position, m.Stream, m.Version, m.Type, m.Actor, leaf.Late))
	}
	return lines
}

// corrected is a history of a correction that comes late.
func corrected(t *testing.T) (*fixture, history.Selection) {
	t.Helper()
	s := newFixture(t)
	first := event("a-1", "Made", `{"city":"Lyon","due":38.50,"items":[{"sku":"x","n":1},{"sku":"y","n":2}]}`)
	first.Metadata = []byte(`{"Actor":"no","actor":"ada"}`)
	s.commit(first)
	s.commit(event("a-1", "Moved", `{"city":"Nice","due":38.5}`))
	correction := event("a-1", "Corrected", `{"city":"Metz","items":[{"sku":"y","n":2}]}`)
	correction.EffectiveAt, correction.Metadata = day(1).Add(1), []byte(`["actor"]`)
	s.commit(correction)
	return s, history.Selection{Subject: history.Stream, Name: "a-1", Until: 3}
}

func TestBlame(t *testing.T) {
	s, sel := corrected(t)
	for _, tt := range []struct {
		name    string
		options history.BlameOptions
		want    []string
	}{
		{"in the order of the store", history.BlameOptions{}, []string{
			`/city "Metz" #3 a-1@3 Corrected  late=true`, `/due 38.5 #1 a-1@1 Made ada late=false`,
			`/items/0/n 2 #3 a-1@3 Corrected  late=true`, `/items/0/sku "y" #3 a-1@3 Corrected  late=true`,
		}},
		{"by key, below a path", history.BlameOptions{ArrayKey: "sku", Path: reducer.Path{"items"}}, []string{
			`/items/[sku="y"]/n 2 #1 a-1@1 Made ada late=false`, `/items/[sku="y"]/sku "y" #1 a-1@1 Made ada late=false`,
		}},
		{"by when they took effect", history.BlameOptions{StateOptions: history.StateOptions{EffectiveAt: day(9)}}, []string{
			`/city "Nice" #2 a-1@2 Moved  late=false`, `/due 38.5 #1 a-1@1 Made ada late=false`,
			`/items/0/n 2 #3 a-1@3 Corrected  late=true`, `/items/0/sku "y" #3 a-1@3 Corrected  late=true`,
		}},
		{"removed", history.BlameOptions{Reverse: true}, []string{
			`/items/1/n 2 #3 a-1@3 Corrected  late=true`, `/items/1/sku "y" #3 a-1@3 Corrected  late=true`,
		}},
		{"removed by key", history.BlameOptions{Reverse: true, ArrayKey: "sku"}, []string{
			`/items/[sku="x"]/n 1 #3 a-1@3 Corrected  late=true`, `/items/[sku="x"]/sku "x" #3 a-1@3 Corrected  late=true`,
		}},
	} {
		if diff := cmp.Diff(tt.want, blameLines(t, s, sel, tt.options)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestLateChanges: the events that log -p shows say whether they are late, wherever one begins to look.
func TestLateChanges(t *testing.T) {
	s, sel := corrected(t)
	for name, o := range map[string]history.ChangesOptions{
		"in order": {InOrder: true}, "batch": {}, "effective": {StateOptions: history.StateOptions{EffectiveAt: day(9)}},
	} {
		events := func(yield func(store.Recorded, error) bool) { yield(recorded(t, s, 3), nil) }
		for c, err := range sel.Changes(t.Context(), s, events, o) {
			if err != nil || !c.Late {
				t.Errorf("%s: event %d is late: %v, %v", name, c.Event.Position, c.Late, err)
			}
		}
	}
}

func recorded(t *testing.T, s store.Store, p store.Position) store.Recorded {
	t.Helper()
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{After: p - 1, Until: p}) {
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Fatalf("there is no event %d", p)
	return store.Recorded{}
}

// TestErrorsOfFolds: an error of the store or the rule ends every answer, and says where.
func TestErrorsOfFolds(t *testing.T) {
	s, sel := corrected(t)
	earlier := sel
	earlier.Until = 1
	for name, ask := range map[string]func(o history.StateOptions) error{
		"blame": func(o history.StateOptions) error {
			_, err := history.FoldBlame(t.Context(), s, sel, history.BlameOptions{StateOptions: o})
			return err
		},
		"diff": func(o history.StateOptions) error {
			_, err := history.Diff(t.Context(), s, earlier, sel, history.DiffOptions{StateOptions: o})
			return err
		},
		"diff of the store": func(o history.StateOptions) (err error) {
			for _, err = range history.DiffStore(t.Context(), s, 0, 3, history.DiffOptions{StateOptions: o}) {
			}
			return err
		},
		"pick": func(o history.StateOptions) error {
			_, err := sel.Pick(t.Context(), s, history.Pickaxe{}, 0, o)
			return err
		},
		"pick in the store": func(o history.StateOptions) error {
			whole := history.Selection{Until: 3}
			_, err := whole.Pick(t.Context(), s, history.Pickaxe{}, 0, o)
			return err
		},
		"changes": func(o history.StateOptions) (err error) {
			for _, err = range sel.Changes(t.Context(), s, sel.Events(t.Context(), s, true, nil), history.ChangesOptions{StateOptions: o}) {
			}
			return err
		},
		"changes in order": func(o history.StateOptions) (err error) {
			for _, err = range sel.Changes(t.Context(), s, sel.Events(t.Context(), s, false, nil), history.ChangesOptions{StateOptions: o, InOrder: true}) {
			}
			return err
		},
	} {
		err := ask(history.StateOptions{Reducer: failing{}})
		var facts *eventjson.Error
		if !errors.As(err, &facts) || facts.Code != eventjson.CodeReducer || facts.Position != 2 || !strings.Contains(err.Error(), "no state") {
			t.Errorf("%s: error = %v", name, err)
		}
		if err := ask(history.StateOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTruncated: a stream that lost its first events has no state, and every answer says so.
func TestTruncatedAnswers(t *testing.T) {
	s, sel := corrected(t)
	truncater, ok := store.As[store.Truncater](s.Store)
	if !ok {
		t.Fatal("the store cannot truncate")
	}
	if first, err := truncater.Truncate(t.Context(), 2); err != nil || first != 3 {
		t.Fatalf("the store begins with %d, %v", first, err)
	}
	_, blame := history.FoldBlame(t.Context(), s, sel, history.BlameOptions{})
	earlier := sel
	earlier.Until = 2
	_, diff := history.Diff(t.Context(), s, earlier, sel, history.DiffOptions{})
	_, pick := sel.Pick(t.Context(), s, history.Pickaxe{}, 0, history.StateOptions{})
	for name, err := range map[string]error{"blame": blame, "diff": diff, "pick": pick} {
		if !errors.Is(err, store.ErrTruncated) {
			t.Errorf("%s of a stream whose beginning is gone: error = %v", name, err)
		}
	}
}
