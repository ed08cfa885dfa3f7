package memory

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// maxProblems bounds a report.
const maxProblems = 1000

// Check walks the events and compares with them what is kept beside: it finds where the code of this package, or a
// caller that changed a yielded event's place in it, went wrong. There is nothing that it could repair.
func (s *Store) Check(ctx context.Context, _ store.CheckOptions) (store.CheckReport, error) {
	if err := s.open(ctx); err != nil {
		return store.CheckReport{}, err
	}
	defer s.mu.RUnlock()
	report := store.CheckReport{Events: uint64(len(s.events))}
	problem := func(code string, p store.Position, format string, args ...any) {
		if len(report.Problems) < maxProblems {
			report.Problems = append(report.Problems, store.Problem{Code: code, Position: p, Message: fmt.Sprintf(format, args...)})
		}
	}
	last, versions := s.dropped, map[string]uint64{}
	for i := range s.events {
		e := &s.events[i]
		if e.Position <= last {
			problem("position", e.Position, "position %d does not lie above %d", e.Position, last)
		}
		last = e.Position
		if v, known := versions[e.Stream]; e.Stream != "" && known && e.Version != v+1 {
			problem("version", e.Position, "version %d follows %d in stream %q", e.Version, v, e.Stream)
		}
		versions[e.Stream] = e.Version
		if (e.Erased != 0) != (len(e.salt) == 0) || e.Erased != 0 && len(e.Data)+len(e.Metadata) > 0 {
			problem("erasure", e.Position, "erased by %d with %d bytes of salt and %d of payload",
				e.Erased, len(e.salt), len(e.Data)+len(e.Metadata))
		}
	}
	if last != s.head {
		problem("head", s.head, "the head is %d, the last event is %d", s.head, last)
	}
	for stream, v := range versions {
		if stream != "" && s.heads[stream].Version != v {
			problem("stream", s.heads[stream].LastPosition, "stream %q is kept at version %d, its last event has %d",
				stream, s.heads[stream].Version, v)
		}
	}
	return report, nil
}
