// Package javascript folds events by a JavaScript file, in the form of KurrentDB's projections:
//
//	fromCategory('order').foreachStream().when({
//	    $init() { return { items: [], due: 0 } },
//	    ItemAdded(s, e) { s.items.push(e.data.sku); s.due += e.data.price },
//	    $any(s, e) { s.last = e.eventType },
//	})
//
// The handlers alone matter: from where the events come is said by whoever folds. fromAll, fromStream, fromStreams, fromCategory, fromCategories, foreachStream, options,
// outputState and outputTo are taken and do nothing, log writes nowhere. What would make another state, or events, is an error: partitionBy, transformBy, filterBy, biState,
// $initShared, $created, $deleted, emit, linkTo, linkStreamTo, copyTo.
//
// # Handlers
//
// A handler is called with the state and the event. The state begins as what $init returns, {} without one. A handler named like the type of the event goes before $any; an event that has neither
// is skipped. What a handler returns is the next state, unless it is undefined: then the one that it was given, with whatever it wrote into it. An event has
//
//	data, body      what the event's data says as JSON; undefined where it is not JSON
//	isJson          whether it is: by its content type, and by what it says
//	metadata        the same of the metadata
//	eventType       its type
//	streamId        its stream
//	sequenceNumber  from 0, that is its version less one
//	created         when it was recorded, as 2026-11-21T10:00:00.123456Z
//
// An event without a stream, which KurrentDB does not have, has neither streamId nor sequenceNumber: both are undefined, and 'streamId' in e is false. An erased event is skipped, as one that is not
// there any more. Data that is nested deeper than 10,000 is taken for no JSON.
//
// Handlers do not wait. What promises do at once, when the handler returns, counts; one that was rejected without anything that takes the error ends the fold, as a throw does.
//
// # The state
//
// Between two events the state is JSON, and nothing else. As JSON.stringify has it, a member that is undefined is left out, an element that is undefined, or the hole of a list, is null, a Number, String or
// Boolean object is its value, an object with toJSON is what that returns, which makes a text of a Date, and of one object that was put into two places there are two. What match returns is
// the list of its texts. A member that was made not to be enumerable is left out.
//
// What JSON cannot carry ends the fold, with its path and what it is ([ErrState]), instead of becoming {} or nothing: NaN and the infinities, BigInt, symbols and members that are named by one, lists with members that are no elements, names of members with half of a surrogate pair, functions, Map, Set,
// WeakMap, WeakSet, RegExp, Error, promises, generators and iterators, ArrayBuffer and what looks into it, Proxy, a Date without a time, what a class made (its methods and what it hides would be gone at the next event; toJSON
// helps), and a value that holds itself or is nested deeper than 5,000. A handler may use all of these, and write them into the state for a while; the state must be JSON when it returns.
//
// A handler keeps everything in the state. One that keeps something in a variable of the file, a part of the state among it, has a second state which nobody sees: the variable begins anew with each fold, and what folds
// from a later state would not have it. This is not detected. What is written into an object at a later event than the one that put it into the state is written into something that the state does not have.
//
// Lists of the state have no holes, but undefined elements.
// Parts of the state are plain: Object.freeze and accessors are errors, and Object.defineProperty makes members like any other; a prototype that is given to one is not part of the state. A member that is no element
// cannot be written into a list of the state, nor one that is named by a symbol into any part of it: that does nothing, and throws under 'use strict'. In a name that is written into an object of the state, half of a
// surrogate pair becomes U+FFFD.
//
// Numbers are those of JavaScript. A number of the data that would print with another value, such as 9007199254740993 or 1e400, ends the fold when a handler reads
// the data ([ErrNumber]), unless a line of the file says
//
//	// gesta: lossy-numbers
//
// A name in the data, or in the metadata, that has half of a surrogate pair ends the fold in any case ([ErrName]).
//
// # What is not there
//
// There is no clock and no randomness: Date.now(), new Date() and Math.random() end the fold, even inside of try ([ErrForbidden]); new Date(x) works, in UTC. There are no files, no network, no modules and no timers.
//
// The code runs in a process of its own, which is the same program started again: its main begins with [sandbox.IsChild] and [sandbox.RunChild]. It is killed when a handler takes too long, or the process takes too much memory ([ErrTime], [ErrMemory],
// [ErrDepth], from a thousand nested calls on); in all cases a [reducer.EventError] names the event.
package javascript
