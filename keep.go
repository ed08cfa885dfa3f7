package gesta

import (
	"context"
	"time"
)

// Keeper keeps encoded states: in memory, in files, in another program. What it loses costs time and nothing else: a state that is gone, old or damaged is made again
// from the events. It is used by many goroutines at once. Package cache has some.
type Keeper interface {
	// Get returns what was put last for a subject and a fold, nil when there is nothing. Nobody changes the bytes any more. A subject is the name of a stream, or
	// the text of the [Scope] of a view.
	Get(ctx context.Context, subject, fold string) ([]byte, error)

	// Put keeps value for a subject and a fold, in place of what was there.
	Put(ctx context.Context, subject, fold string, value []byte) error

	// Forget drops what is kept for a subject, whatever the fold. After it has returned nothing that was put before it began is found.
	Forget(ctx context.Context, subject string) error
}

// Cost is what it took to make a state from what was kept, or from nothing.
type Cost struct {
	Events int           // that were folded
	Took   time.Duration // to read and fold them
	Age    time.Duration // of what was kept, by the clock of the DB; 0 when there was nothing

	due bool // it is to be kept whatever the policy
}

// Policy says whether a state is worth keeping.
type Policy func(Cost) bool

// Every keeps a state when n events or more were folded to make it.
func Every(n int) Policy { return func(c Cost) bool { return c.Events >= n } }

// Slower keeps a state that took d or more to make.
func Slower(d time.Duration) Policy { return func(c Cost) bool { return c.Took >= d } }

// Older keeps a state that has changed since one was kept, when the kept one is d old or older. Alone it never keeps a first one.
func Older(d time.Duration) Policy { return func(c Cost) bool { return c.Age >= d && c.Events > 0 } }

// keeping is a Keep.
type keeping struct {
	keeper Keeper
	policy Policy
	names  map[string]bool // of categories and views; none for all
}

// Keep keeps the states of deciders, and of views that have a name ([View.Named]), in k when policy says so, and begins from them. Of several keepers the first that has
// a state is used: name the fastest first. Names say which: those of [Decider.Name], which is the category where there is none, and of [View.Named]; none is all of them.
//
// A kept state is used only for the same store, [Decider.Version], shape of the state, types of events and upcasters, and only while the last event that it
// was folded from is still the one at its position. Go cannot see whether the code of Evolve has changed: raise the Version when it has. When that was forgotten, gestatest.Pin
// finds out in a test and [VerifyKept] in production.
//
// States are kept as encoding/json writes them; Load and Handle return an error for a state that would not come back as it was. A kept state is not used any more once
// an event that it was folded from is erased, nor at a server that does not show its caller what was erased, but by [AllowStale]; what that said stays where it is kept, until
// [DB.Forget]. A state that was folded from events which have been truncated away since is used as long as its last event is there. Where a store was
// put back to an older copy, empty the keepers: of what is erased in it from then on, they may miss some.
func Keep(k Keeper, policy Policy, names ...string) Option {
	return option(func(b *builder) {
		one := keeping{keeper: k, policy: policy, names: map[string]bool{}}
		for _, n := range names {
			one.names[n] = true
		}
		b.kept.keepers = append(b.kept.keepers, one)
	})
}

// VerifyKept folds the events of a share of all loads, from 0 for none to 1 for all, afresh where a kept state was used. One that differs is counted by [DB.Kept],
// replaced, and not used.
func VerifyKept(share float64) Option {
	return option(func(b *builder) {
		if !(share >= 0 && share <= 1) {
			b.failf("VerifyKept takes a share from 0 to 1, not %v", share)
		}
		b.kept.share = share
	})
}

// AllowStale is for [Decider.Load]: a state that was the newest some time within d may be returned, without a look at the store, and so also where an event was erased meanwhile, or
// this caller may not read the stream: a keeper knows nothing of rights. Without keepers it changes nothing.
func AllowStale(d time.Duration) CallOption {
	return looking("AllowStale", func(c *call) { c.stale = d })
}
