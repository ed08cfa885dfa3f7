package open

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// openMemory makes an empty store. Nothing else can hold it, so a reader's is as good as a writer's.
func openMemory(_ context.Context, rest string, o Options) (store.Store, error) {
	if rest != "" {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("mem: takes nothing after the colon, not %q", rest)}
	}
	return memory.New(memory.Options{Clock: o.Clock}), nil
}
