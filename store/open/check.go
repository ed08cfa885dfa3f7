package open

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// A checker looks at a store without opening it as Open does.
type checker func(ctx context.Context, rest string, o Options, c store.CheckOptions) (store.CheckReport, error)

// checkers maps schemes to how their stores are checked. A backend without an entry is opened, and asked for the power
// [store.Checker].
var checkers = map[string]checker{
	fileScheme: checkDisk,
}

// Check walks everything that the store at a URL holds. Without c.Repair nothing is changed, not even what opening would
// recover. It returns the errors of [Open], and [store.ErrUnsupported] for a store that cannot be checked.
func Check(ctx context.Context, url string, o Options, c store.CheckOptions) (report store.CheckReport, err error) {
	o.MustExist = true
	if scheme, rest := split(url); checkers[scheme] != nil {
		return checkers[scheme](ctx, rest, o, c)
	}
	s, err := Open(ctx, url, o)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	power, ok := store.As[store.Checker](s)
	if !ok {
		return report, fmt.Errorf("check store: %w", store.ErrUnsupported)
	}
	return power.Check(ctx, c)
}
