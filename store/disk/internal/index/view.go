package index

import "sync/atomic"

// View is a snapshot of the files of a [Set]. Its files stay open until it is released.
type View struct {
	files []*File
	refs  atomic.Int64
}

// newView returns a view with one reference. It takes references to all files and their places.
func newView(files []*File) *View {
	v := &View{files: files}
	v.refs.Store(1)
	for _, f := range files {
		f.core.retain()
		for _, p := range f.places {
			p.retain()
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
