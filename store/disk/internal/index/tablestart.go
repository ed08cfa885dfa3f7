package index

// SetStart says where the table begins once that is known in full: a table is begun while the frame before it is still
// being written. It comes before the table is given to a [Set].
func (t *Table) SetStart(start End) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.start = start
}
