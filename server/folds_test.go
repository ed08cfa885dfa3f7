package server_test

import (
	"testing"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// TestFoldsOfWhatMayNotBeRead asks about streams as one who may read orders alone: what is denied does not say what is there.
func TestFoldsOfWhatMayNotBeRead(t *testing.T) {
	system, served := newStore(t), newStore(t)
	token := people(t, system)["read-some"]
	var c store.Commit
	for _, stream := range []string{"order-1", "stock-1", "$hidden"} {
		c.Events = append(c.Events, store.Event{Stream: stream, Type: "T", Tags: []string{"here"}, Data: []byte(`{"n":1}`)})
	}
	if _, err := served.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: served, System: system})
	for _, tt := range []struct{ target, want string }{
		{"order-1", ""},
		{"order-2", ""}, // it is not there
		{"stock-1", "denied"},
		{"stock-2", "denied"},
		{"stock-1@1", "denied"},
		{"stock-1@9", "denied"},
		{"stream:stock-1", "denied"},
		{"2:stock-1", "denied"},
		{"$hidden", "denied"},
		{"$absent", "denied"},
		{"tag:here", "denied"},
		{"tag:absent", "denied"},
	} {
		for _, path := range []string{"/v1/state?target=" + tt.target, "/v1/blame?target=" + tt.target, "/v1/diff?from=" + tt.target + "&to=" + tt.target} {
			if got := requestAs(t, s.URLs()[0], "GET "+path, "", token); got != tt.want {
				t.Errorf("%s is answered %q; want %q", path, got, tt.want)
			}
		}
	}
}
