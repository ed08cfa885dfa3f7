package index

import (
	"sync/atomic"

	"github.com/gestadb/gesta/store"
)

// View is a snapshot of the files of a [Set]. Its files stay open until it is released. It is a [Source] of what all of them have: what a look-up needs
// of several files is fetched side by side, so that it takes little more time than with one.
type View struct {
	files []*File
	refs  atomic.Int64

	// The same without the files having to be looked at.
	spans  []span           // of the files
	places []*placesFile    // of all files
	begins []store.Position // of the places
}

// span is the range of a file.
type span struct{ first, last store.Position }

// newView returns a view with one reference. It takes references to all files and their places.
func newView(files []*File) *View {
	v := &View{files: files}
	v.refs.Store(1)
	for _, f := range files {
		f.core.retain()
		v.spans = append(v.spans, span{f.core.first, f.core.last()})
		for _, p := range f.places {
			p.retain()
			v.places, v.begins = append(v.places, p), append(v.begins, p.first)
		}
	}
	return v
}

// Files returns the files in the order of their positions. The slice must not be changed.
func (v *View) Files() []*File { return v.files }

// Release gives the view back. It is called once for each [Set.View].
func (v *View) Release() {
	if v.refs.Add(-1) > 0 {
		return
	}
	for _, f := range v.files {
		_ = f.core.release() // it was only read
		for _, p := range f.places {
			_ = p.release()
		}
	}
}
