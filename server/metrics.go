package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gestadb/gesta/store"
)

// metrics are what /metrics shows, in a registry of the server's own.
type metrics struct {
	registry           *prometheus.Registry
	requests           *prometheus.CounterVec   // by route and what became of it
	seconds            *prometheus.HistogramVec // by route
	inside             *prometheus.GaugeVec     // by route
	connectionsRefused prometheus.Counter
	requestsRefused    prometheus.Counter
	denied             prometheus.Counter

	mu     sync.RWMutex
	routes map[string]*route // guarded by mu
}

// newMetrics returns metrics of a server that serves s. connections and what else is counted elsewhere is asked for when it is shown.
func newMetrics(s store.Store, version string, connections, unauthenticated func() float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gesta_requests_total", Help: "Requests that were answered, by route and by HTTP status or gRPC code.",
		}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gesta_request_seconds", Help: "How long requests took, streams that follow left out.", Buckets: prometheus.ExponentialBuckets(0.000_25, 2, 16),
		}, []string{"route"}),
		inside: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "gesta_requests_in_progress", Help: "Requests that are being answered, followers included.",
		}, []string{"route"}),
		connectionsRefused: counter("gesta_connections_refused_total", "Connections that were closed at once because there were too many."),
		requestsRefused:    counter("gesta_requests_refused_total", "Requests that were refused because there were too many at once."),
		denied:             counter("gesta_denied_total", "Requests that asked for more than their user may do."),
		routes:             map[string]*route{},
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "gesta_build_info", Help: "1, for the version that is running.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.seconds, m.inside, m.connectionsRefused, m.requestsRefused, m.denied, build,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gesta_connections", Help: "Connections that are open."}, connections),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "gesta_unauthenticated_total", Help: "Requests without valid credentials."}, unauthenticated),
		newHeadGauge(s), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

// handler answers /metrics.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

// route are the metrics of one route, whose labels are looked up once. It may be used by many goroutines.
type route struct {
	inside  prometheus.Gauge
	seconds prometheus.Observer

	mu    sync.RWMutex
	codes map[int]prometheus.Counter // guarded by mu; by status or code
}

// route returns the metrics of a route, which is one of those that the server has.
func (m *metrics) route(name string) *route {
	m.mu.RLock()
	r := m.routes[name]
	m.mu.RUnlock()
	if r != nil {
		return r
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.routes[name] == nil {
		m.routes[name] = &route{inside: m.inside.WithLabelValues(name), seconds: m.seconds.WithLabelValues(name), codes: map[int]prometheus.Counter{}}
	}
	return m.routes[name]
}

// done counts a request.
func (m *metrics) done(name string, code int, took time.Duration, streamed bool) {
	r := m.route(name)
	r.mu.RLock()
	count := r.codes[code]
	r.mu.RUnlock()
	if count == nil {
		count = m.requests.WithLabelValues(name, strconv.Itoa(code))
		r.mu.Lock()
		r.codes[code] = count
		r.mu.Unlock()
	}
	count.Inc()
	if !streamed {
		r.seconds.Observe(took.Seconds())
	}
}
