package nats

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/record"
)

const (
	// maxGroup is the number of events from which on a group is full.
	maxGroup = 1000
	// worthwhile is the number of commits of one event from which on an atomic batch, with some six syncs, is
	// cheaper than one sync each.
	worthwhile = 8
	// remembered is the most streams whose place is remembered; then all are forgotten.
	remembered = 65536
)

// errRefused is returned for what the server refuses because of a guard.
var errRefused = errors.New("last sequence is another")

// commit writes a group: in atomic batches, in each of which a stream is guarded once, so that a second
// request for a stream begins another batch. If a batch is refused, each of its requests is tried alone.
func (s *store) commit(requests []*group.Request) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if len(s.places) > remembered {
		clear(s.places)
	}
	for len(requests) > 0 {
		n := s.independent(requests)
		if err := s.together(requests[:n]); err != nil {
			return err
		}
		requests = requests[n:]
	}
	return nil
}

// independent returns how many of the requests, at least one, touch no stream twice.
func (s *store) independent(requests []*group.Request) int {
	if len(requests) == 1 {
		return 1
	}
	touched := make(map[string]struct{}, len(requests))
	for n, r := range requests {
		for i := range r.Guards {
			if _, twice := touched[r.Guards[i].Stream]; twice {
				return n
			}
		}
		for i := range r.Guards {
			touched[r.Guards[i].Stream] = struct{}{}
		}
	}
	return len(requests)
}

// together writes requests that are independent of each other in one batch. It sets the Err of those that
// are refused.
func (s *store) together(requests []*group.Request) error {
	var accepted []*group.Request
	for _, r := range requests {
		if err := s.check(r); errors.Is(err, rival.ErrConflict) {
			r.Err = err
		} else if err != nil {
			return err
		} else {
			accepted = append(accepted, r)
		}
	}
	if len(accepted) == 0 {
		return nil
	}
	batch, single := s.divide(accepted)
	if err := s.alone(single); err != nil {
		return err
	}
	if len(batch) == 0 {
		return nil
	}
	err := s.batch(batch)
	if !errors.Is(err, errRefused) {
		return err
	}
	// Somebody else has written to one of the streams.
	for _, r := range batch {
		s.forget(r)
	}
	if len(batch) == 1 {
		batch[0].Err = fmt.Errorf("%w: %w", err, rival.ErrConflict)
		return nil
	}
	for i := range batch {
		if err := s.together(batch[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// divide says which requests are written in one batch, and which as messages of their own: those of one
// event, unless so many of them are to be synced that a batch is cheaper.
func (s *store) divide(requests []*group.Request) (batch, single []*group.Request) {
	for _, r := range requests {
		if len(r.Events) == 1 {
			single = append(single, r)
		} else {
			batch = append(batch, r)
		}
	}
	if s.durable && len(single) >= worthwhile {
		return requests, nil
	}
	return batch, single
}

// forget forgets where a request's streams are.
func (s *store) forget(r *group.Request) {
	for i := range r.Guards {
		delete(s.places, r.Guards[i].Stream)
	}
}

// check returns ErrConflict if a stream is not where the request wants it, as far as is known. It asks the
// server for the place of streams that are not remembered, unless they are said to be new.
func (s *store) check(r *group.Request) error {
	for i := range r.Guards {
		g := &r.Guards[i]
		at, known := s.places[g.Stream]
		if !known && g.Before > 0 {
			var err error
			if at, err = s.lookUp(g.Stream); err != nil {
				return fmt.Errorf("look up stream: %w", err)
			}
			s.places[strings.Clone(g.Stream)] = at
		}
		if at.version != g.Before {
			return fmt.Errorf("stream %q is at version %d, not %d: %w", g.Stream, at.version, g.Before, rival.ErrConflict)
		}
	}
	return nil
}

// lookUp asks the server for the last message of a stream.
func (s *store) lookUp(stream string) (place, error) {
	ask, err := json.Marshal(server.JSApiMsgGetRequest{LastFor: ofStream(stream)})
	if err != nil {
		return place{}, err
	}
	answer, err := s.writer.Request("$JS.API.DIRECT.GET."+streamName, ask, patience)
	if err != nil {
		return place{}, err
	}
	switch status := answer.Header.Get("Status"); status {
	case "":
	case "404":
		return place{}, nil
	default:
		return place{}, fmt.Errorf("status %s: %s", status, answer.Header.Get("Description"))
	}
	sequence, err := strconv.ParseUint(answer.Header.Get(client.JSSequence), 10, 64)
	if err != nil {
		return place{}, fmt.Errorf("read sequence: %w", err)
	}
	version, err := record.Version(answer.Data)
	return place{version, sequence}, err
}

// alone sends requests of one event, each as a message, and then waits until all are written. It sets the
// Err of those that the server refuses.
func (s *store) alone(requests []*group.Request) error {
	first := s.sent + 1
	for _, r := range requests {
		message := s.message(&r.Events[0], r)
		message.Reply = s.reply()
		if err := s.writer.PublishMsg(message); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	for i, r := range requests {
		last, err := s.await(s.replyOf(first + uint64(i)))
		switch {
		case err == nil:
			s.remember(r, last)
		case errors.Is(err, errRefused):
			s.forget(r)
			r.Err = fmt.Errorf("%w: %w", err, rival.ErrConflict)
		default:
			return err
		}
	}
	return nil
}

// reply returns the subject of the next answer.
func (s *store) reply() string {
	s.sent++
	return s.replyOf(s.sent)
}

// replyOf returns the subject of an answer.
func (s *store) replyOf(n uint64) string { return s.inbox + "." + strconv.FormatUint(n, 36) }

// batch sends the requests' events as one atomic batch and waits until it is written. It returns errRefused
// if the server refuses it because of a guard.
func (s *store) batch(requests []*group.Request) error {
	events := 0
	for _, r := range requests {
		events += len(r.Events)
	}
	reply := s.reply()
	id := strconv.FormatUint(s.sent, 36)
	n := 0
	for _, r := range requests {
		for i := range r.Events {
			n++
			message := s.message(&r.Events[i], r)
			message.Header["Nats-Batch-Id"] = []string{id}
			message.Header["Nats-Batch-Sequence"] = []string{strconv.Itoa(n)}
			if n == events {
				message.Header["Nats-Batch-Commit"] = []string{"1"}
			}
			if n == 1 || n == events {
				// The first is answered too, by nothing if all is well: if the server does not take the
				// batch, it says so at once.
				message.Reply = reply
			}
			if err := s.writer.PublishMsg(message); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
	}
	last, err := s.await(reply)
	if err != nil {
		return err
	}
	last -= uint64(events)
	for _, r := range requests {
		last += uint64(len(r.Events))
		s.remember(r, last)
	}
	return nil
}

// message makes the message of an event. The first of a stream in the request bears its guard.
func (s *store) message(e *rival.Event, r *group.Request) *client.Msg {
	m := client.NewMsg(subject(e))
	// What the subject says is not said again.
	bare := rival.Event{ID: e.ID, Version: e.Version, Data: e.Data}
	m.Data = record.Append(make([]byte, 0, record.Size(&bare)), &bare)
	for i := range r.Guards {
		if g := &r.Guards[i]; e.Version == g.Before+1 && e.Stream == g.Stream {
			m.Header[client.ExpectedLastSubjSeqHdr] = []string{strconv.FormatUint(s.places[g.Stream].sequence, 10)}
			m.Header["Nats-Expected-Last-Subject-Sequence-Subject"] = []string{ofStream(g.Stream)}
			break
		}
	}
	return m
}

// await waits for the server's acknowledgement of what was published, and returns the last sequence.
func (s *store) await(reply string) (uint64, error) {
	for {
		answer, err := s.acks.NextMsg(patience)
		if err != nil {
			return 0, fmt.Errorf("wait for acknowledgement: %w", err)
		}
		if answer.Subject != reply || len(answer.Data) == 0 {
			continue
		}
		var ack struct {
			Error    *server.ApiError `json:"error"`
			Sequence uint64           `json:"seq"`
		}
		if err := json.Unmarshal(answer.Data, &ack); err != nil {
			return 0, fmt.Errorf("read acknowledgement: %w", err)
		}
		if ack.Error == nil {
			return ack.Sequence, nil
		}
		switch server.ErrorIdentifier(ack.Error.ErrCode) {
		case server.JSStreamWrongLastSequenceErrF, server.JSStreamWrongLastSequenceConstantErr:
			return 0, fmt.Errorf("%w: %w", errRefused, ack.Error)
		default:
			return 0, ack.Error
		}
	}
}

// remember notes where the request's streams are now; its last event has the sequence last.
func (s *store) remember(r *group.Request, last uint64) {
	before := last - uint64(len(r.Events))
	for i := range r.Events {
		e, sequence := &r.Events[i], before+uint64(i)+1
		if _, known := s.places[e.Stream]; known {
			s.places[e.Stream] = place{e.Version, sequence}
		} else {
			s.places[strings.Clone(e.Stream)] = place{e.Version, sequence}
		}
	}
}
