// Package load makes the requests that servers are measured by, in a process of its own: see [Serve]. Servers are told by their address, so that those
// that are compared get the same requests.
package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Order is what to do.
type Order struct {
	Work   Work
	Target string // host and port
	Pid    int    // of the server, whose processor time is read; 0 for none

	Connections int
	Flight      int           // requests at once on each connection; 0 is one
	Warm, For   time.Duration // what is not counted, and what is
	Seed        uint64        // makes the names of this order's decisions: another for each
	Events      int           // of [Fill] and [Deliver]
	Body        int           // bytes of a request of [Post], and of its answer
	Answer      int
}

// Work is a kind of load.
type Work string

// The kinds.
const (
	Append Work = "append" // one event under a condition, by UmaDB's protocol
	Read   Work = "read"   // ten events by a tag that Fill made, by UmaDB's protocol
	Fill   Work = "fill"   // so many events, ten to a tag, by UmaDB's protocol

	Client Work = "client" // appends of one event under a condition, by the Go client of the native protocol
	JSON   Work = "json"   // the same, as plain JSON
	Sizes  Work = "sizes"  // how long the requests of Client and JSON are, and their answers
	Post   Work = "post"   // requests of a length to a server that looks at nothing

	Frames Work = "frames" // all events, by the Go client of the native protocol
	Lines  Work = "lines"  // all events, as lines of JSON

	Follow  Work = "follow"  // opens followers, which stay until the next Leave
	Deliver Work = "deliver" // appends so many events, one after the other was delivered to each follower
	Leave   Work = "leave"   // closes all that stays
	Stick   Work = "stick"   // opens readers of everything that read nothing of it, which stay
)

// Answer is what came of an order.
type Answer struct {
	Done     int64         // requests, or events of Frames, Lines and Deliver
	Took     time.Duration // what is counted
	P50, P99 time.Duration // of a request, or of a delivery
	Server   time.Duration // processor time of the server
	Lengths  [2][2]int     // of Sizes: of Client and JSON, request and answer
	Error    string        // empty when all went well
}

// PerSecond returns what was done in a second.
func (a *Answer) PerSecond() float64 {
	if a.Took <= 0 {
		return 0
	}
	return float64(a.Done) / a.Took.Seconds()
}

// PerRequest returns the processor time of the server for each that was done.
func (a *Answer) PerRequest() time.Duration { return a.Server / time.Duration(max(a.Done, 1)) }

// generator carries out orders.
type generator struct{ staying staying }

// Serve carries out the orders that come, as lines of JSON, until there are no more, and answers each with a line.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	var g generator
	defer g.staying.close()
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o Order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		a, err := g.do(ctx, &o)
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return fmt.Errorf("answer an order: %w", err)
		}
	}
}

func (g *generator) do(ctx context.Context, o *Order) (Answer, error) {
	switch o.Work {
	case Append:
		return grpcLoad(ctx, o, appender)
	case Read:
		return grpcLoad(ctx, o, reader)
	case Fill:
		return Answer{}, fill(ctx, o)
	case Client:
		return clientLoad(ctx, o)
	case JSON:
		return postLoad(ctx, o, jsonAppends)
	case Post:
		return postLoad(ctx, o, emptyPosts)
	case Sizes:
		return sizes(ctx, o)
	case Frames:
		return readFrames(ctx, o)
	case Lines:
		return readLines(ctx, o)
	case Follow:
		return Answer{}, g.staying.follow(ctx, o)
	case Deliver:
		return g.staying.deliver(ctx, o)
	case Stick:
		return Answer{}, g.staying.stick(ctx, o)
	case Leave:
		g.staying.close()
		return Answer{}, nil
	}
	return Answer{}, fmt.Errorf("a load that knows no work %q", o.Work)
}
