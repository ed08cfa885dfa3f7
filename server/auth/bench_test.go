package auth_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// BenchmarkRead reads 10,000 events of 100 streams as several kinds of principals, and without one.
func BenchmarkRead(b *testing.B) {
	inner := memory.New(memory.Options{})
	var c store.Commit
	for i := range 10_000 {
		c.Events = append(c.Events, store.Event{Stream: fmt.Sprintf("order-%d", i%100), Type: "T", Data: []byte(`{"x":1}`)})
	}
	if _, err := inner.Append(b.Context(), c); err != nil {
		b.Fatal(err)
	}
	stores := []struct {
		name string
		s    store.Store
	}{
		{"none", inner},
		{"admin", as(b, inner, auth.Admin)},
		{"everything", as(b, inner, auth.Read)},
		{"category", as(b, inner, auth.Read, "order-*")},
		{"globs=8", as(b, inner, auth.Read, "a*", "b*", "c*", "d*", "e*", "f*", "g*", "o*")},
	}
	for _, s := range stores {
		b.Run("as="+s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range s.s.Read(b.Context(), nil, store.ReadOptions{}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkRequest makes the store of a request and appends an event through it.
func BenchmarkRequest(b *testing.B) {
	const metadata = `{"correlationId":"req-9","causationId":"0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b10"}`
	for _, kind := range []struct {
		name     string
		metadata []byte
	}{{"none", nil}, {"some", []byte(metadata)}} {
		b.Run("metadata="+kind.name, func(b *testing.B) {
			gate := auth.NewGate(discard{memory.New(memory.Options{})})
			p := must(auth.NewPrincipal("ada", auth.Append, "order-*"))
			c := store.Commit{Events: []store.Event{{Stream: "order-42", Type: "T", Metadata: kind.metadata}}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := gate.Store(p, parent).Append(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkToken finds the user of a token.
func BenchmarkToken(b *testing.B) {
	u := openUsers(b, memory.New(memory.Options{}), cheap)
	ok(b, u.Add(b.Context(), "", auth.User{Name: "ada", Role: auth.Read}))
	_, secret, err := u.CreateToken(b.Context(), "", auth.NewToken{User: "ada"})
	ok(b, err)
	header := auth.NewSecret("Bearer " + secret.Reveal())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Header(b.Context(), header, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is a store that says yes.
type discard struct{ *memory.Store }

// Append keeps nothing.
func (discard) Append(context.Context, store.Commit) (store.Result, error) {
	return store.Result{}, nil
}
