package eventjson

import "github.com/gestadb/gesta/store"

// AppendCommit appends a commit: {"key":…,"events":[…],"guards":[…],"tracking":{…}}.
func AppendCommit(dst []byte, c *store.Commit) []byte {
	dst = append(dst, '{')
	if c.Key != "" {
		dst = append(dst, `"key":`...)
		dst = append(AppendString(dst, c.Key), ',')
	}
	dst = append(dst, `"events":[`...)
	for i := range c.Events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendNew(dst, &c.Events[i])
	}
	dst = append(dst, ']')
	if len(c.Guards) > 0 {
		dst = append(dst, `,"guards":[`...)
		for i, g := range c.Guards {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendGuard(dst, g)
		}
		dst = append(dst, ']')
	}
	if c.Tracking != nil {
		dst = append(dst, `,"tracking":`...)
		dst = AppendTracking(dst, c.Tracking)
	}
	return append(dst, '}')
}

// AppendGuard appends a guard: an object with one member that is named after its kind. A guard of a kind that the contract
// does not know is null.
func AppendGuard(dst []byte, g store.Guard) []byte {
	switch g := g.(type) {
	case store.StreamAt:
		dst = append(dst, `{"streamAt":{"stream":`...)
		dst = AppendString(dst, g.Stream)
		dst = appendUint(append(dst, `,"version":`...), g.Version)
	case store.StreamExists:
		dst = append(dst, `{"streamExists":{"stream":`...)
		dst = AppendString(dst, g.Stream)
	case store.NoneMatch:
		dst = append(dst, `{"noneMatch":{"query":`...)
		dst = AppendQuery(dst, g.Query)
		if g.After != 0 {
			dst = appendUint(append(dst, `,"after":`...), uint64(g.After))
		}
	default:
		return append(dst, `null`...)
	}
	return append(dst, '}', '}')
}

// AppendQuery appends a query: a list of items.
func AppendQuery(dst []byte, q store.Query) []byte {
	dst = append(dst, '[')
	for i := range q {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, &q[i])
	}
	return append(dst, ']')
}

func appendItem(dst []byte, it *store.Item) []byte {
	dst = append(dst, '{')
	start := len(dst)
	member := func(name string) {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), `":`...)
	}
	if it.Stream != "" {
		member("stream")
		dst = AppendString(dst, it.Stream)
	}
	if it.Category != "" {
		member("category")
		dst = AppendString(dst, it.Category)
	}
	if len(it.Types) > 0 {
		member("types")
		dst = appendStrings(dst, it.Types)
	}
	if len(it.Tags) > 0 {
		member("tags")
		dst = appendStrings(dst, it.Tags)
	}
	return append(dst, '}')
}

// AppendResult appends {"first":…,"last":…,"duplicate":…,"versions":{…}}; versions has the streams in the order of the
// result.
func AppendResult(dst []byte, r *store.Result) []byte {
	return append(appendResult(append(dst, '{'), r), '}')
}

func appendResult(dst []byte, r *store.Result) []byte {
	dst = appendUint(append(dst, `"first":`...), uint64(r.First))
	dst = appendUint(append(dst, `,"last":`...), uint64(r.Last))
	dst = appendBool(append(dst, `,"duplicate":`...), r.Duplicate)
	dst = append(dst, `,"versions":{`...)
	for i, v := range r.Versions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, v.Stream), ':')
		dst = appendUint(dst, v.Version)
	}
	return append(dst, '}')
}

// AppendAcknowledgement appends what became of the commit on a line of input: {"line":1,"ok":true,…} with the members of a
// result, or {"line":2,"ok":false,"error":{…}} where failed is not nil. Line 0 is left out.
func AppendAcknowledgement(dst []byte, line int64, r *store.Result, failed *Error) []byte {
	dst = append(dst, '{')
	if line != 0 {
		dst = append(appendUint(append(dst, `"line":`...), uint64(line)), ',')
	}
	if failed != nil {
		dst = append(dst, `"ok":false,"error":`...)
		return append(AppendError(dst, failed), '}')
	}
	dst = append(dst, `"ok":true,`...)
	return append(appendResult(dst, r), '}')
}
