package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const (
	// nearSeeks bounds the search for a name that is like one that is not there.
	nearSeeks = 3000

	// nearTime is how long it may take: it only makes an error kinder.
	nearTime = 300 * time.Millisecond
)

// nearStream puts the name of a stream into the hint of an error that says that there is no such stream, where one is like it. It
// returns any other error as it is.
func nearStream(ctx context.Context, s store.Store, err error) error {
	missing, ok := errors.AsType[*eventjson.Error](err)
	if !ok || missing.Code != eventjson.CodeNotFound || missing.Stream == "" {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, nearTime)
	defer cancel()
	n, ok := namesOf(ctx, s, nearSeeks)
	if !ok {
		return err
	}
	near := *missing
	if at := strings.LastIndexByte(missing.Stream, '@'); at > 0 {
		stream := missing.Stream[:at]
		if info, ok := n.first(stream, ""); ok && info.Stream == stream {
			near.Hint = fmt.Sprintf("what follows the @ is a version, as in %s@1; gesta at TIME %s goes by time", stream, stream)
			return &near
		}
	}
	name := n.like(missing.Stream)
	if name == "" || name == missing.Stream {
		return err
	}
	near.Hint = fmt.Sprintf("did you mean %s? %s", name, missing.Hint)
	return &near
}

// noteTypes tells people of a type that no event has, where one is like it: an answer without its events looks like any other.
func (q *question) noteTypes(ctx context.Context, e *env, types []string) {
	lister, ok := store.As[store.Lister](q.Store)
	if !ok || len(types) == 0 || e.jsonMode() || e.global.quiet {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nearTime)
	defer cancel()
	var known []string
	for info, err := range lister.Types(ctx) {
		if err != nil {
			return
		}
		known = append(known, info.Type)
	}
	for _, t := range types {
		if w := nearest(t, known); !slices.Contains(known, t) && w != "" && !strings.HasPrefix(w, "$") {
			e.note("hint: no event has the type %s; did you mean %s?", t, w)
		}
	}
}
