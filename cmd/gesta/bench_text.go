package main

import (
	"fmt"
	"strings"
	"time"
)

// text is the document for people.
func (d *benchDocument) text() string {
	var b strings.Builder
	c := &d.Config
	fmt.Fprintf(&b, "%s, %s of %s a commit, %s, guard %s, sync %s\n",
		plural(c.Writers, "writer", "writers"), plural(c.Batch, "event", "events"), plural(c.EventBytes, "byte", "bytes"),
		plural(c.Streams, "stream", "streams"), c.Guard, c.Sync)
	fmt.Fprintf(&b, "%s, %s, %s, %s, gesta %s\n\n", d.Machine.CPU, plural(d.Machine.Cores, "core", "cores"), d.Machine.OS, d.Machine.Go, d.Machine.Version)
	a := &d.Append
	fmt.Fprintf(&b, "append   %11s events/s   %s in %g s, %s refused\n", thousands(int(a.EventsPerSecond)),
		plural(int(a.Commits), "commit", "commits"), a.Seconds, thousands(int(a.Errors)))
	fmt.Fprintf(&b, "         a commit takes %s\n", a.LatencyUs.text())
	if c.Readers > 0 {
		r := &d.Read
		fmt.Fprintf(&b, "read     %11s events/s   %s by %s\n", thousands(int(r.EventsPerSecond)),
			plural(int(r.Reads), "read", "reads"), plural(c.Readers, "reader", "readers"))
		fmt.Fprintf(&b, "         a read takes %s\n", r.LatencyUs.text())
	}
	fmt.Fprintf(&b, "limit    %11s events/s   %s\n", thousands(int(d.Limit.EventsPerSecond)), d.Limit.Name)
	fmt.Fprintf(&b, "ratio    %11.2f\n\n", d.Ratio)
	synced := "and syncs it before they are answered"
	if c.Sync == syncNever {
		synced = "and does not sync"
	}
	fmt.Fprintf(&b, "The limit is the bare loop that no store on this disk can beat: one goroutine gathers the same bytes from as many\n"+
		"writers, checksums them, writes them to files that another fills with zeros ahead, %s.\n", synced)
	return b.String()
}

func (l *benchLatency) text() string {
	return fmt.Sprintf("%s (p50), %s (p90), %s (p99), %s (p99.9), %s at the most",
		micros(l.P50), micros(l.P90), micros(l.P99), micros(l.P999), micros(l.Max))
}

// micros writes microseconds with three digits and a fitting unit.
func micros(us int64) string {
	d := time.Duration(us) * time.Microsecond
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(us)/1000)
	}
	return fmt.Sprintf("%d µs", us)
}
