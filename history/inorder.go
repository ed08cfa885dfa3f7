package history

import (
	"context"
	"iter"
	"sync"
)

// answer is what came of work on a stream.
type answer[T any] struct {
	name  string
	value T
	err   error
}

// inOrder works on each of the names, as many at a time as there are workers, and yields what came of it in their order, with no more than that waiting. An error of the names is
// yielded last. When the loop is left the work that goes on is cancelled and waited for.
func inOrder[T any](ctx context.Context, names iter.Seq2[string, error], workers int, work func(ctx context.Context, name string) (T, error)) iter.Seq[answer[T]] {
	return func(yield func(answer[T]) bool) {
		whole := ctx
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		answers := make(chan chan answer[T], workers-1) // one more is being waited for
		running.Go(func() {
			defer close(answers)
			for name, err := range names {
				next := make(chan answer[T], 1)
				select {
				case answers <- next:
				case <-ctx.Done():
					return
				}
				if err != nil {
					next <- answer[T]{err: err}
					return
				}
				running.Go(func() {
					value, err := work(ctx, name)
					next <- answer[T]{name, value, err}
				})
			}
		})
		for next := range answers {
			if !yield(<-next) {
				return
			}
		}
		if err := whole.Err(); err != nil { // names may be missing
			yield(answer[T]{err: err})
		}
	}
}
