// Package gesta is for applications that keep what happened, and work out their state from it: typed events over a store, deciders for one stream, decisions over many. The
// example below is a whole program.
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
// A [Decider] says what the events of one stream amount to. A command is any function of that state which returns what happens, nil for nothing, or why nothing may:
//
//	type State struct{ Cents int64 }
//
//	func evolve(s State, e Event) State {
//		switch e := e.(type) {
//		case Deposited:
//			s.Cents += e.Cents
//		case Withdrawn:
//			s.Cents -= e.Cents
//		}
//		return s
//	}
//
//	var Account = gesta.Decider[State, Event]{Category: "account", Evolve: evolve}
//
//	func Withdraw(cents int64) func(State) ([]Event, error) {
//		return func(s State) ([]Event, error) {
//			if s.Cents < cents {
//				return nil, ErrTooLittle
//			}
//			return []Event{Withdrawn{cents}}, nil
//		}
//	}
//
//	res, err := Account.Handle(ctx, db, "42", Withdraw(200), gesta.Key(requestID))
//
// [Decider.Handle] loads, decides and appends, and decides again when others were faster. A [Key] makes a call that may be repeated: what it has recorded once is returned
// from then on. [Atomic] commits several commands, all or none.
//
// # Decisions
//
// What no stream alone can decide rests on views: small folds over whatever in the store has some tags. A [Decision] lists its views, and what it decides is recorded only if
// nothing that matches one of them has come meanwhile:
//
//	func Enroll(course, student string) gesta.Decision[Event] {
//		seats := gesta.NewView(0, gesta.Tagged(gesta.Tag("course", course)),
//			gesta.When(func(_ int, e Offered) int { return e.Seats }),
//			gesta.When(func(n int, _ Enrolled) int { return n - 1 }))
//		return gesta.Decision[Event]{
//			Views: []gesta.AnyView{seats},
//			Decide: func(f gesta.Facts) ([]Event, error) {
//				if seats.In(f) < 1 {
//					return nil, ErrFull
//				}
//				return []Event{Enrolled{course, student}}, nil
//			},
//		}
//	}
//
// [Unique], [AtMost], [Exists], [Require] and [Next] say the usual ones in a line.
//
// # The past
//
// [Decider.Load] and [Decider.History] look at a stream as it is, or was: [AsOfVersion], [AsOfPosition] and [AsOf] are what was known then, [AsEffective] is what held then, as
// far as is known now. [Read] yields typed events from anywhere in the store, and follows those to come.
//
// # Who and why
//
// [WithActor], [WithCorrelation] and [WithCause], or the options of a call with these names, record who caused events, in which story, and by which event; [Event.Actor] and its
// like read that again.
//
// # Keeping states
//
// Long streams and views of many events need not be folded afresh: [Keep] keeps their states, in what package cache has. What is kept is never trusted more than the events.
//
// # Around
//
// Package gestatest tests deciders, decisions and projections without a store. Package projection makes read models. Package store is the contract that every backend keeps,
// store/disk the engine, store/memory the reference for tests, and store/open opens a store by its URL.
package gesta
