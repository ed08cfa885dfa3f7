// Package nats is the rival that keeps events in NATS JetStream: a server in this process, one stream in
// files, clients that are connected to it without a network.
//
// The stream's sequence is the global order. Stream, type and tag are tokens of a message's subject, so that
// each of them can be asked for. The guard of a commit is the last sequence that the server may have for the
// subjects of a stream. A commit of several events is one of JetStream's atomic batches.
package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/pool"
)

const (
	// patience is how long the server may take to start or to answer.
	patience = time.Minute
	// batchSize is the most events of one atomic batch; the server's default is 1000. A larger commit is
	// refused.
	batchSize = 8192
	// streamName is the JetStream stream that holds all events.
	streamName = "EVENTS"
)

// Maker starts a NATS server in this process.
var Maker = rival.Maker{
	Name:    "nats",
	Open:    open,
	Reopens: true,
	Notes: "NATS server v2.15.2 in this process, nats.go v1.55.0 without a network: JetStream, file storage, sync always, one replica. " +
		"Stream, version, type and tag are tokens of the subject, which the server keeps in memory for each event. It has no index of " +
		"types and tags: it goes through subjects to find them, and through those of a stream of more than 1024 events. " +
		"Commits of several events that wait, and eight or more of one event with sync, share an atomic batch, which the server " +
		"writes and syncs aside before it writes it to the stream; fewer commits of one event are sent one after the other, and acknowledged so. " +
		"A read hands out the message that the client makes: the names are cut out of its subject.",
}

// store is a server, the client that appends and those that read.
type store struct {
	durable bool
	server  *server.Server
	writer  *client.Conn
	appends *group.Committer
	readers *pool.Pool[*reader]

	// The rest belongs to the goroutine that commits.

	places  map[string]place
	acks    *client.Subscription
	inbox   string
	sent    uint64 // messages and batches that were answered
	writing sync.Mutex
}

// place is what is remembered of a stream.
type place struct {
	version  uint64 // of its last event
	sequence uint64 // of its last message, 0 if it has none
}

// open opens the store in dir.
func open(dir string, durable bool) (rival.Store, error) {
	options := &server.Options{
		JetStream: true, StoreDir: filepath.Join(dir, "jetstream"), DontListen: true, NoLog: true, NoSigs: true,
		SyncAlways: durable, SyncInterval: 2 * time.Minute,
		JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 1 << 40,
		JetStreamLimits: server.JSLimitOpts{MaxBatchSize: batchSize},
		MaxPayload:      8 << 20, MaxPending: 256 << 20,
	}
	ns, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("open NATS server: %w", err)
	}
	s := &store{durable: durable, server: ns, places: make(map[string]place)}
	s.appends = group.New(maxGroup, s.commit)
	ns.Start()
	if !ns.ReadyForConnections(patience) {
		return nil, errors.Join(errors.New("NATS server did not start"), s.Close())
	}
	if err := s.connect(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect connects the clients and makes the stream if it is not there.
func (s *store) connect() error {
	var err error
	if s.writer, err = client.Connect("", client.InProcessServer(s.server)); err != nil {
		return fmt.Errorf("connect writer: %w", err)
	}
	s.inbox = client.NewInbox()
	if s.acks, err = s.writer.SubscribeSync(s.inbox + ".*"); err != nil {
		return fmt.Errorf("subscribe to acknowledgements: %w", err)
	}
	if err := s.acks.SetPendingLimits(-1, -1); err != nil {
		return err
	}
	if err := s.create(); err != nil {
		return fmt.Errorf("create JetStream stream: %w", err)
	}
	n := 2 * runtime.GOMAXPROCS(0)
	s.readers = pool.New[*reader](n)
	for range n {
		r, err := newReader(s.server)
		if err != nil {
			return fmt.Errorf("connect reader: %w", err)
		}
		s.readers.Add(r)
	}
	return nil
}

// create makes the stream; one that is there with the same settings is left as it is.
func (s *store) create() error {
	config, err := json.Marshal(server.StreamConfig{
		Name: streamName, Subjects: []string{everything}, Storage: server.FileStorage, Retention: server.LimitsPolicy,
		MaxConsumers: -1, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPer: -1, MaxMsgSize: -1, Replicas: 1,
		AllowDirect: true, AllowAtomicPublish: true,
	})
	if err != nil {
		return err
	}
	answer, err := s.writer.Request("$JS.API.STREAM.CREATE."+streamName, config, patience)
	if err != nil {
		return err
	}
	var created struct {
		Error *server.ApiError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &created); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if created.Error != nil {
		return created.Error
	}
	return nil
}

// Append writes the commit.
func (s *store) Append(ctx context.Context, commit []rival.Event) error {
	if len(commit) > batchSize {
		return fmt.Errorf("a commit of %d events is larger than an atomic batch may be, %d", len(commit), batchSize)
	}
	return s.appends.Append(ctx, commit)
}

// Settle has nothing to wait for.
func (s *store) Settle(ctx context.Context) error { return ctx.Err() }

// Close disconnects the clients and stops the server.
func (s *store) Close() error {
	s.readers.Close(func(r *reader) { r.conn.Close() })
	if s.writer != nil {
		s.writer.Close()
	}
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return nil
}
