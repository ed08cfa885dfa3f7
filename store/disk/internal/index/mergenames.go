package index

// nameMerge goes through the names of several files in byte order.
type nameMerge struct {
	sections []*names // in the order of their positions
	at       []uint64 // the next name of each
	name     string
}

// next calls yield for each file that has the next name, oldest first. It is false after the last name.
func (m *nameMerge) next(yield func(i int, values []uint64)) (bool, error) {
	more := false
	for i, s := range m.sections {
		if m.at[i] == s.count {
			continue
		}
		name, _, err := s.get(m.at[i])
		if err != nil {
			return false, err
		}
		if !more || string(name) < m.name {
			m.name, more = string(name), true
		}
	}
	if !more {
		return false, nil
	}
	for i, s := range m.sections {
		if m.at[i] == s.count {
			continue
		}
		name, values, err := s.get(m.at[i])
		if err != nil {
			return false, err
		}
		if string(name) == m.name {
			yield(i, values)
			m.at[i]++
		}
	}
	return true, nil
}

// each calls visit for each file that has a name, oldest first, and then done.
func (m *merger) eachName(section func(*indexFile) *names, visit func(i int, values []uint64), done func(name string)) error {
	all := nameMerge{at: make([]uint64, len(m.files))}
	for _, f := range m.files {
		all.sections = append(all.sections, section(f))
	}
	for {
		ok, err := all.next(visit)
		if err != nil || !ok {
			return err
		}
		done(all.name)
		if err := m.check(); err != nil {
			return err
		}
	}
}

func (m *merger) eachStream(add func(name string, s *streamState)) error {
	var state streamState
	return m.eachName((*indexFile).streamNames, func(i int, values []uint64) {
		events := state.events
		state = m.files[i].origin().state(values)
		state.events += events
	}, func(name string) {
		add(name, &state)
		state = streamState{}
	})
}

func (m *merger) eachType(add func(name string, events uint64)) error {
	events := uint64(0)
	return m.eachName((*indexFile).typeNames, func(_ int, values []uint64) { events += values[0] }, func(name string) {
		add(name, events)
		events = 0
	})
}

func (m *merger) eachTracking(add func(source string, position uint64)) error {
	position := uint64(0)
	return m.eachName((*indexFile).sources, func(_ int, values []uint64) { position = values[0] }, func(source string) { add(source, position) })
}
