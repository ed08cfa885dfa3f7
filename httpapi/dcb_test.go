package httpapi_test

import (
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestDCBConditionsAboveSystemStreams appends under the condition that nothing came after the last event that was read, where an event of a system stream did.
func TestDCBConditionsAboveSystemStreams(t *testing.T) {
	s := memory.New(memory.Options{})
	t.Cleanup(func() { _ = s.Close() })
	for _, stream := range []string{"", "$erasures"} {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: stream, Type: "T"}}}); err != nil {
			t.Fatal(err)
		}
	}
	server := serveHandler(t, s, httpapi.Options{})
	const body = `{"events":[{"type":"T","tags":[],"data":""}],"condition":{"failIfEventsMatch":{"items":[]},"after":1}}`
	for _, want := range []string{"false", "true"} { // the first breaks the condition of the second
		if _, got := ask(t, server.URL, "POST /append "+jsonBody, body); !strings.Contains(got, `"appendConditionFailed":`+want) {
			t.Errorf("%s; want %s", got, want)
		}
	}
}
