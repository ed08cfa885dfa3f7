package answers

import "github.com/gestadb/gesta/history"

// Target is a stream or a tag, up to a point, whose state is asked for.
type Target struct {
	history.Selection
	text string
}

// NewTarget returns the target that an address, which was looked up, stands for. A range, and a point of the whole store, is none: the error has
// the code usage.
func NewTarget(sel history.Selection, text string) (Target, error) {
	switch {
	case sel.Range:
		return Target{}, usageHint("name its end: order-42@7", "%s is a range, and a state is of one point", text)
	case sel.Subject == history.WholeStore:
		return Target{}, usageHint("gesta streams lists the streams there are", "%q is no stream and no tag", text)
	}
	return Target{Selection: sel, text: text}, nil
}
