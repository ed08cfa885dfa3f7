package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

// targetKey is the key of a target in a context.
type targetKey struct{}

// WithTarget returns a context in which the stores of a [Gate] note what an act was done to, and what tells it afterwards, for [Act]: empty where none of them knew. It is for one request.
func WithTarget(ctx context.Context) (noting context.Context, target func() string) {
	text := new(string)
	return context.WithValue(ctx, targetKey{}, text), func() string { return *text }
}

// noteTarget notes which positions an act was done to.
func noteTarget(ctx context.Context, positions []store.Position) {
	if text, ok := ctx.Value(targetKey{}).(*string); ok {
		*text = positionsText(positions)
	}
}

// positionsText names positions, neighbours together: position 7, or positions 1 to 3, 9.
func positionsText(positions []store.Position) string {
	list := slices.Clone(positions)
	slices.Sort(list)
	list = slices.Compact(list)
	var text strings.Builder
	text.WriteString("position")
	if len(list) > 1 {
		text.WriteByte('s')
	}
	for i := 0; i < len(list); {
		last := i
		for last+1 < len(list) && list[last+1] == list[last]+1 {
			last++
		}
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, " %d", list[i])
		if last > i {
			fmt.Fprintf(&text, " to %d", list[last])
		}
		i = last + 1
	}
	return text.String()
}
