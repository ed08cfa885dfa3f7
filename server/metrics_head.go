package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gestadb/gesta/store"
)

// headGauge shows the head of the store as it is when metrics are asked for; it is left out while the store does not tell.
type headGauge struct {
	store store.Store
	desc  *prometheus.Desc
}

func newHeadGauge(s store.Store) *headGauge {
	return &headGauge{s, prometheus.NewDesc("gesta_head_position", "The position of the last event in the store.", nil, nil)}
}

// Describe sends the description.
func (h *headGauge) Describe(out chan<- *prometheus.Desc) { out <- h.desc }

// Collect sends the head.
func (h *headGauge) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if head, err := h.store.Head(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(h.desc, prometheus.GaugeValue, float64(head))
	}
}
