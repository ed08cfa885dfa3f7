package eventjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const commitText = `{"key":"req-9","events":[{"stream":"order-42","type":"Shipped","data":{"by":"wms"}}],` +
	`"guards":[{"streamAt":{"stream":"order-42","version":6}},{"streamExists":{"stream":"c-77"}},` +
	`{"noneMatch":{"query":[{"types":["Shipped","Cancelled"],"tags":["order:42"]},{"category":"stock"}],"after":1188}}],` +
	`"tracking":{"source":"billing","position":77}}`

func TestCommit(t *testing.T) {
	want := store.Commit{
		Key:    "req-9",
		Events: []store.Event{{Stream: "order-42", Type: "Shipped", Data: []byte(`{"by":"wms"}`)}},
		Guards: []store.Guard{
			store.StreamAt{Stream: "order-42", Version: 6},
			store.StreamExists{Stream: "c-77"},
			store.NoneMatch{Query: store.Query{{Types: []string{"Shipped", "Cancelled"}, Tags: []string{"order:42"}}, {Category: "stock"}}, After: 1188},
		},
		Tracking: &store.Tracking{Source: "billing", Position: 77},
	}
	for name, decode := range map[string]func([]byte) (store.Commit, error){"commit": eventjson.DecodeCommit, "line": eventjson.DecodeLine} {
		t.Run(name, func(t *testing.T) {
			got, err := decode([]byte(commitText))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(commitText, string(eventjson.AppendCommit(nil, &want))); diff != "" {
		t.Errorf("AppendCommit (-want +got):\n%s", diff)
	}
}

func TestLineWithAnEvent(t *testing.T) {
	got, err := eventjson.DecodeLine([]byte(`{"guards":[{"noneMatch":{"query":[]}}],"data":1,"type":"A","key":"k","tracking":{"source":"s","position":1}}`))
	want := store.Commit{
		Key: "k", Events: []store.Event{{Type: "A", Data: []byte("1")}},
		Guards: []store.Guard{store.NoneMatch{Query: store.Query{}}}, Tracking: &store.Tracking{Source: "s", Position: 1},
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAcknowledgement(t *testing.T) {
	result := store.Result{First: 1120, Last: 1121, Versions: []store.StreamVersion{{Stream: "order-42", Version: 6}, {Stream: `a"b`, Version: 1}}}
	failed := eventjson.Error{Code: eventjson.CodeConflict, Message: "no", Line: 2}
	tests := []struct{ name, got, want string }{
		{
			"with a line", string(eventjson.AppendAcknowledgement(nil, 1, &result, nil)),
			`{"line":1,"ok":true,"first":1120,"last":1121,"duplicate":false,"versions":{"order-42":6,"a\"b":1}}`,
		},
		{
			"without", string(eventjson.AppendAcknowledgement(nil, 0, &store.Result{Duplicate: true}, nil)),
			`{"ok":true,"first":0,"last":0,"duplicate":true,"versions":{}}`,
		},
		{
			"refused", string(eventjson.AppendAcknowledgement(nil, 2, nil, &failed)),
			`{"line":2,"ok":false,"error":{"code":"conflict","message":"no","line":2}}`,
		},
		{
			"result", string(eventjson.AppendResult(nil, &store.Result{First: 1, Last: 1})),
			`{"first":1,"last":1,"duplicate":false,"versions":{}}`,
		},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestDecodeCommitStopsAtTheLimit gives a commit whose text is short for what it would take in memory.
func TestDecodeCommitStopsAtTheLimit(t *testing.T) {
	events := `{"events":[` + strings.Repeat(`{"type":"a"},`, 1<<20) + `{"type":"a"}]}`
	if c, err := eventjson.DecodeCommit([]byte(events)); !errors.Is(err, store.ErrTooLarge) || len(c.Events) > 1<<20 {
		t.Errorf("DecodeCommit = %d events, %v; want an error that is %v", len(c.Events), err, store.ErrTooLarge)
	}
	guards := `{"events":[],"guards":[` + strings.Repeat(`{"streamExists":{"stream":"a"}},`, 1<<12) + `{"streamExists":{"stream":"a"}}]}`
	if c, err := eventjson.DecodeLine([]byte(guards)); !errors.Is(err, store.ErrTooLarge) || len(c.Guards) > store.MaxGuards {
		t.Errorf("DecodeLine = %d guards, %v; want an error that is %v", len(c.Guards), err, store.ErrTooLarge)
	}
}
