package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
)

func namesOf(n int, last error) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for i := range n {
			if !yield(fmt.Sprint(i), nil) {
				return
			}
		}
		if last != nil {
			yield("", last)
		}
	}
}

// Whatever work takes longest, what comes of it is in order, and no more goes on than there are workers.
func TestInOrder(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		var going atomic.Int32
		gates := make([]chan struct{}, 20)
		for i := range gates {
			gates[i] = make(chan struct{})
		}
		work := func(_ context.Context, name string) (string, error) {
			if n := going.Add(1); int(n) > workers {
				t.Errorf("%d are at work, want no more than %d", n, workers)
			}
			defer going.Add(-1)
			var i int
			_, err := fmt.Sscan(name, &i)
			if i%workers != workers-1 { // the last of each few lets the others go
				<-gates[i]
			} else {
				for j := i - workers + 1; j < i; j++ {
					close(gates[j])
				}
			}
			return "did " + name, err
		}
		var got, want []string
		for i := range 20 {
			want = append(want, fmt.Sprint("did ", i))
		}
		for a := range inOrder(t.Context(), namesOf(20, nil), workers, work) {
			if a.err != nil {
				t.Fatal(a.err)
			}
			got = append(got, a.value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers: %v", workers, got)
		}
	}
}

// Leaving the loop cancels the work and waits for it; a cancelled context and an error of the names are yielded last.
func TestInOrderEnds(t *testing.T) {
	var going atomic.Int32
	stuck := func(ctx context.Context, name string) (string, error) {
		if name == "0" {
			return name, nil
		}
		going.Add(1)
		defer going.Add(-1)
		<-ctx.Done()
		return "", ctx.Err()
	}
	for a := range inOrder(t.Context(), namesOf(9, nil), 3, stuck) {
		if a.value != "0" || a.err != nil {
			t.Errorf("first comes %+v", a)
		}
		break
	}
	if n := going.Load(); n != 0 {
		t.Errorf("%d are still at work", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stop := errors.New("stop")
	fine := func(_ context.Context, name string) (string, error) { return name, nil }
	for want, all := range map[error]iter.Seq[answer[string]]{
		context.Canceled: inOrder(ctx, namesOf(9, nil), 3, fine),
		stop:             inOrder(t.Context(), namesOf(9, stop), 3, fine),
	} {
		var last error
		for a := range all {
			if last != nil {
				t.Errorf("after the error %v comes %+v", last, a)
			}
			last = a.err
		}
		if !errors.Is(last, want) {
			t.Errorf("the last error is %v, want %v", last, want)
		}
	}
}
