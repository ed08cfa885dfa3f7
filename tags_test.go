package gesta_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

type tagged struct {
	Course   string     `gesta:"tag=course"`
	Students []string   `gesta:"tag=student,omitempty"`
	Room     int        `gesta:"tag=room"`
	From     netip.Addr `gesta:"tag=from,omitempty"`
	Online   bool       `gesta:"tag=online"`
	Name     string     `gesta:"personal"`
}

func TestTags(t *testing.T) {
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"tagged": tagged{}})
	if err != nil {
		t.Fatal(err)
	}
	write := func(e tagged, extra ...string) ([]string, error) {
		d := gesta.Decider[int, any]{
			Category: "c", Evolve: func(n int, _ any) int { return n },
			Envelope: func(any) gesta.Envelope { return gesta.Envelope{Tags: extra} },
		}
		res, err := d.Handle(t.Context(), db, "1", func(int) ([]any, error) { return []any{e}, nil })
		if err != nil {
			return nil, err
		}
		return res.Events[0].Tags, nil
	}
	got, err := write(tagged{Course: "c1", Students: []string{"ann", "bob"}, Room: 7, From: netip.MustParseAddr("10.0.0.1"), Name: "x"}, "extra")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"extra", "course:c1", "student:ann", "student:bob", "room:7", "from:10.0.0.1", "online:false"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := write(tagged{Room: 1}); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "field Course is empty") {
		t.Errorf("an empty tag: %v", err)
	}
}
