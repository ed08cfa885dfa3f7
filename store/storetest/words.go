package storetest

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/internal/script"
	"github.com/gestadb/gesta/store"
)

// bare returns the first argument that is a bare word, and "" when there is none.
func bare(c script.Cmd) string {
	for _, a := range c.Args {
		if a.Value == "" {
			return a.Key
		}
	}
	return ""
}

// parseCommit reads the arguments and lines of an append.
func parseCommit(c script.Cmd) (store.Commit, error) {
	var commit store.Commit
	event := script.Cmd{Name: "-"}
	for _, a := range c.Args {
		var err error
		switch a.Key {
		case "times":
		case "key":
			commit.Key = a.Value
		case "track":
			commit.Tracking, err = parseTracking(a.Value)
		case "at", "exists", "none":
			var g store.Guard
			g, err = parseGuard(a)
			commit.Guards = append(commit.Guards, g)
		default:
			event.Args = append(event.Args, a)
		}
		if err != nil {
			return commit, err
		}
	}
	if len(event.Args) > 0 { // the first word is the stream
		event.Name, event.Args = event.Args[0].Key, event.Args[1:]
		e, err := parseEvent(event)
		return store.Commit{Events: []store.Event{e}, Guards: commit.Guards, Key: commit.Key, Tracking: commit.Tracking}, err
	}
	for line := range strings.Lines(c.Input) {
		words, err := script.Parse(line)
		if err != nil {
			return commit, err
		}
		e, err := parseEvent(words)
		if err != nil {
			return commit, err
		}
		commit.Events = append(commit.Events, e)
	}
	return commit, nil
}

// parseEvent reads STREAM TYPE [tag=T]… [data=D] [meta=M] [id=ID] [schema=N] [content=C] [effective=TIME]; the stream -
// is none.
func parseEvent(words script.Cmd) (store.Event, error) {
	var e store.Event
	if words.Name != "-" {
		e.Stream = words.Name
	}
	for i, a := range words.Args {
		var err error
		switch {
		case i == 0:
			e.Type = a.Key
		case a.Key == "tag":
			e.Tags = append(e.Tags, a.Value)
		case a.Key == "data":
			e.Data = []byte(a.Value)
		case a.Key == "meta":
			e.Metadata = []byte(a.Value)
		case a.Key == "id":
			e.ID = a.Value
		case a.Key == "content":
			e.ContentType = a.Value
		case a.Key == "schema":
			var n uint64
			n, err = strconv.ParseUint(a.Value, 10, 32)
			e.SchemaVersion = uint32(n)
		case a.Key == "effective":
			e.EffectiveAt, err = time.Parse(time.RFC3339Nano, a.Value)
		default:
			err = fmt.Errorf("an event has no %q", a.Key)
		}
		if err != nil {
			return e, err
		}
	}
	return e, nil
}

// parseGuard reads at=STREAM:N, exists=STREAM or none=QUERY, where a word after=P of the query is the guard's After.
func parseGuard(a script.Arg) (store.Guard, error) {
	switch a.Key {
	case "at":
		stream, n, err := parseNumbered(a.Value)
		return store.StreamAt{Stream: stream, Version: n}, err
	case "exists":
		return store.StreamExists{Stream: a.Value}, nil
	}
	words, err := script.Parse("none " + a.Value)
	if err != nil {
		return nil, err
	}
	g := store.NoneMatch{}
	if words.Has("after") {
		n, err := strconv.ParseUint(words.Arg("after"), 10, 64)
		if err != nil {
			return nil, err
		}
		g.After = store.Position(n)
	}
	g.Query, err = parseQuery(words, "after")
	return g, err
}

// parseTracking reads SOURCE:N.
func parseTracking(s string) (*store.Tracking, error) {
	source, n, err := parseNumbered(s)
	return &store.Tracking{Source: source, Position: n}, err
}

// parseNumbered reads NAME:N.
func parseNumbered(s string) (string, uint64, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0, fmt.Errorf("%q is not NAME:N", s)
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 64)
	return s[:i], n, err
}

// parseQuery reads the words stream=S, category=C, type=T[,T]…, tag=T and all (an item without parts), with OR between
// items; others are errors, unless they are among the rest.
func parseQuery(words script.Cmd, rest ...string) (store.Query, error) {
	var q store.Query
	var it *store.Item
	item := func() *store.Item {
		if it == nil {
			q = append(q, store.Item{})
			it = &q[len(q)-1]
		}
		return it
	}
	for _, a := range words.Args {
		switch a.Key {
		case "OR":
			it = nil
		case "all":
			item()
		case "stream":
			item().Stream = a.Value
		case "category":
			item().Category = a.Value
		case "type":
			item().Types = append(item().Types, strings.Split(a.Value, ",")...)
		case "tag":
			item().Tags = append(item().Tags, a.Value)
		default:
			if err := (script.Cmd{Name: words.Name, Args: []script.Arg{a}}).Only(rest...); err != nil {
				return nil, err
			}
		}
	}
	return q, nil
}

// parseRead reads the arguments of a read.
func parseRead(c script.Cmd) (store.Query, store.ReadOptions, error) {
	o := store.ReadOptions{Backward: c.Has("backward"), Follow: c.Has("follow")}
	for _, a := range c.Args {
		var err error
		var n uint64
		switch a.Key {
		case "after":
			n, err = strconv.ParseUint(a.Value, 10, 64)
			o.After = store.Position(n)
		case "until":
			n, err = strconv.ParseUint(a.Value, 10, 64)
			o.Until = store.Position(n)
		case "limit":
			o.Limit, err = strconv.Atoi(a.Value)
		case "asof":
			o.AsOf, err = time.Parse(time.RFC3339Nano, a.Value)
		}
		if err != nil {
			return nil, o, err
		}
	}
	q, err := parseQuery(c, "after", "until", "limit", "asof", "backward", "follow", "at", "times", "commits")
	return q, o, err
}

// parseRecorded reads commits to restore: a line commit TIME [key=K] [track=SOURCE:N] [after=P] begins each, lines
// POSITION STREAM[@VERSION] TYPE … [erased=P] are its events.
func parseRecorded(input string) ([]store.RecordedCommit, error) {
	var commits []store.RecordedCommit
	for line := range strings.Lines(input) {
		words, err := script.Parse(line)
		if err != nil {
			return nil, err
		}
		if words.Name == "commit" {
			rc, err := parseRecordedCommit(words)
			if err != nil {
				return nil, err
			}
			commits = append(commits, rc)
			continue
		}
		if len(commits) == 0 {
			return nil, fmt.Errorf("the event %q has no commit", line)
		}
		rc := &commits[len(commits)-1]
		r, err := parseRecordedEvent(words)
		if err != nil {
			return nil, err
		}
		r.RecordedAt, r.Tracking, r.Commit = rc.RecordedAt, rc.Tracking, r.Position
		if len(rc.Events) > 0 {
			r.Commit = rc.Events[0].Position
		}
		rc.Events = append(rc.Events, r)
	}
	return commits, nil
}

func parseRecordedCommit(words script.Cmd) (rc store.RecordedCommit, err error) {
	if rc.RecordedAt, err = time.Parse(time.RFC3339Nano, bare(words)); err != nil {
		return rc, err
	}
	rc.Key = words.Arg("key")
	if words.Has("track") {
		if rc.Tracking, err = parseTracking(words.Arg("track")); err != nil {
			return rc, err
		}
	}
	if words.Has("after") {
		n, err := strconv.ParseUint(words.Arg("after"), 10, 64)
		rc.After = store.Position(n)
		return rc, err
	}
	return rc, nil
}

func parseRecordedEvent(words script.Cmd) (r store.Recorded, err error) {
	p, err := strconv.ParseUint(words.Name, 10, 64)
	if err != nil || len(words.Args) < 2 {
		return r, fmt.Errorf("%q does not begin POSITION STREAM TYPE: %w", words.Name, err)
	}
	r.Position = store.Position(p)
	var rest []script.Arg
	for _, a := range words.Args[1:] {
		if a.Key != "erased" {
			rest = append(rest, a)
			continue
		}
		n, err := strconv.ParseUint(a.Value, 10, 64)
		if err != nil {
			return r, err
		}
		r.Erased = store.Position(n)
	}
	stream, version, numbered := strings.Cut(words.Args[0].Key, "@")
	if numbered {
		if r.Version, err = strconv.ParseUint(version, 10, 64); err != nil {
			return r, err
		}
	}
	r.Event, err = parseEvent(script.Cmd{Name: stream, Args: rest})
	return r, err
}

// sequence yields the members of a list.
func sequence[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}
