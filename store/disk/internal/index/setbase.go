package index

// Rebase lists the directory again for a log that begins at base now: for read-only openers beside a writer that truncates.
func (s *Set) Rebase(base End) error {
	s.mu.Lock()
	s.base = base
	s.mu.Unlock()
	return s.Reload()
}
