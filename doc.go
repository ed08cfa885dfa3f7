// Package gesta is what applications are written with whose state is the events that led to it: typed events over a store, deciders, and decisions over the whole
// store.
//
// # Events
//
// Events are plain structs. An interface that they alone implement makes a union of them, and a map names them as they are stored:
//
//	type Event interface{ account() }
//
//	type Opened struct {
//		Owner string `gesta:"tag=owner"`
//	}
//	type Deposited struct{ Cents int64 }
//	type Withdrawn struct{ Cents int64 }
//
//	func (Opened) account()    {}
//	func (Deposited) account() {}
//	func (Withdrawn) account() {}
//
//	var Types = gesta.Types[Event]{
//		"account.opened": Opened{}, "money.deposited": Deposited{}, "money.withdrawn": Withdrawn{},
//	}
//
// A [DB] is a store that knows such types: gesta.New(s, Types). When a type changes, [Upcast], [Split] and [Rename] read what older programs wrote.
//
// # Deciders
//
// A [Decider] says what the events of one stream amount to. A command is any function of that state which returns what happens, or why nothing may:
//
//	var Account = gesta.Decider[State, Event]{Category: "account", Evolve: evolve}
//
//	func Withdraw(cents int64) func(State) ([]Event, error) {
//		return func(s State) ([]Event, error) {
//			if s.Balance < cents {
//				return nil, ErrTooLittle
//			}
//			return []Event{Withdrawn{cents}}, nil
//		}
//	}
//
//	res, err := Account.Handle(ctx, db, "42", Withdraw(200), gesta.Key(requestID))
//
// [Decider.Handle] loads, decides and appends, and decides again when others were faster. [Decider.Load] and [Decider.History] look at the stream as it is, or was.
//
// # Decisions
//
// What no stream alone can decide rests on views: small folds over whatever in the store has some tags. A [Decision] lists its views, and what it decides is recorded only if
// nothing has come meanwhile that one of them would have looked at.
//
// # Below
//
// Package store is the contract that every backend keeps, store/disk the engine, store/memory the reference for tests, and store/open opens a store by its URL.
package gesta
