package gesta_test

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

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

// writeTags writes events of the type of e with tags of its envelope, and returns those that are stored.
func writeTags(t *testing.T, e any, extra ...string) ([]string, error) {
	t.Helper()
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"tagged": e})
	if err != nil {
		t.Fatal(err)
	}
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

func TestTags(t *testing.T) {
	got, err := writeTags(t, tagged{Course: "c1", Students: []string{"ann", "bob"}, Room: 7, From: netip.MustParseAddr("10.0.0.1"), Name: "x"}, "extra")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"extra", "course:c1", "student:ann", "student:bob", "room:7", "from:10.0.0.1", "online:false"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := writeTags(t, tagged{Room: 1}); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "field Course is empty") {
		t.Errorf("an empty tag: %v", err)
	}
	if got, err := writeTags(t, tagged{Course: "c1", Students: []string{"ann", "bob", "ann"}}, "student:bob"); err != nil {
		t.Error(err)
	} else if diff := cmp.Diff([]string{"student:bob", "course:c1", "student:ann", "room:0", "online:false"}, got); diff != "" {
		t.Errorf("a value twice: %s", diff)
	}
}

// optional has tags that may be missing.
type optional struct {
	Number   int          `gesta:"tag=number,omitempty"`
	Level    level        `gesta:"tag=level,omitempty"`
	Yes      bool         `gesta:"tag=yes,omitempty"`
	Text     string       `gesta:"tag=text,omitempty"`
	Numbers  []int        `gesta:"tag=numbers,omitempty"`
	Addr     *netip.Addr  `gesta:"tag=addr,omitempty"`
	Addrs    []netip.Addr `gesta:"tag=addrs,omitempty"`
	Hash     digest       `gesta:"tag=hash,omitempty"`
	*Holding              // exported, so that it can be read
}

type Holding struct {
	Place string `gesta:"tag=place,omitempty"`
}

// level is a number that writes itself.
type level int

func (l level) MarshalText() ([]byte, error) { return []byte{'a' + byte(l)}, nil }

func (l *level) UnmarshalText(text []byte) error {
	*l = level(text[0] - 'a')
	return nil
}

// digest is an array, which is never empty.
type digest [2]byte

func (d digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

func (d *digest) UnmarshalText(text []byte) error {
	_, err := hex.Decode(d[:], text)
	return err
}

// TestOptionalTags leaves out what encoding/json leaves out.
func TestOptionalTags(t *testing.T) {
	addr := netip.MustParseAddr("::1")
	for name, tt := range map[string]struct {
		event optional
		want  []string
	}{
		"zero": {optional{}, []string{"hash:0000"}},
		"all": {
			optional{1, 1, true, "x", []int{0, 2, 0}, &addr, []netip.Addr{{}, addr}, digest{1}, &Holding{"here"}},
			[]string{"number:1", "level:b", "yes:true", "text:x", "numbers:0", "numbers:2", "addr:::1", "addrs:::1", "hash:0100", "place:here"},
		},
		"empty within": {optional{Numbers: []int{}, Addr: new(netip.Addr), Holding: &Holding{}}, []string{"hash:0000"}},
	} {
		got, err := writeTags(t, tt.event)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	type required struct{ *Place }
	if _, err := writeTags(t, required{}); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "tag place from field Place") {
		t.Errorf("a tag that is needed, within nil: %v", err)
	}
}

type Place struct {
	Place string `gesta:"tag=place"`
}

// TestEmbeddedTags takes the tags of embedded structs for those of the event, also of two with fields of one name in Go.
func TestEmbeddedTags(t *testing.T) {
	type From struct {
		ID string `json:"from" gesta:"tag=from"`
	}
	type To struct {
		ID string `json:"to" gesta:"tag=to"`
	}
	type moved struct {
		From
		To
		Named `json:"named"`
	}
	got, err := writeTags(t, moved{From{"a"}, To{"b"}, Named{"c"}})
	if diff := cmp.Diff([]string{"from:a", "to:b", "name:c"}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

type Named struct {
	Name string `gesta:"tag=name"`
}

// TestMarksAreRefused has marks that would say nothing, or what is not so.
func TestMarksAreRefused(t *testing.T) {
	type within struct {
		ID string `gesta:"tag=course"`
	}
	type nonsense struct {
		ID string `gesta:"nonsense"`
	}
	type day struct{ time.Time }
	for _, tt := range []struct {
		event any
		want  string
	}{
		{struct{ Ref within }{}, "field Ref: field ID: tags are of the event's own fields"},
		{struct{ Refs map[string][]*within }{}, "field Refs: field ID: tags are of the event's own fields"},
		{struct{ Ref struct{ Deep within } }{}, "field Ref: field Deep: field ID: tags are"},
		{struct{ Ref nonsense }{}, `field Ref: field ID: "nonsense" is none of`},
		{struct{ Ref []struct{ Deep nonsense } }{}, `"nonsense" is none of`},
		{struct{ V ownMark }{}, "gesta_test.ownMark makes its own JSON"},
		{marked[string](`tag=course,tag=student`), `a field gives tags of one key, not of "course" and "student"`},
		{marked[string](`tag=course,omitempty,omitempty`), "each of them once"},
		{marked[string](`personal,personal`), "each of them once"},
		{marked[string](`tag=a:b`), `"a:b" is no key of a tag`},
		{marked[string](`tag= a`), `" a" is no key of a tag`},
		{marked[string]("tag=a b"), `"a b" is no key`},
		{marked[string]("tag=a\u200b"), "is no key"},
		{marked[string](`tag=`), "a tag needs its key"},
		{marked[string](`tag=,omitempty`), "a tag needs its key"},
		{marked[string](`omitempty`), "there is none"},
		{marked[[]byte](`tag=id`), "a []uint8 is no tag: bytes"},
		{marked[[4]byte](`tag=id`), "a [4]uint8 is no tag: bytes"},
		{marked[time.Time](`tag=at`), "a time.Time is no tag: equal times"},
		{marked[*time.Time](`tag=at`), "a *time.Time is no tag"},
		{marked[[]time.Time](`tag=at`), "a time.Time is no tag"},
		{marked[day](`tag=at`), "day is no tag: equal times"},
		{marked[struct{ A int }](`tag=a`), "is no tag"},
	} {
		t.Run(reflect.TypeOf(tt.event).String(), func(t *testing.T) {
			if _, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"a": tt.event}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v; want %q", err, tt.want)
			}
		})
	}
}

// ownMark makes its own JSON, so that nobody finds its mark.
type ownMark struct {
	Name string `gesta:"personal"`
}

func (ownMark) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func (*ownMark) UnmarshalJSON([]byte) error { return nil }

// marked returns a struct whose field has a mark.
func marked[T any](mark string) any {
	return reflect.Zero(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[T](), Tag: reflect.StructTag("gesta:" + strconv.Quote(mark))}})).Interface()
}
