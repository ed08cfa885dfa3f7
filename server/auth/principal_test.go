package auth_test

import (
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

func TestContext(t *testing.T) {
	p := must(auth.NewPrincipal("ada", auth.Read))
	if got := auth.PrincipalOf(auth.WithPrincipal(t.Context(), p)); got != p {
		t.Errorf("got %v", got)
	}
	if got := auth.PrincipalOf(t.Context()); got != nil {
		t.Errorf("got %v", got)
	}
	var nobody *auth.Principal
	s := auth.Store(memory.New(memory.Options{}), nobody, "")
	if nobody.May(auth.Read, "a") || nobody.Everywhere(auth.Read) || nobody.Name() != "" {
		t.Error("nobody may do something")
	}
	_, err := s.Append(t.Context(), store.Commit{})
	wantCode(t, err, eventjson.CodeDenied)
	_, err = collect(s.Read(t.Context(), nil, store.ReadOptions{}))
	wantCode(t, err, eventjson.CodeDenied)
	_, err = s.Head(t.Context())
	wantCode(t, err, eventjson.CodeDenied)
}
