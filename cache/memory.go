package cache

import (
	"context"
	"slices"

	"github.com/maypok86/otter/v2"
)

// Memory keeps states in memory, those that are used most, up to a number of bytes. It may be used by any number of goroutines.
type Memory struct{ states *otter.Cache[string, states] }

// states are those of one subject, the newest last. They are replaced, never changed.
type states []state

type state struct {
	fold  string
	value []byte
}

// maxFolds bounds the folds of a subject whose states are kept: those of programs that have been replaced are the oldest.
const maxFolds = 8

// entryBytes is about what a subject costs beside its states.
const entryBytes = 200

// NewMemory returns a keeper that holds about so many bytes at the most.
func NewMemory(bytes uint64) *Memory {
	return &Memory{otter.Must(&otter.Options[string, states]{
		MaximumWeight: bytes,
		Executor:      func(f func()) { f() }, // no goroutine outlives a call
		Weigher: func(subject string, s states) uint32 {
			n := entryBytes + len(subject)
			for _, one := range s {
				n += len(one.fold) + len(one.value)
			}
			return uint32(min(n, 1<<31))
		},
	})}
}

// Get returns what was put last for a subject and a fold.
func (m *Memory) Get(ctx context.Context, subject, fold string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, _ := m.states.GetIfPresent(subject)
	for _, one := range s {
		if one.fold == fold {
			return one.value, nil
		}
	}
	return nil, nil
}

// Put keeps a value, which nobody changes any more.
func (m *Memory) Put(ctx context.Context, subject, fold string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.states.Compute(subject, func(old states, _ bool) (states, otter.ComputeOp) {
		s := slices.DeleteFunc(slices.Clone(old), func(one state) bool { return one.fold == fold })
		s = append(s, state{fold, value})
		return s[max(0, len(s)-maxFolds):], otter.WriteOp
	})
	return nil
}

// Forget drops what is kept for a subject.
func (m *Memory) Forget(ctx context.Context, subject string) error {
	m.states.Invalidate(subject)
	return ctx.Err()
}
