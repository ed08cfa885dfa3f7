package protobuf_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/apipb"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/protobuf"
)

// The same event, as a struct for JSON and as a message.
type (
	published struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		Syntax  int32    `json:"syntax"`
		Mixins  []string `json:"mixins"`
		Methods []step   `json:"methods"`
	}
	step struct {
		Name   string `json:"name"`
		Stream bool   `json:"stream"`
	}
)

func BenchmarkCodec(b *testing.B) {
	message := &apipb.Api{
		Name: "order-4711", Version: "customer-42", Syntax: 1, Mixins: []*apipb.Mixin{{Name: "a"}},
		Methods: []*apipb.Method{{Name: "sku-1", RequestStreaming: true}, {Name: "sku-2"}},
	}
	event := published{"order-4711", "customer-42", 1, []string{"a"}, []step{{"sku-1", true}, {"sku-2", false}}}
	for _, c := range []struct {
		name  string
		codec gesta.Codec
		event any
		into  func() any
	}{
		{"json", gesta.JSON, event, func() any { return &published{} }},
		{"protobuf", protobuf.Codec, proto.Message(message), func() any { return &apipb.Api{} }},
	} {
		data, err := c.codec.Encode(c.event)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("do=encode/codec="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.codec.Encode(c.event); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(data)), "size/op")
		})
		b.Run("do=decode/codec="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.codec.Decode(data, c.into()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
