package protobuf_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/protobuf"
	"github.com/gestadb/gesta/store/memory"
)

// TestMixedStream has messages and structs in one stream. What was stored as JSON, when the type had to be a struct or a message with JSON of its own, is read as JSON.
func TestMixedStream(t *testing.T) {
	s := memory.New(memory.Options{})
	all := gesta.Decider[[]any, any]{Category: "mixed", Evolve: func(s []any, e any) []any { return append(slices.Clip(s), e) }}
	before, err := gesta.New(s, gesta.Types[any]{"values": &structpb.Struct{}, "plain": &plain{}, "renamed": &renamedV1{}})
	if err != nil {
		t.Fatal(err)
	}
	db, err := gesta.New(s, gesta.WithCodec(protobuf.Codec), gesta.Types[any]{"values": &structpb.Struct{}, "plain": &plain{}, "renamed": &wrapperspb.StringValue{}},
		gesta.Upcast("renamed", 1, func(old *renamedV1) *wrapperspb.StringValue { return wrapperspb.String(old.Name) }))
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	write := func(by *gesta.DB, events ...any) {
		t.Helper()
		res, err := all.Handle(t.Context(), by, "1", func([]any) ([]any, error) { return events, nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range res.Events {
			stored = append(stored, e.ContentType)
		}
	}
	if _, err := all.Handle(t.Context(), before, "1", func([]any) ([]any, error) { return []any{values(t), &plain{"a"}, &renamedV1{"old"}}, nil }); err != nil {
		t.Fatal(err)
	}
	write(db, values(t), &plain{"b"}, wrapperspb.String("new"))
	if diff := cmp.Diff([]string{"application/protobuf", "", "application/protobuf"}, stored); diff != "" {
		t.Error(diff)
	}
	l, err := all.Load(t.Context(), db, "1")
	if err != nil {
		t.Fatal(err)
	}
	want := []any{values(t), &plain{"a"}, wrapperspb.String("old"), values(t), &plain{"b"}, wrapperspb.String("new")}
	same := cmp.Comparer(func(a, b proto.Message) bool { return proto.Equal(a, b) })
	if diff := cmp.Diff(want, l.State, same); diff != "" {
		t.Error(diff)
	}
}

type renamedV1 struct{ Name string }
