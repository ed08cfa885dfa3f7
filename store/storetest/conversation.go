package storetest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/internal/script"
	"github.com/gestadb/gesta/store"
)

// conversations are the files that runConversations runs. Their commands are the methods named do… of talk.
//
//go:embed testdata/*.txt
var conversations embed.FS

func runConversations(t *testing.T, h Harness) {
	script.Run(t, conversations, "testdata/*.txt", h.Rewrite, func(t *testing.T) func(script.Cmd) string {
		if strings.HasSuffix(t.Name(), "/truncation") && !h.ExactTruncate {
			t.Skip("the medium drops in units of its own")
		}
		k := &talk{t: t, h: h, clock: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), stores: map[string]store.Store{}}
		k.use("main")
		return k.do
	})
}

// talk is one conversation.
type talk struct {
	t      *testing.T
	h      Harness
	clock  time.Time
	stores map[string]store.Store // by the names that the conversation gives them
	name   string                 // of the current one
	s      store.Store            // the current one
}

// use makes a store the current one, and opens it the first time.
func (k *talk) use(name string) {
	if k.stores[name] == nil {
		k.stores[name] = k.h.openWith(k.t, Options{Clock: k.now})
	}
	k.name, k.s = name, k.stores[name]
}

func (k *talk) now() time.Time { return k.clock }

// do answers one command.
func (k *talk) do(c script.Cmd) string {
	k.t.Helper()
	answer, ok := map[string]func(context.Context, script.Cmd) string{
		"append": k.doAppend, "clock": k.doClock, "dump": k.doDump, "effective": k.doEffective, "erase": k.doErase,
		"head": k.doHead, "id": k.doID, "lookup": k.doLookup, "read": k.doRead, "reopen": k.doReopen,
		"restore": k.doRestore, "streams": k.doStreams, "tracked": k.doTracked, "truncate": k.doTruncate,
		"types": k.doTypes, "use": k.doUse,
	}[c.Name]
	if !ok {
		k.t.Fatalf("line %d: no command %q", c.Line, c.Name)
	}
	return answer(k.t.Context(), c)
}

// only fails the conversation when a command has an argument beside those it knows.
func (k *talk) only(c script.Cmd, known ...string) {
	k.t.Helper()
	k.check(c, c.Only(known...))
}

// check fails the conversation when a command is malformed.
func (k *talk) check(c script.Cmd, err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatalf("line %d: %v", c.Line, err)
	}
}

// number returns an argument that is a number, 0 when it is not there.
func (k *talk) number(c script.Cmd, key string) uint64 {
	k.t.Helper()
	if !c.Has(key) {
		return 0
	}
	n, err := strconv.ParseUint(c.Arg(key), 10, 64)
	k.check(c, err)
	return n
}

// clock TIME sets the clock of all stores.
func (k *talk) doClock(_ context.Context, c script.Cmd) string {
	t, err := time.Parse(time.RFC3339Nano, bare(c))
	k.check(c, err)
	k.clock = t
	return ""
}

// use NAME makes another store the current one.
func (k *talk) doUse(_ context.Context, c script.Cmd) string {
	k.use(bare(c))
	return ""
}

// reopen closes the store and opens it again.
func (k *talk) doReopen(context.Context, script.Cmd) string {
	k.s = k.h.reopen(k.t, k.s, Options{Clock: k.now})
	k.stores[k.name] = k.s
	return ""
}

// append [STREAM TYPE …] [key=K] [track=SOURCE:N] [at=STREAM:N]… [exists=STREAM]… [none=QUERY]… [times]
//
// The event stands on the line, or one or more on lines of their own, see parseEvent. The guards are judged in the order
// in which they stand.
func (k *talk) doAppend(ctx context.Context, c script.Cmd) string {
	commit, err := parseCommit(c)
	k.check(c, err)
	r, err := k.s.Append(ctx, commit)
	if err != nil {
		return refusal(err)
	}
	return resultText(r, c.Has("times"))
}

// read [QUERY] [after=P] [until=P] [asof=TIME] [limit=N] [backward] [follow] [times] [commits] reads events.
func (k *talk) doRead(ctx context.Context, c script.Cmd) string {
	q, o, err := parseRead(c)
	k.check(c, err)
	return eventsText(k.s.Read(ctx, q, o), c)
}

// effective at=TIME [QUERY] [after=P] [until=P] [asof=TIME] picks and orders what was read by store.Effective.
func (k *talk) doEffective(ctx context.Context, c script.Cmd) string {
	at, err := time.Parse(time.RFC3339Nano, c.Arg("at"))
	k.check(c, err)
	q, o, err := parseRead(c)
	k.check(c, err)
	var known []store.Recorded
	for e, err := range k.s.Read(ctx, q, o) {
		if err != nil {
			return refusal(err)
		}
		known = append(known, e)
	}
	var b strings.Builder
	for _, e := range store.Effective(known, at) {
		b.WriteString(eventText(&e, c) + "\n")
	}
	return b.String()
}

// head is the position of the last event.
func (k *talk) doHead(ctx context.Context, _ script.Cmd) string {
	p, err := k.s.Head(ctx)
	if err != nil {
		return refusal(err)
	}
	return strconv.FormatUint(uint64(p), 10)
}

// id ID finds events by id.
func (k *talk) doID(ctx context.Context, c script.Cmd) string {
	return eventsText(power[store.IDs](k.t, k.s).ByID(ctx, bare(c)), c)
}

// lookup KEY is what a commit with a key wrote.
func (k *talk) doLookup(ctx context.Context, c script.Cmd) string {
	r, err := power[store.Keys](k.t, k.s).Lookup(ctx, bare(c))
	if err != nil {
		return refusal(err)
	}
	return resultText(r, c.Has("times"))
}

// tracked SOURCE is the last position of a source.
func (k *talk) doTracked(ctx context.Context, c script.Cmd) string {
	n, err := power[store.Tracker](k.t, k.s).Tracked(ctx, bare(c))
	if err != nil {
		return refusal(err)
	}
	return strconv.FormatUint(n, 10)
}

// streams [prefix=P] [after=NAME] [limit=N] lists streams.
func (k *talk) doStreams(ctx context.Context, c script.Cmd) string {
	k.only(c, "prefix", "after", "limit")
	o := store.StreamsOptions{Prefix: c.Arg("prefix"), After: c.Arg("after"), Limit: int(k.number(c, "limit"))}
	return lines(power[store.Lister](k.t, k.s).Streams(ctx, o), func(i store.StreamInfo) string {
		return fmt.Sprintf("%s at version %d, last at %d on %s", word(i.Stream), i.Version, i.LastPosition, timeText(i.LastRecordedAt))
	})
}

// types lists types.
func (k *talk) doTypes(ctx context.Context, _ script.Cmd) string {
	return lines(power[store.Lister](k.t, k.s).Types(ctx), func(i store.TypeInfo) string {
		return fmt.Sprintf("%s %d", word(i.Type), i.Events)
	})
}

// erase POSITION… [reason=R] [actor=A] erases payloads.
func (k *talk) doErase(ctx context.Context, c script.Cmd) string {
	o := store.Erasure{Reason: c.Arg("reason"), Actor: c.Arg("actor")}
	for _, a := range c.Args {
		if a.Key != "reason" && a.Key != "actor" {
			p, err := strconv.ParseUint(a.Key, 10, 64)
			k.check(c, err)
			o.Positions = append(o.Positions, store.Position(p))
		}
	}
	r, err := power[store.Eraser](k.t, k.s).Erase(ctx, o)
	if err != nil {
		return refusal(err)
	}
	return resultText(r, false)
}

// truncate POSITION drops the oldest events.
func (k *talk) doTruncate(ctx context.Context, c script.Cmd) string {
	p, err := strconv.ParseUint(bare(c), 10, 64)
	k.check(c, err)
	first, err := power[store.Truncater](k.t, k.s).Truncate(ctx, store.Position(p))
	if err != nil {
		return refusal(err)
	}
	return fmt.Sprintf("begins at %d", first)
}

// dump [after=P] [times] shows commits.
func (k *talk) doDump(ctx context.Context, c script.Cmd) string {
	k.only(c, "after", "times")
	commits := power[store.Dumper](k.t, k.s).Dump(ctx, store.Position(k.number(c, "after")))
	return lines(commits, func(rc store.RecordedCommit) string { return commitText(&rc, c) })
}

// restore from=STORE [after=P] takes what another store dumps; restore with lines takes these, see parseRecorded.
func (k *talk) doRestore(ctx context.Context, c script.Cmd) string {
	k.only(c, "from", "after")
	var commits iter.Seq2[store.RecordedCommit, error]
	if c.Has("from") {
		from := k.stores[c.Arg("from")]
		if from == nil {
			k.t.Fatalf("line %d: no store %q", c.Line, c.Arg("from"))
		}
		commits = power[store.Dumper](k.t, from).Dump(ctx, store.Position(k.number(c, "after")))
	} else {
		list, err := parseRecorded(c.Input)
		k.check(c, err)
		commits = sequence(list)
	}
	err := power[store.Restorer](k.t, k.s).Restore(ctx, commits)
	switch {
	case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrKeyReused), errors.Is(err, store.ErrTracking):
		return "refused: it does not continue the store" // which of several reasons is said is open
	case err != nil:
		return refusal(err)
	}
	return "head " + k.doHead(ctx, c)
}
