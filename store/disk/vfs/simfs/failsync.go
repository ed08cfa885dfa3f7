package simfs

// doom is a sync to come that will fail.
type doom struct {
	left  int // How many matching syncs until then, itself counted.
	match func(name string) bool
}

// FailSync makes one sync of a file fail with ErrSync: the n-th from now, from 1,
// of those whose file was opened by a name for which match returns true. See the
// package comment for what is then found. Calls add up; images inherit nothing.
// match is called with the disk locked: it must not use it.
func (d *FS) FailSync(n int, match func(name string) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.doomed = append(d.doomed, &doom{left: max(n, 1), match: match})
}

// isDoomed counts a sync and reports whether it fails.
func (d *FS) isDoomed(name string) bool {
	fails := false
	rest := d.doomed[:0]
	for _, s := range d.doomed {
		if s.match(name) {
			s.left--
		}
		if s.left == 0 {
			fails = true
		} else {
			rest = append(rest, s)
		}
	}
	clear(d.doomed[len(rest):])
	d.doomed = rest
	return fails
}
