package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/record"
)

// page is the most messages that are asked for at once.
const page = 4096

// reader is a client that asks for messages.
type reader struct {
	conn    *client.Conn
	answers *client.Subscription
	inbox   string
	asked   uint64
	event   rival.Recorded // of the message that is visited
}

// newReader connects a reader.
func newReader(ns *server.Server) (*reader, error) {
	conn, err := client.Connect("", client.InProcessServer(ns))
	if err != nil {
		return nil, err
	}
	r := &reader{conn: conn, inbox: client.NewInbox()}
	if r.answers, err = conn.SubscribeSync(r.inbox + ".*"); err != nil {
		conn.Close()
		return nil, err
	}
	if err := r.answers.SetPendingLimits(-1, -1); err != nil {
		conn.Close()
		return nil, err
	}
	return r, nil
}

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit rival.Visit) error {
	filter := ofStream(stream)
	err := s.readers.With(ctx, func(r *reader) error {
		_, _, _, err := r.page(ctx, server.JSApiMsgGetRequest{MultiLastFor: []string{filter}}, visit)
		return err
	})
	if errors.Is(err, errTooMany) {
		return s.read(ctx, filter, visit)
	}
	return err
}

// errTooMany is returned if more subjects match than the server answers for at once, 1024; nothing was
// visited then.
var errTooMany = errors.New("too many subjects")

// ReadAll visits every event. How many there are is asked for by a request that never sees half a batch; they
// come by an ordered consumer, about twice as fast as by requests.
func (s *store) ReadAll(ctx context.Context, visit rival.Visit) error {
	return s.readers.With(ctx, func(r *reader) error {
		ignore := func(*rival.Recorded) error { return nil }
		count, last, pending, err := r.page(ctx, server.JSApiMsgGetRequest{Seq: 1, Batch: 1}, ignore)
		if err != nil || count == 0 {
			return err
		}
		return r.consume(ctx, last+pending, visit)
	})
}

// consume visits all messages up to the one with sequence last.
func (r *reader) consume(ctx context.Context, last uint64, visit rival.Visit) (err error) {
	js, err := r.conn.JetStream()
	if err != nil {
		return err
	}
	messages, err := js.SubscribeSync("", client.BindStream(streamName), client.OrderedConsumer(), client.DeliverAll())
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	defer func() { err = errors.Join(err, messages.Unsubscribe()) }()
	if err := messages.SetPendingLimits(-1, -1); err != nil {
		return err
	}
	e := &r.event
	for e.Position = 0; e.Position < last; {
		if err := ctx.Err(); err != nil {
			return err
		}
		message, err := messages.NextMsg(patience)
		if err != nil {
			return fmt.Errorf("wait for message: %w", err)
		}
		meta, err := message.Metadata()
		if err != nil {
			return fmt.Errorf("read sequence: %w", err)
		}
		if err := decode(e, message.Subject, message.Data); err != nil {
			return err
		}
		e.Position = meta.Sequence.Stream
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// decode makes e the event of a message that was published to a subject. The client made message and data for this
// message alone, so that nothing is copied.
func decode(e *rival.Recorded, subject string, data []byte) (err error) {
	if err := record.Decode(data, e); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	e.Stream, e.Type, e.Tag, err = names(subject)
	return err
}

// ReadTag visits the first events with a tag. It asks for them one by one: to answer for several at once, the
// server would first count all there are.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit rival.Visit) error {
	filter := ofTag(tag)
	return s.readers.With(ctx, func(r *reader) error {
		last := uint64(0)
		remember := func(e *rival.Recorded) error {
			last = e.Position
			return visit(e)
		}
		for range limit {
			count, _, _, err := r.page(ctx, server.JSApiMsgGetRequest{Seq: last + 1, NextFor: filter}, remember)
			if err != nil || count == 0 {
				return err
			}
		}
		return nil
	})
}

// read visits the messages that match a filter, a page at a time.
func (s *store) read(ctx context.Context, filter string, visit rival.Visit) error {
	return s.readers.With(ctx, func(r *reader) error {
		for next := uint64(1); ; {
			count, last, pending, err := r.page(ctx, server.JSApiMsgGetRequest{Seq: next, NextFor: filter, Batch: page}, visit)
			if err != nil || pending == 0 || count == 0 {
				return err
			}
			next = last + 1
		}
	})
}

// page asks for messages and visits them. It returns how many there were and, unless the request was for a
// single one, the sequence of the last and how many more there are.
func (r *reader) page(ctx context.Context, request server.JSApiMsgGetRequest, visit rival.Visit) (count int, last, pending uint64, err error) {
	ask, err := json.Marshal(request)
	if err != nil {
		return 0, 0, 0, err
	}
	r.asked++
	reply := r.inbox + "." + strconv.FormatUint(r.asked, 36)
	if err := r.conn.PublishRequest("$JS.API.DIRECT.GET."+streamName, reply, ask); err != nil {
		return 0, 0, 0, fmt.Errorf("ask for messages: %w", err)
	}
	for {
		message, err := r.next(ctx)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("wait for message: %w", err)
		}
		if message.Subject != reply {
			continue // of a read that was ended before its last message
		}
		switch status := message.Header.Get("Status"); status {
		case "":
		case "204":
			last, err1 := strconv.ParseUint(message.Header.Get("Nats-Last-Sequence"), 10, 64)
			pending, err2 := strconv.ParseUint(message.Header.Get("Nats-Num-Pending"), 10, 64)
			return count, last, pending, errors.Join(err1, err2)
		case "404":
			return count, 0, 0, nil
		case "413":
			return 0, 0, 0, errTooMany
		default:
			return 0, 0, 0, fmt.Errorf("status %s: %s", status, message.Header.Get("Description"))
		}
		count++
		// An answer has the subject and the sequence of the message in its header.
		if err := decode(&r.event, message.Header.Get(client.JSSubject), message.Data); err != nil {
			return 0, 0, 0, err
		}
		if r.event.Position, err = strconv.ParseUint(message.Header.Get(client.JSSequence), 10, 64); err != nil {
			return 0, 0, 0, fmt.Errorf("read sequence: %w", err)
		}
		if err := visit(&r.event); err != nil {
			return 0, 0, 0, err
		}
		if request.Batch == 0 && len(request.MultiLastFor) == 0 {
			return 1, 0, 0, nil // a single message has no end after it
		}
	}
}

// next returns the next message. The server is asked for no longer than patience.
func (r *reader) next(ctx context.Context) (*client.Msg, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return r.answers.NextMsg(patience)
}
