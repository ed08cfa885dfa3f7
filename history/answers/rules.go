package answers

import (
	"context"
	"slices"
	"strings"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
)

// Rules say by which reducers states are folded. They may be used by several goroutines.
type Rules interface {
	// Choose returns the reducer for a target: a stream, or tag: and a tag.
	Choose(ctx context.Context, target string) (reducer.Reducer, error)

	// Identity says by which reducers answers about many streams are made.
	Identity(ctx context.Context) (string, error)
}

// One is the rules by which one reducer folds everything.
type One struct{ Reducer reducer.Reducer }

// Choose returns the reducer.
func (o One) Choose(context.Context, string) (reducer.Reducer, error) { return o.Reducer, nil }

// Identity returns that of the reducer.
func (o One) Identity(context.Context) (string, error) { return o.Reducer.Identity(), nil }

// IdentityOf says by which reducers the states of selections are made.
func (q *Question) IdentityOf(ctx context.Context, selections ...history.Selection) (string, error) {
	var parts []string
	for i := range selections {
		if selections[i].Subject == history.WholeStore {
			return q.Rules.Identity(ctx)
		}
		rule, err := q.Rules.Choose(ctx, selections[i].Target())
		if err != nil {
			return "", err
		}
		if !slices.Contains(parts, rule.Identity()) {
			parts = append(parts, rule.Identity())
		}
	}
	return strings.Join(parts, ","), nil
}
