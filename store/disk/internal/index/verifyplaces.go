package index

import "bytes"

// places checks a file of places.
func (v *verifier) places(f *placesFile) error {
	if err := f.open(); err != nil {
		return err
	}
	raw, err := f.rawPlacesHeader()
	if err == nil && !bytes.Equal(raw, f.encode()) {
		err = f.damaged(0, "the header is not the one that was read when the file was opened")
	}
	if err := v.ended(err); err != nil {
		return err
	}
	index, err := f.readIndex()
	if err != nil {
		return err
	}
	v.next = placesHeaderLen
	var block placesBlock
	var last Place
	for i := range index {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		offset, length := index[i].at()
		err := block.load(f, i)
		if err == nil {
			err = v.adjoins(&f.blockFile, extent{offset, length})
		}
		for j := range block.n {
			p := block.place(j)
			if p <= last && last > 0 && err == nil {
				err = f.damaged(offset, "the places do not rise")
			}
			last = p
		}
		if err := v.ended(err); err != nil {
			return err
		}
	}
	return v.fills(&f.blockFile, f.blocks)
}
