package protobuf_test

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/apipb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/sourcecontextpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/typepb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gestadb/gesta/codec/protobuf"
)

// wrapped makes a message of another package a member of a union.
type wrapped struct{ wrapperspb.StringValue }

// api returns a message with all kinds of fields that it may have.
func api() *apipb.Api {
	return &apipb.Api{
		Name: "orders", Version: "v1", Syntax: typepb.Syntax_SYNTAX_PROTO3, SourceContext: &sourcecontextpb.SourceContext{FileName: "orders.proto"},
		Methods: []*apipb.Method{
			{Name: "Place", RequestTypeUrl: "x/Place", ResponseTypeUrl: "x/Placed", ResponseStreaming: true},
			{Options: []*typepb.Option{{Name: "deadline", Value: &anypb.Any{TypeUrl: "type.googleapis.com/google.protobuf.Duration", Value: []byte{8, 1}}}}},
			{},
		},
		Mixins: []*apipb.Mixin{{Name: "m", Root: "acl"}},
	}
}

// values returns a message with a map, and with lists in lists.
func values(t testing.TB) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(map[string]any{"n": nil, "b": true, "f": 1.5, "s": "ü", "l": []any{1, []any{}, map[string]any{"x": "y"}}, "": "", "z": map[string]any{"a": 1, "b": 2, "c": 3}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// empty returns a new message of the type of another.
func empty(t *testing.T, like proto.Message) proto.Message {
	t.Helper()
	m, ok := reflect.TypeAssert[proto.Message](reflect.New(reflect.TypeOf(like).Elem()))
	if !ok {
		t.Fatalf("%T is no message", like)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	unknown := &wrapperspb.StringValue{Value: "new"}
	unknown.ProtoReflect().SetUnknown([]byte{0x10, 7})
	renamed := &wrapped{}
	renamed.Value = "wrapped"
	for name, event := range map[string]proto.Message{
		"api": api(), "struct": values(t), "empty": &emptypb.Empty{}, "zero": &apipb.Api{},
		"text": wrapperspb.String("ü\x00"), "bytes": wrapperspb.Bytes([]byte{0, 255}), "number": wrapperspb.Int64(math.MinInt64), "float": wrapperspb.Double(math.Inf(-1)),
		"duration": durationpb.New(-time.Nanosecond), "time": timestamppb.New(time.Unix(-1, 999999999)),
		"proto2":  &descriptorpb.UninterpretedOption_NamePart{NamePart: new("a"), IsExtension: new(false)},
		"unknown": unknown, "wrapped": renamed,
	} {
		t.Run(name, func(t *testing.T) {
			if err := protobuf.Codec.Check(reflect.TypeOf(event)); err != nil {
				t.Fatal(err)
			}
			data, err := protobuf.Codec.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			given := bytes.Clone(data)
			got := empty(t, event)
			if err := protobuf.Codec.Decode(given, got); err != nil {
				t.Fatal(err)
			}
			for i := range given {
				given[i] = 'x' // the codec keeps nothing of it
			}
			if !proto.Equal(event, got) {
				t.Errorf("%v came back as %v", event, got)
			}
			for range 10 {
				if again, err := protobuf.Codec.Encode(got); err != nil || !bytes.Equal(data, again) {
					t.Fatalf("%x, then %x, %v", data, again, err)
				}
			}
		})
	}
}

type (
	plain    struct{ A string }
	withMore struct {
		wrapperspb.StringValue
		More int
	}
	byPointer   struct{ *wrapperspb.StringValue }
	byInterface struct{ proto.Message }
	twofold     struct{ wrapped }
)

// TestCheck has types that are no messages, or more than one.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		event any
		want  string // empty for none
	}{
		{&wrapperspb.StringValue{}, ""},
		{&structpb.Struct{}, ""},
		{&wrapped{}, ""},
		{&twofold{}, ""},
		{plain{}, "is no pointer to a protobuf message"},
		{&plain{}, "is no pointer to a protobuf message"},
		{new(int), "is no pointer to a protobuf message"},
		{new(*wrapperspb.StringValue), "is no pointer to a protobuf message"},
		{byPointer{}, "is no pointer to a protobuf message"},
		{byInterface{}, "is no pointer to a protobuf message"},
		{&withMore{}, "may have nothing else"},
		{&byPointer{}, "may have nothing else"},
		{&byInterface{}, "may have nothing else"},
		{&dynamicpb.Message{}, "only together with its descriptor"},
	} {
		t.Run(reflect.TypeOf(tt.event).String(), func(t *testing.T) {
			err := protobuf.Codec.Check(reflect.TypeOf(tt.event))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
	if err := protobuf.Codec.Check(reflect.TypeFor[wrapperspb.StringValue]()); err == nil {
		t.Error("a message that is no pointer is taken")
	}
}

// TestRefused has values that are not written, and bytes that are not read.
func TestRefused(t *testing.T) {
	var none *wrapperspb.StringValue
	for name, event := range map[string]any{
		"no UTF-8": wrapperspb.String("\xff"), "required and missing": &descriptorpb.UninterpretedOption_NamePart{}, "nil": none, "no message": plain{},
	} {
		if data, err := protobuf.Codec.Encode(event); err == nil {
			t.Errorf("%s was written: %x", name, data)
		}
	}
	for name, data := range map[string]string{"short": "\x0a\x05abc", "no UTF-8": "\x0a\x01\xff", "field 0": "\x00\x00", "open group": "\x0b", "varint": "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if err := protobuf.Codec.Decode([]byte(data), &wrapperspb.StringValue{}); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	deep := &structpb.ListValue{}
	for range 5_001 { // a list is in a value, which is in a list
		deep = &structpb.ListValue{Values: []*structpb.Value{structpb.NewListValue(deep)}}
	}
	data, err := protobuf.Codec.Encode(deep)
	if err != nil {
		t.Fatal(err)
	}
	if err := protobuf.Codec.Decode(data, &structpb.ListValue{}); err == nil {
		t.Error("a message nested 10,003 deep was read")
	}
	if err := protobuf.Codec.Decode(nil, &plain{}); err == nil {
		t.Error("something was read into no message")
	}
}

// FuzzDecode reads damaged bytes. What can be read can be written, and is then the same.
func FuzzDecode(f *testing.F) {
	for _, m := range []proto.Message{api(), values(f)} {
		data, err := protobuf.Codec.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	for _, text := range []string{"", "\x0a", "\x0b\x0c", "\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []proto.Message{&apipb.Api{}, &structpb.Struct{}, &wrapped{}} {
			if protobuf.Codec.Decode(data, m) != nil {
				continue
			}
			once, err := protobuf.Codec.Encode(m)
			if err != nil {
				t.Fatalf("%x was read as %T, and is not written: %v", data, m, err)
			}
			again := empty(t, m)
			if err := protobuf.Codec.Decode(once, again); err != nil {
				t.Fatal(err)
			}
			twice, err := protobuf.Codec.Encode(again)
			if err != nil || !bytes.Equal(once, twice) {
				t.Errorf("%x came back as %x, then %x, %v", data, once, twice, err)
			}
		}
	})
}

// FuzzRoundTrip writes messages and reads them.
func FuzzRoundTrip(f *testing.F) {
	f.Add("text", []byte("bytes"), int64(1), true, uint8(2))
	f.Fuzz(func(t *testing.T, text string, data []byte, i int64, yes bool, n uint8) {
		m := api()
		m.Name, m.Methods[0].Name, m.Methods[0].RequestStreaming, m.Syntax = text, text, yes, typepb.Syntax(i)
		for range n {
			m.Mixins = append(m.Mixins, &apipb.Mixin{Root: text})
		}
		m.Options = []*typepb.Option{{Value: &anypb.Any{Value: data}}}
		written, err := protobuf.Codec.Encode(m)
		if valid := strings.ToValidUTF8(text, "") == text; (err == nil) != valid {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		got := &apipb.Api{}
		if err := protobuf.Codec.Decode(written, got); err != nil || !proto.Equal(m, got) {
			t.Errorf("%v came back as %v, %v", m, got, err)
		}
	})
}
