package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store"
)

// Server serves one store on one or more addresses, by HTTP and gRPC. Make one with [New], then call Serve once.
type Server struct {
	o        Options
	log      *slog.Logger
	split    []*splitter
	urls     []string
	http     *http.Server
	grpc     *grpc.Server
	umadb    *umadb.Service
	metrics  *metrics
	answers  *httpapi.Answers // bounds what both halves have in memory of what they send
	names    map[string]bool  // of the routes
	requests admission
	served   store.Store // within the limits
	who      *who        // nil where everyone may do everything
	insecure bool        // of any listener
	ready    readiness
	health   *health.Server
	links    links
	patience time.Duration // with who does not take what others want room for

	ending context.Context // done when requests are to come to their end
	end    context.CancelFunc
}

// New begins to listen on all addresses; nobody is answered before Serve. ctx is for opening the users. It returns an error for options that contradict each
// other, for an address that would be spoken to in clear text or without users where others can reach it, and for one that cannot be had.
func New(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, log: o.Log, names: map[string]bool{}, requests: admission{limit: int64(o.Limits.Requests)}, patience: writeTime}
	s.ending, s.end = context.WithCancel(context.Background())
	s.served = &bounded{Store: o.Store, limits: o.Limits, ending: s.ending}
	if s.who, err = newWho(ctx, &o, s.served, func(err error) { s.log.Error("the audit could not be written", "error", err) }); err != nil {
		s.end()
		return nil, err
	}
	if err := s.listen(ctx); err != nil {
		s.stopListening()
		s.end()
		return nil, err
	}
	if err := s.assemble(); err != nil {
		s.stopListening()
		s.end()
		return nil, err
	}
	return s, nil
}

// assemble makes the two halves.
func (s *Server) assemble() error {
	s.answers = httpapi.NewAnswers(int64(s.o.Limits.AnswerBytes), writeTime)
	h, err := s.routes()
	if err != nil {
		return err
	}
	s.http = s.httpServer(h)
	s.umadb = umadb.New(umadb.Options{Store: s.store, MaxEvents: s.o.Limits.CommitEvents, MaxQueryParts: store.MaxQueryParts, MaxReadTime: s.o.Limits.ReadTime, Room: s.answers})
	s.grpc = grpc.NewServer(s.grpcOptions()...) // has goroutines, which end with it: nothing may fail from here on
	s.umadb.Register(s.grpc)
	healthy := health.NewServer()
	healthy.SetServingStatus(umadb.ServiceName, healthgrpc.HealthCheckResponse_SERVING)
	s.registerHealth(healthy)
	s.health = healthy
	return nil
}

// listen opens the listeners.
func (s *Server) listen(ctx context.Context) error {
	admit := &admission{limit: int64(s.o.Limits.Connections)}
	s.metrics = newMetrics(s.served, s.o.Version, func() float64 { return float64(admit.inside.Load()) }, s.who.unauthenticated)
	for i := range s.o.Listeners {
		l := &s.o.Listeners[i]
		from, config, err := l.open(ctx, s.who.guarded(), s.log)
		if err != nil {
			return err
		}
		s.insecure = s.insecure || l.Insecure
		scheme := "http"
		if config != nil {
			scheme = "https"
		}
		s.urls = append(s.urls, scheme+"://"+from.Addr().String())
		s.split = append(s.split, newSplitter(from, config, s.o.Limits.HandshakeTime, s.silence(), admit, s.refused))
	}
	return nil
}

// refused is told of a connection that was not served.
func (s *Server) refused(err error) {
	if errors.Is(err, errTooManyConnections) {
		s.metrics.connectionsRefused.Inc()
		s.log.Warn("a connection was refused", "error", err)
		return
	}
	s.log.Debug("a connection ended before its first request", "error", err)
}

func (s *Server) stopListening() {
	for _, sp := range s.split {
		_ = sp.close()
	}
}

// URLs returns where the server is reached, one for each listener: http://127.0.0.1:41231.
func (s *Server) URLs() []string { return s.urls }

// Serve answers requests until ctx is done. Then it takes no more of them, ends reads that follow with code unavailable, and waits for the others up to DrainTime.
// What does not come to its end by then is cut off, and logged. ready is called once requests are answered; its error ends serving. Serve returns nil when it ended because ctx
// did, and an error when a listener, or the store of users, failed. It is called once.
func (s *Server) Serve(ctx context.Context, ready func() error) error {
	failed := make(chan error, 3*len(s.split)+2)
	var running sync.WaitGroup
	run := func(what string, serve func() error) {
		running.Go(func() {
			if err := serve(); err != nil && !isClosed(err) {
				failed <- fmt.Errorf("%s: %w", what, err)
			}
		})
	}
	aside, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	if s.who != nil {
		run("follow users", func() error { return s.who.users.Run(aside) })
		run("write audit", func() error { return s.who.audit.Run(aside) })
	}
	running.Go(func() { s.links.holders(s.patience, s.answers.Wanted, s.log).run(aside) })
	for _, sp := range s.split {
		run("accept", sp.run)
		run("serve HTTP", func() error { return s.http.Serve(sp.http1) })
		run("serve gRPC", func() error { return s.grpc.Serve(sp.http2) })
	}
	s.ready.set(true)
	err := ready()
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	s.drain()
	end()
	running.Wait()
	close(failed)
	for late := range failed {
		err = errors.Join(err, late)
	}
	return err
}

// isClosed says whether an error is how serving ends.
func isClosed(err error) bool {
	return errors.Is(err, http.ErrServerClosed) || errors.Is(err, grpc.ErrServerStopped) || errors.Is(err, net.ErrClosed)
}

// drain ends what is going on: what has not come to its end in DrainTime is cut off.
func (s *Server) drain() {
	s.ready.set(false)
	s.health.Shutdown()
	s.stopListening()
	s.umadb.Close() // before what they follow ends, which would be an error
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), s.o.DrainTime)
	defer cancel()
	var cutting sync.WaitGroup
	defer cutting.Wait()
	still, enough := context.WithCancel(context.Background())
	defer enough()
	cutting.Go(func() { s.links.still(s.silence(), s.log).run(still) })
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	err := s.http.Shutdown(ctx)
	select {
	case <-stopped:
	case <-ctx.Done():
		s.grpc.Stop()
		<-stopped
		err = ctx.Err()
	}
	if err != nil {
		_ = s.http.Close()
		s.log.Warn("requests were cut off", "after", s.o.DrainTime, "error", err)
	}
}

// silence is how long it is waited, when the server ends, for who stands still.
func (s *Server) silence() time.Duration { return s.o.DrainTime / 10 }

// httpServer returns the half that serves HTTP/1.1.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.o.Limits.HandshakeTime,
		IdleTimeout:       s.o.Limits.IdleTime,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		Protocols:         http1Alone(),
	}
}

// http1Alone keeps HTTP/2 away from net/http.
func http1Alone() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}
