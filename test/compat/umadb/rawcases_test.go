package umadb_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/test/compat/rig"
)

const (
	appendMethod    = "/umadb.v1.DCB/Append"
	readMethod      = "/umadb.v1.DCB/Read"
	subscribeMethod = "/umadb.v1.DCB/Subscribe"
	headMethod      = "/umadb.v1.DCB/Head"
	trackingMethod  = "/umadb.v1.DCB/GetTrackingInfo"
)

// rawCase is a request as bytes: much of it no official client would send. The cases of a list are sent in its order.
type rawCase struct {
	name, method string
	request      []byte
	only         sameness
}

// sameness is what must be the same of two answers; everything where nothing is said.
type sameness int

const (
	everything sameness = iota
	codeAlone           // the message is that of the machinery below the service
	malformedID
)

const someID = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"

func event(fields ...[]byte) []byte { return msg(1, fields...) }

func item(fields ...[]byte) []byte { return msg(1, fields...) }

// condition says that nothing matches the items above a position.
func condition(after uint64, items ...[]byte) []byte { return msg(2, msg(1, items...), num(2, after)) }

func tracking(source string, position uint64) []byte {
	return msg(3, text(1, source), num(2, position))
}

func meta(key, value string) []byte { return msg(5, text(1, key), text(2, value)) }

func rawCases() []rawCase {
	twice := event(text(1, "t"), meta("k", "1"), meta("k", "2"))
	longSource := strings.Repeat("s", 256)
	cases := []rawCase{
		{"head of nothing", headMethod, nil, everything},
		{"head with bytes that are no message", headMethod, []byte{0xff}, codeAlone},
		{"head with an unknown field", headMethod, num(7, 3), everything},
		{"read of nothing", readMethod, nil, everything},
		{"event with a type alone", appendMethod, event(text(1, "t")), everything},
		{"order of tags and metadata", appendMethod, event(text(1, "t"), text(2, "a"), text(2, "b"), text(2, "a"), meta("z", "1"),
			meta("actor", "2"), meta("a", ""), meta("", "x"), meta("umadb", "3"), text(3, "d"), text(4, strings.ToUpper(someID))), everything},
		{"uuid without hyphens", appendMethod, event(text(1, "t"), text(4, strings.ReplaceAll(someID, "-", ""))), everything},
		{"uuid in braces", appendMethod, event(text(1, "t"), text(4, "{"+someID+"}")), everything},
		{"uuid as a URN", appendMethod, event(text(1, "t"), text(4, "urn:uuid:"+someID)), everything},
		{"uuid as a URN in capitals", appendMethod, event(text(1, "t"), text(4, "URN:UUID:"+someID)), malformedID},
		{"malformed uuid", appendMethod, event(text(1, "t"), text(4, "x"+someID[1:])), malformedID},
		{"malformed uuid under a condition that fails", appendMethod, join(event(text(1, "t"), text(4, "x")), condition(0)), malformedID},
		{"key twice", appendMethod, twice, everything},
		{"key twice under a condition that fails", appendMethod, join(twice, condition(0)), everything},
		{"key twice with tracking", appendMethod, join(twice, tracking("s", 5)), everything},
		{"tracking", appendMethod, join(event(text(1, "t")), tracking("s", 5)), everything},
		{"tracking again", appendMethod, join(event(text(1, "t")), tracking("s", 5)), everything},
		{"key twice with old tracking", appendMethod, join(twice, tracking("s", 5)), everything},
		{"long source", appendMethod, join(event(text(1, "t")), tracking(longSource, 5)), everything},
		{"long source and a key twice", appendMethod, join(twice, tracking(longSource, 5)), everything},
		{"long source under a condition that fails", appendMethod, join(event(text(1, "t")), tracking(longSource, 5), condition(0)), everything},
		{"tracked", trackingMethod, text(1, "s"), everything},
		{"tracked of an unknown source", trackingMethod, text(1, "x"), everything},
		{"tracked of a long source", trackingMethod, text(1, longSource), everything},
		{"tracked of no source", trackingMethod, nil, everything},
		{"append of nothing", appendMethod, nil, everything},
		{"append of nothing under a condition that holds", appendMethod, condition(0, item(text(1, "zz"))), everything},
		{"append of tracking alone", appendMethod, tracking("s", 9), everything},
		{"type that is not UTF-8", appendMethod, event(text(1, "\xff")), codeAlone},
		{"tag that is not UTF-8", appendMethod, event(text(1, "t"), text(2, "\xff")), codeAlone},
		{"type that is a number", appendMethod, event(num(1, 3)), codeAlone},
		{"message that is cut off", appendMethod, []byte{0x0a, 0x05, 0x0a}, codeAlone},
		{"type given twice", appendMethod, event(text(1, "x"), text(1, "y")), everything},
		{"condition in two parts", appendMethod, join(event(text(1, "t")), condition(0, item(text(1, "nope"))), condition(1, item(text(1, "y")))), everything},
		{"condition above the head", appendMethod, join(event(text(1, "t")), condition(100, item(text(1, "y")))), everything},
		{"known again", appendMethod, join(event(text(4, someID), text(1, "t")), condition(1, item(text(1, "t")))), everything},
		{"known again but for one", appendMethod, join(event(text(1, "x"), text(4, someID)), event(text(1, "t")), condition(1, item(text(1, "t")))), everything},
		{"of two, the second known", appendMethod, join(event(text(1, "x"), text(4, otherID)), event(text(1, "x"), text(4, someID)), condition(1, item(text(1, "t")))), everything},
	}
	return append(cases, rawReads()...)
}

const otherID = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b12"

func rawReads() []rawCase {
	backwards := num(3, 1)
	var many []byte
	for i := range 1000 {
		many = append(many, event(text(1, "many"), text(2, fmt.Sprint(i)))...)
	}
	cases := []rawCase{
		{"read", readMethod, nil, everything},
		{"limit 0", readMethod, num(4, 0), everything},
		{"limit", readMethod, num(4, 2), everything},
		{"limit with more than 32 bits", readMethod, num(4, 1<<32|2), everything},
		{"nothing found", readMethod, msg(1, item(text(1, "q"))), everything},
		{"nothing found with a limit", readMethod, join(msg(1, item(text(1, "q"))), num(4, 3)), everything},
		{"batches", readMethod, num(6, 2), everything},
		{"batches of a limit", readMethod, join(num(6, 2), num(4, 5)), everything},
		{"batches that fill the limit", readMethod, join(num(6, 2), num(4, 4)), everything},
		{"batch of 0", readMethod, num(6, 0), everything},
		{"backwards", readMethod, join(backwards, num(6, 3)), everything},
		{"backwards from 0", readMethod, join(backwards, num(2, 0)), everything},
		{"backwards from 0 with a limit", readMethod, join(backwards, num(2, 0), num(4, 2)), everything},
		{"backwards from 3", readMethod, join(backwards, num(2, 3), num(4, 2)), everything},
		{"backwards from above all", readMethod, join(backwards, num(2, math.MaxUint64), num(4, 2)), everything},
		{"from above all", readMethod, num(2, math.MaxUint64), everything},
		{"from above all with a limit", readMethod, join(num(2, math.MaxUint64), num(4, 2)), everything},
		{"from 0", readMethod, join(num(2, 0), num(4, 1)), everything},
		{"read that subscribes", readMethod, num(5, 1), everything},
		{"read that says it does not", readMethod, join(num(5, 0), num(4, 1)), everything},
		{"subscription after everything", subscribeMethod, num(2, math.MaxUint64), everything},
		{"old path", "/umadb.UmaDBService/Read", num(4, 2), everything},
		{"unknown call", "/umadb.v1.DCB/Nope", nil, codeAlone},
		{"unknown service", "/umadb.v2.DCB/Head", nil, codeAlone},
	}
	for range 5 {
		cases = append(cases, rawCase{"a thousand events", appendMethod, many, everything})
	}
	return append(cases,
		rawCase{"default batches", readMethod, nil, everything},
		rawCase{"largest batches", readMethod, num(6, 100_000), everything},
		rawCase{"default batches backwards of a limit", readMethod, join(backwards, num(4, 2100)), everything},
	)
}

// rawDifferences sends the cases to both servers, each just started, and says where the answers differ.
func rawDifferences(t *testing.T, theirs, ours *grpc.ClientConn) []string {
	t.Helper()
	var found []string
	for _, c := range rawCases() {
		want, got := call(t, theirs, c.method, c.request), call(t, ours, c.method, c.request)
		switch c.only {
		case everything:
		case codeAlone:
			want.Message, got.Message = "", ""
		case malformedID: // DATA_LOSS there, INVALID_ARGUMENT here
			want = reply{Code: got.Code, Message: got.Message, Details: "6 invalid argument: uuid is not a UUID"}
		}
		if d := cmp.Diff(want, got); d != "" {
			found = append(found, c.name+" (-real +ours):\n"+d)
		}
	}
	return found
}

// TestRaw compares the bytes of answers.
func TestRaw(t *testing.T) {
	env := official(t)
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			for _, d := range rawDifferences(t, dial(t, rig.UmaDB(t, env)), dial(t, startGesta(t, open))) {
				t.Error(d)
			}
		})
	}
}

// wire is a message as its fields, which mutants change.
type wire []field

type field struct {
	number protowire.Number
	raw    []byte // with its tag
}

func parse(b []byte) wire {
	var w wire
	for len(b) > 0 {
		number, _, n := protowire.ConsumeField(b)
		if n < 0 {
			return append(w, field{raw: b})
		}
		w, b = append(w, field{number, b[:n]}), b[n:]
	}
	return w
}

func (w wire) bytes() []byte {
	var b []byte
	for _, f := range w {
		b = append(b, f.raw...)
	}
	return b
}

// number returns the value of a number, and whether it is there.
func (w wire) number(at protowire.Number) (n uint64, ok bool) {
	for _, f := range w {
		if f.number == at {
			_, _, tag := protowire.ConsumeTag(f.raw)
			n, _ = protowire.ConsumeVarint(f.raw[tag:])
			ok = true
		}
	}
	return n, ok
}

// each returns the message with other bytes in its nested messages of a number.
func (w wire) each(at protowire.Number, change func(wire) []byte) wire {
	out := make(wire, len(w))
	for i, f := range w {
		if f.number == at {
			_, _, tag := protowire.ConsumeTag(f.raw)
			body, _ := protowire.ConsumeBytes(f.raw[tag:])
			f.raw = text(at, string(change(parse(body))))
		}
		out[i] = f
	}
	return out
}

// without returns the message without the fields of a number.
func (w wire) without(at protowire.Number) wire {
	var out wire
	for _, f := range w {
		if f.number != at {
			out = append(out, f)
		}
	}
	return out
}

// set returns the message with a number in place of that one.
func (w wire) set(at protowire.Number, n uint64) wire {
	return append(w.without(at), field{at, num(at, n)})
}
