package disk

// fewStreams is up to how many streams a request looks through them one by one.
const fewStreams = 8

// stream returns the number of a stream in streams, where it is put if it is not there. The guess is where it may be: guards mostly name the
// streams of the events, in the same order.
func (r *request) stream(name string, guess int) int {
	if guess < len(r.streams) && r.streams[guess].name == name {
		return guess
	}
	if i, ok := r.findStream(name); ok {
		return i
	}
	i := len(r.streams)
	r.streams = append(r.streams, streamFact{name: name})
	switch {
	case i > fewStreams:
		r.byName[name] = i
	case i == fewStreams:
		if r.byName == nil {
			r.byName = make(map[string]int, 4*fewStreams)
		}
		for k := range r.streams {
			r.byName[r.streams[k].name] = k
		}
	}
	return i
}

func (r *request) findStream(name string) (int, bool) {
	if len(r.streams) > fewStreams {
		i, ok := r.byName[name]
		return i, ok
	}
	for i := range r.streams {
		if r.streams[i].name == name {
			return i, true
		}
	}
	return 0, false
}
