package index

// eachName calls visit for each file that has a name, oldest first, and then done, name after name in byte order.
func (m *merger) eachName(section func(*indexFile) *names, visit func(i int, values []uint64), done func(name []byte)) error {
	scans := make([]*nameScan, len(m.files))
	first := make([][]byte, len(m.files))
	for i, f := range m.files {
		scans[i] = newNameScan(section(f), m.scanSize())
		if err := scans[i].next(); err != nil {
			return err
		}
		first[i] = scans[i].name
	}
	var name []byte // the one that is being gathered
	for t := newNameTournament(first); ; {
		w := t.winner()
		same := w.shared == len(name) && w.shared == len(w.name)
		if !same && len(name) > 0 {
			done(name)
		}
		if w.name == nil {
			return nil
		}
		if !same {
			name = append(name[:0], w.name...)
		}
		s := scans[w.from]
		visit(w.from, s.current())
		if err := s.next(); err != nil {
			return err
		}
		t.replace(s.name, s.shared)
		if err := m.check(); err != nil {
			return err
		}
	}
}

func (m *merger) eachStream(add func(name []byte, s *streamState)) error {
	var state streamState
	return m.eachName((*indexFile).streamNames, func(i int, values []uint64) {
		events := state.events
		state = m.files[i].origin().state(values)
		state.events += events
	}, func(name []byte) {
		add(name, &state)
		state = streamState{}
	})
}

func (m *merger) eachType(add func(name []byte, events uint64)) error {
	events := uint64(0)
	return m.eachName((*indexFile).typeNames, func(_ int, values []uint64) { events += values[0] }, func(name []byte) {
		add(name, events)
		events = 0
	})
}

func (m *merger) eachTracking(add func(source []byte, position uint64)) error {
	position := uint64(0)
	return m.eachName((*indexFile).sources, func(_ int, values []uint64) { position = values[0] }, func(source []byte) { add(source, position) })
}
