package gestatest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// encoder makes stored events of bodies as a DB with the same options does. A nil encoder knows no types: it leaves out what they would say.
type encoder struct {
	options []gesta.Option
	db      *gesta.DB    // on a store of its own
	encoded atomic.Int64 // it names the streams of db
}

// newEncoder returns the encoder for options, and fails the test when they are wrong.
func newEncoder(t testing.TB, options []gesta.Option) *encoder {
	t.Helper()
	db, err := gesta.New(memory.New(memory.Options{}), options...)
	if err != nil {
		t.Fatalf("the types are refused: %v", err)
	}
	return &encoder{options: options, db: db}
}

// scratch is what events are encoded with: a decider that takes anything.
var scratch = gesta.Decider[struct{}, any]{Category: "gestatest", Evolve: func(s struct{}, _ any) struct{} { return s }}

// encode returns what would be stored of body in an envelope, without stream and id. A body that would not come back from the store as it is now is an error.
func (c *encoder) encode(ctx context.Context, body any, envelope gesta.Envelope, compare []cmp.Option) (e store.Event, err error) {
	if body == nil {
		return e, errors.New("it is nil")
	}
	metadata, err := metadataOf(envelope.Metadata)
	if err != nil {
		return e, err
	}
	e = store.Event{Tags: slices.Clone(envelope.Tags), EffectiveAt: store.Time(envelope.EffectiveAt), Metadata: metadata}
	if c == nil {
		return e, nil
	}
	d := scratch
	d.Envelope = func(any) gesta.Envelope {
		return gesta.Envelope{Tags: envelope.Tags, EffectiveAt: envelope.EffectiveAt}
	}
	res, err := d.Handle(ctx, c.db, strconv.FormatInt(c.encoded.Add(1), 10), func(struct{}) ([]any, error) { return []any{body}, nil })
	if err != nil {
		return e, err
	}
	r := res.Events[0].Recorded
	if err := c.returns(&r, body, compare); err != nil {
		return e, err
	}
	r.Metadata = metadata
	return r.Event, nil
}

// returns says whether a recorded event is read as the body that was written.
func (c *encoder) returns(r *store.Recorded, body any, compare []cmp.Option) error {
	back, err := c.db.Decode(r)
	if err != nil {
		return err
	}
	if len(back) != 1 {
		return fmt.Errorf("it comes back as %d events", len(back))
	}
	if d := diff(body, back[0].Body, compare); d != "" {
		return fmt.Errorf("it does not come back from the store as it was (-written +read):\n%s", d)
	}
	return nil
}

// at returns a DB on a store.
func (c *encoder) at(t testing.TB, s store.Store) *gesta.DB {
	t.Helper()
	db, err := gesta.New(s, c.options...)
	if err != nil {
		t.Fatalf("the types are refused: %v", err)
	}
	return db
}
