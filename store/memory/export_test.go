package memory

// Evict closes s, as Close does, and returns a store that has what s held at that moment.
func (s *Store) Evict() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := New(Options{Clock: s.clock, ID: s.id})
	kept.events, kept.commits, kept.keys, kept.heads, kept.tracked = s.events, s.commits, s.keys, s.heads, s.tracked
	kept.head, kept.dropped, kept.last = s.head, s.dropped, s.last
	if !s.closed {
		s.close()
	}
	return kept
}
