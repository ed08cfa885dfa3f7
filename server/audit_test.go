package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
)

// TestAudit sends what is administered as one who may, one who may not, and nobody; the store of the server says afterwards who did what.
func TestAudit(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-1", Type: "Placed", Data: []byte(`{}`)}}}); err != nil {
		t.Fatal(err)
	}
	s, end := serve(t, server.Options{Store: served, System: system})
	const erase, malformed = `{"positions":[1],"reason":"asked"}`, `{"positions":"all"}`
	for range 3 {
		requestAs(t, s.URLs()[0], "POST /v1/erase", erase, "")
		requestAs(t, s.URLs()[0], "POST /v1/erase", erase, tokens["read"])
		requestAs(t, s.URLs()[0], "POST /v1/erase", malformed, tokens["admin"])
	}
	requestAs(t, s.URLs()[0], "POST /v1/erase", erase, tokens["operate"])
	requestAs(t, s.URLs()[0], "GET /v1/export", "", tokens["operate"])
	requestAs(t, s.URLs()[0], "GET /v1/export", "", tokens["admin"])
	if err := end(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, err := range system.Read(t.Context(), store.Query{{Stream: auth.AuditStream}}, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		var said struct{ Principal, Action, Route, Target string }
		if err := json.Unmarshal(r.Data, &said); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join([]string{r.Type, said.Principal, said.Action, said.Route, said.Target}, "|"))
	}
	slices.Sort(got)
	if want := []string{"Administered|admin|export||", "Administered|operate|erase||position 1", "Denied|operate||export|", "Denied|read||erase|"}; !slices.Equal(got, want) {
		t.Errorf("the audit has %q; want %q", got, want)
	}
}
