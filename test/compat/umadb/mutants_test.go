package umadb_test

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/gestadb/gesta/test/compat/rig"
)

// mutant is gesta's service with one small fault, made on the wire before or behind it.
type mutant struct {
	name    string
	request func(method string, w wire) wire
	reply   func(method string, request, w wire) wire
	again   func(request wire, err error) (wire, bool)   // what is tried when an append failed
	trailer func(code codes.Code, message string) []byte // in place of the one that came
}

// last returns the name of a method without its service.
func last(method string) string { return method[strings.LastIndexByte(method, '/')+1:] }

func onRequest(name string, change func(wire) wire) func(string, wire) wire {
	return func(method string, w wire) wire {
		if last(method) == name {
			return change(w)
		}
		return w
	}
}

func onReply(name string, change func(request, w wire) wire) func(string, wire, wire) wire {
	return func(method string, request, w wire) wire {
		if last(method) == name {
			return change(request, w)
		}
		return w
	}
}

// inCondition changes the condition of an append.
func inCondition(change func(wire) wire) func(string, wire) wire {
	return onRequest("Append", func(w wire) wire {
		return w.each(2, func(c wire) []byte { return change(c).bytes() })
	})
}

// inEvents changes each event of a response.
func inEvents(change func(wire) wire) func(string, wire, wire) wire {
	return onReply("Read", func(_, w wire) wire {
		return w.each(1, func(sequenced wire) []byte {
			return sequenced.each(2, func(e wire) []byte { return change(e).bytes() }).bytes()
		})
	})
}

var mutants = []mutant{
	{name: "start is exclusive", request: onRequest("Read", func(w wire) wire {
		if start, ok := w.number(2); ok && start > 0 && start+1 > start {
			return w.set(2, start+1)
		}
		return w
	})},
	{name: "after is inclusive", request: inCondition(func(c wire) wire {
		if after, ok := c.number(2); ok && after > 0 {
			return c.set(2, after-1)
		}
		return c
	})},
	{name: "one more than the limit", request: onRequest("Read", func(w wire) wire {
		if limit, ok := w.number(4); ok && limit > 0 && limit < 1<<31 {
			return w.set(4, limit+1)
		}
		return w
	})},
	{name: "head of a limited read is off by one", reply: onReply("Read", func(request, w wire) wire {
		if _, limited := request.number(4); limited {
			if head, ok := w.number(2); ok {
				return w.set(2, head+1)
			}
		}
		return w
	})},
	{name: "no head beside events", reply: onReply("Read", func(_, w wire) wire {
		if slices.ContainsFunc(w, func(f field) bool { return f.number == 1 }) {
			return w.without(2)
		}
		return w
	})},
	{name: "tracking may stay where it is", again: func(request wire, err error) (wire, bool) {
		_, positions, _ := strings.Cut(grpcstatus.Convert(err).Message(), "': ")
		got, last, refused := strings.Cut(positions, " <= ")
		return request.without(3), refused && got == last
	}},
	{name: "known again in any order", again: func(request wire, _ error) (wire, bool) {
		slices.Reverse(request)
		return request, true
	}},
	{name: "conditions ignore types", request: inCondition(func(c wire) wire {
		return c.each(1, func(q wire) []byte {
			return q.each(1, func(i wire) []byte { return i.without(1).bytes() }).bytes()
		})
	})},
	{name: "uuid in capitals", reply: inEvents(func(e wire) wire {
		return e.each(4, func(id wire) []byte { return []byte(strings.ToUpper(string(id.bytes()))) })
	})},
	{name: "metadata in another order", reply: inEvents(func(e wire) wire {
		at := slices.IndexFunc(e, func(f field) bool { return f.number == 5 })
		if at >= 0 { // the entries come last
			slices.Reverse(e[at:])
		}
		return e
	})},
	{name: "trailer is a google.rpc.Status", trailer: func(code codes.Code, message string) []byte {
		b, _ := proto.Marshal(&status.Status{Code: int32(code), Message: message}) //nolint:gosec // codes are below 17
		return b
	}},
	{name: "items of a query must all match", request: onRequest("Read", func(w wire) wire {
		return w.each(1, func(q wire) []byte {
			if len(q) < 2 {
				return q.bytes()
			}
			return q[:1].bytes()
		})
	})},
}

// serve answers a call as the mutant does: it asks the service behind it.
func (m *mutant) serve(behind *grpc.ClientConn, front grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(front)
	var sent []byte
	if err := front.RecvMsg(&sent); err != nil {
		return err
	}
	request := parse(sent)
	if m.request != nil {
		request = m.request(method, request)
	}
	err := m.pass(behind, front, method, request)
	if err != nil && m.again != nil && last(method) == "Append" {
		if other, worth := m.again(request, err); worth && m.pass(behind, front, method, other) == nil {
			return nil
		}
	}
	return err
}

const detailsTrailer = "grpc-status-details-bin"

func (m *mutant) pass(behind *grpc.ClientConn, front grpc.ServerStream, method string, request wire) error {
	stream, err := behind.NewStream(front.Context(), &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return err
	}
	body := request.bytes()
	if err := errors.Join(stream.SendMsg(&body), stream.CloseSend()); err != nil {
		return err
	}
	if last(method) == "Subscribe" {
		if err := front.SendHeader(nil); err != nil {
			return err
		}
	}
	for {
		var b []byte
		err := stream.RecvMsg(&b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return m.fail(front, stream.Trailer(), err)
		}
		if m.reply != nil {
			b = m.reply(method, request, parse(b)).bytes()
		}
		if err := front.SendMsg(&b); err != nil {
			return err
		}
	}
}

// fail passes an error on. What a client of grpc-go makes of the trailer hides the code, which the trailer's own type has.
func (m *mutant) fail(front grpc.ServerStream, trailer metadata.MD, err error) error {
	raw := trailer.Get(detailsTrailer)
	if len(raw) == 0 {
		return err
	}
	shown := details(trailer)
	kind, _, _ := strings.Cut(shown, " ")
	code := map[string]codes.Code{"2": codes.FailedPrecondition, "6": codes.InvalidArgument}[kind]
	body, _ := parse([]byte(raw[0])).text(1)
	if m.trailer != nil {
		raw = []string{string(m.trailer(code, body))}
	}
	front.SetTrailer(metadata.MD{detailsTrailer: raw})
	return grpcstatus.Error(code, body)
}

// startMutant serves a mutant of gesta and returns its address.
func startMutant(t *testing.T, m *mutant) string {
	t.Helper()
	behind := dial(t, startGesta(t, backends["memory"]))
	front := grpc.NewServer(grpc.ForceServerCodec(bytesCodec{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error { return m.serve(behind, stream) }))
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go front.Serve(l) //nolint:errcheck // it ends when it is stopped
	t.Cleanup(front.Stop)
	return l.Addr().String()
}

// TestMutants holds the comparison against servers that are wrong: each must be found. The first one is right, and must pass.
func TestMutants(t *testing.T) {
	env := official(t)
	d := startDriver(t, env)
	for _, m := range append([]mutant{{name: "none"}}, mutants...) {
		t.Run(m.name, func(t *testing.T) {
			by := m.foundBy(t, env, d)
			if by == "" && m.name != "none" {
				t.Error("not found")
			}
			if by != "" && m.name == "none" {
				t.Errorf("found by %s what is not there", by)
			}
			t.Logf("found by %q", by)
		})
	}
}

// foundBy says what finds the mutant; empty for nothing.
func (m *mutant) foundBy(t *testing.T, env rig.Env, d *driver) string {
	t.Helper()
	most := 8
	if m.name == "none" {
		most = 2
	}
	for seed := range most {
		o := d.run(t, task{
			Seed: 1 + seed, Histories: onePair,
			Real: "http://" + rig.UmaDB(t, env), Ours: "http://" + startMutant(t, m),
		})
		if len(o.Differences) > 0 {
			return "random histories"
		}
	}
	if found := rawDifferences(t, dial(t, rig.UmaDB(t, env)), dial(t, startMutant(t, m))); len(found) > 0 {
		name, _, _ := strings.Cut(found[0], " (")
		return "the raw case " + name
	}
	return ""
}

// text returns the value of a text, and whether it is there.
func (w wire) text(at int) (s string, ok bool) {
	for _, f := range w {
		if int(f.number) == at {
			w.each(f.number, func(body wire) []byte { s, ok = string(body.bytes()), true; return nil })
		}
	}
	return s, ok
}
