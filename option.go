package gesta

import (
	"reflect"
	"time"
)

// Option configures a [DB]: a [Types], an upcaster, a codec, a clock.
type Option interface{ configure(b *builder) }

// Options are several as one: what an application knows of its events, for its DB and for its tests.
//
//	var Model = gesta.Options{Types, gesta.Upcast("account.opened", 1, openedSince2026)}
type Options []Option

func (o Options) configure(b *builder) {
	for _, each := range o {
		each.configure(b)
	}
}

// option is an Option that is a function.
type option func(*builder)

func (o option) configure(b *builder) { o(b) }

// WithCodec writes events with the first of the codecs that takes their type, and reads those of each codec by the content type that is stored with them. Without it,
// and for what no codec of it has written, there is [JSON].
func WithCodec(codecs ...Codec) Option {
	return option(func(b *builder) {
		for _, c := range codecs {
			if c == nil {
				b.failf("a codec is nil")
				continue
			}
			b.codecs = append(b.codecs, c)
		}
	})
}

// WithClock makes clock the source of [DB.Now]. Defaults to time.Now.
func WithClock(clock func() time.Time) Option {
	return option(func(b *builder) { b.clock = clock })
}

// StandIn is what is read in place of an event of type T whose payload was erased. Without one, such an event is an [*ErasedError] to whoever folds it: what it said is gone, and
// only the program knows what follows from its type and its tags alone.
func StandIn[T any](body T) Option {
	return option(func(b *builder) {
		t := reflect.TypeFor[T]()
		if _, twice := b.standIns[t]; twice {
			b.failf("%v has two stand-ins", t)
		}
		if b.standIns == nil {
			b.standIns = map[reflect.Type]any{}
		}
		b.standIns[t] = body
	})
}
