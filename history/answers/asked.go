package answers

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Asked is what every question about history may be asked with.
type Asked struct {
	Known       history.Known
	EffectiveAt time.Time     // the zero time is none
	Clock       history.Clock // reads the times in addresses
	Rules       Rules         // by which states are folded
}

// ParseKnown reads by when events were recorded: a position where it is all digits, else a time; empty is no bound. Position 0 is before the
// first event: nothing is known. what names the flag or parameter in errors, which are of the code usage.
func ParseKnown(what, text string, c history.Clock) (history.Known, error) {
	if text == "" {
		return history.Known{}, nil
	}
	if strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseUint(text, 10, 53)
		if err != nil {
			return history.Known{}, usageHint("", "%s %s: a position is between 0, before the first event, and 2^53-1", what, text)
		}
		return history.Known{Position: store.Position(n), Nothing: n == 0}, nil
	}
	t, err := c.Time(text)
	if err != nil {
		return history.Known{}, fmt.Errorf("%s: %w", what, err)
	}
	return history.Known{At: t}, nil
}

// ParseTime reads a time, the zero time where the text is empty. what and errors are as of [ParseKnown].
func ParseTime(what, text string, c history.Clock) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := c.Time(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", what, err)
	}
	return t, nil
}

// Part is the part of a state that is asked about. The zero value is the whole.
type Part struct {
	Path     reducer.Path
	ArrayKey string // that of reducer.Want
	text     string // of the path, as it was written
}

// ParsePart reads a path, and the member by which elements of lists are told apart; where that is empty, the path may say it. What the
// two say must not differ. what and errors are as of [ParseKnown].
func ParsePart(what, path, arrayKey string) (Part, error) {
	p, err := reducer.ParsePath(path)
	if err != nil {
		return Part{}, fmt.Errorf("%s: %w", what, err)
	}
	named := p.ArrayKey()
	if arrayKey != "" && named != "" && named != arrayKey {
		return Part{}, usageHint("leave the key out: the path says it", "%s: %s tells elements apart by %q, and not by %q", what, path, named, arrayKey)
	}
	return Part{Path: p, ArrayKey: cmp.Or(arrayKey, named), text: path}, nil
}

func usageHint(hint, format string, args ...any) error {
	return &eventjson.Error{Code: eventjson.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}
