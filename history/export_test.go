package history

// KeptBytes is how much memory takes what is kept of the flips beside their places.
func (b *Bisection) KeptBytes() (n int) {
	for i := range b.flips.places {
		if f := b.flips.places[i].flip; f != nil {
			n += f.bytes()
		}
	}
	return n
}
