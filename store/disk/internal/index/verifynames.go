package index

import "fmt"

// streams checks the section of streams.
func (v *verifier) streams() error {
	f := v.f
	events := uint64(0)
	err := v.names(f.streamNames(), func(name string, values []uint64) string {
		s := f.origin().state(values)
		events += s.events
		if s.last < f.first || s.last > f.last() || s.recordedAt < f.firstRecordedAt || s.recordedAt > f.lastRecordedAt ||
			s.version < s.events || s.events == 0 {
			return fmt.Sprintf("the state of the stream %q makes no sense", name)
		}
		return ""
	})
	if err == nil && events > f.events {
		err = f.damaged(f.sections[sectionStreams].offset, "%d events in streams, %d in all", events, f.events)
	}
	return err
}

func (v *verifier) types() error {
	f := v.f
	events := uint64(0)
	err := v.names(f.typeNames(), func(_ string, values []uint64) string {
		events += values[0]
		return ""
	})
	if err == nil && v.next >= 0 && events != f.events {
		err = f.damaged(f.sections[sectionTypes].offset, "%d events with types, %d in all", events, f.events)
	}
	return err
}

func (v *verifier) trackings() error {
	return v.names(v.f.sources(), func(string, []uint64) string { return "" })
}

// names checks a section of names. Check returns what is wrong with the values of a name, or "".
func (v *verifier) names(s *names, check func(name string, values []uint64) string) error {
	v.next = s.blocks.offset
	before := ""
	for i := range nameBlocks(s.count) {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		e, err := s.table.at(i)
		if err == nil {
			if err = s.load(i); err == nil {
				err = v.adjoins(s.file, e)
			}
		}
		if err != nil {
			if err := v.ended(err); err != nil {
				return err
			}
			continue
		}
		for j := range s.block.n {
			name := string(s.block.name(j))
			problem := check(name, s.block.values[j*s.values:(j+1)*s.values])
			if name <= before {
				problem = "names do not rise"
			}
			if problem != "" {
				return s.file.damaged(e.offset, "%s", problem)
			}
			before = name
		}
	}
	return v.fills(s.file, s.blocks.end())
}
