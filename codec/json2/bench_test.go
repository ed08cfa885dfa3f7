package json2_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/json2"
)

// placed is an event as there are many.
type placed struct {
	Order    string    `json:"order"`
	Customer string    `json:"customer"`
	Cents    int64     `json:"cents"`
	Items    []line    `json:"items"`
	At       time.Time `json:"at"`
}

var order = placed{"order-4711", "customer-42", 129900, []line{{"sku-1", 2}, {"sku-2", 1}}, time.Date(2026, 3, 4, 5, 6, 7, 891234000, time.UTC)}

func BenchmarkCodec(b *testing.B) {
	for _, c := range []struct {
		name  string
		codec gesta.Codec
	}{{"json", gesta.JSON}, {"json2", json2.Codec}} {
		if err := c.codec.Check(reflect.TypeFor[placed]()); err != nil {
			b.Fatal(err)
		}
		data, err := c.codec.Encode(order)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("do=encode/codec="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.codec.Encode(order); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("do=decode/codec="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var p placed
				if err := c.codec.Decode(data, &p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
