package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gestadb/gesta/store"
)

// judging says who may read, and notes that it was asked.
type judging struct {
	err   error
	asked *int
}

// judged is a store that judges, judgingWrapper one around another.
type (
	judged struct {
		plain
		judging
	}
	judgingWrapper struct {
		wrapper
		judging
	}
)

func (j *judging) MayRead(context.Context, store.Query) error {
	*j.asked++
	return j.err
}

// Each store is asked until one says no, whatever the wrappers around it say of powers.
func TestMayRead(t *testing.T) {
	no := errors.New("no")
	asked := 0
	judge := func(err error, s store.Store) store.Store {
		return &judgingWrapper{wrapper{inner: s}, judging{err: err, asked: &asked}}
	}
	silent := func(s store.Store) store.Store { return &wrapper{inner: s} }
	for _, tt := range []struct {
		name  string
		s     store.Store
		want  error
		asked int
	}{
		{"no store", nil, nil, 0},
		{"one that judges nothing", silent(&plain{}), nil, 0},
		{"yes", &judged{judging: judging{asked: &asked}}, nil, 1},
		{"no", &judged{judging: judging{err: no, asked: &asked}}, no, 1},
		{"within wrappers that mention nothing", silent(silent(&judged{judging: judging{err: no, asked: &asked}})), no, 1},
		{"yes outside, no within", judge(nil, silent(judge(no, &plain{}))), no, 2},
		{"no outside", judge(no, judge(nil, &plain{})), no, 1},
		{"yes twice", judge(nil, judge(nil, &plain{})), nil, 2},
	} {
		asked = 0
		if got := store.MayRead(t.Context(), tt.s, nil); !errors.Is(got, tt.want) || asked != tt.asked {
			t.Errorf("%s: %v, %d asked; want %v, %d", tt.name, got, asked, tt.want, tt.asked)
		}
	}
}
