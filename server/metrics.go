package server

import (
	"net/http"
	"strconv"
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

// done counts a request.
func (m *metrics) done(route string, code int, took time.Duration, streamed bool) {
	m.requests.WithLabelValues(route, strconv.Itoa(code)).Inc()
	if !streamed {
		m.seconds.WithLabelValues(route).Observe(took.Seconds())
	}
}
