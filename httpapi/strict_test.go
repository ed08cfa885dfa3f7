package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestMisfit sends bodies that are not as they should be: what is wrong is said in words of the sender, the same each time.
func TestMisfit(t *testing.T) {
	s := memory.New(memory.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	for body, want := range map[string]string{
		`{"query":[],"qeury":1}`:                    `there is no member /qeury`,
		`{"query":[],"after":"1"}`:                  `/after is a JSON string that does not fit`,
		`{"query":[],"after":-1}`:                   `/after is a JSON number that does not fit`,
		`{"query":[],"after":1.5}`:                  `/after is a JSON number that does not fit`,
		`{"query":[],"limit":99999999999999999999}`: `/limit is a JSON number that does not fit`,
		`{"query":[],"follow":[true]}`:              `/follow is a JSON array that does not fit`,
		`[]`:                                        `the body is a JSON array, which does not fit`,
		`{"query":[],"query":[]}`:                   `duplicate object member name "query"`,
		`{"query":[]`:                               `unexpected EOF`,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/read", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.ReplaceAll(string(answer), `\"`, `"`)
		if w.Code != http.StatusBadRequest || !strings.Contains(said, want) || strings.Contains(said, "Go ") || strings.Contains(said, "httpapi") {
			t.Errorf("%s: %d %s; want %s", body, w.Code, said, want)
		}
	}
}
