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
//	streamId        its stream, "" for an event without one
//	sequenceNumber  from 0, that is its version less one; -1 for an event without a stream
//	created         when it was recorded, as 2026-11-21T10:00:00.123456Z
//
// An erased event is skipped, as one that is not there any more.
//
// # The state
//
// Between two events the state is JSON, and nothing else: what JSON.stringify would leave out, such as undefined and functions, is gone, a Date is a text, the hole of a list is null, and of one object that was
// put into two places there are two. A handler that keeps a part of the state, or an object that it put there, in a variable of its own and writes into it at a later event, writes into something that the state
// does not have any more, or not see at all; nobody should, because what folds from a later state has not got these variables. NaN, the infinities and BigInt are errors that name the path, as is a value that holds itself.
// Lists have no holes, but undefined elements, and no other members than their elements.
// Parts of the state are plain: Object.freeze and accessors are errors, and Object.defineProperty makes members like any other. In names of members, half of a surrogate pair is U+FFFD.
//
// Numbers are those of JavaScript. A number of the data that would print with another value, such as 9007199254740993 or 1e400, ends the fold when a handler reads
// the data ([ErrNumber]), unless a line of the file says
//
//	// gesta: lossy-numbers
//
// # What is not there
//
// There is no clock and no randomness: Date.now(), new Date() and Math.random() end the fold, even inside of try ([ErrForbidden]); new Date(x) works, in UTC. There are no files, no network, no modules and no timers.
//
// The code runs in a process of its own, which is the same program started again: its main begins with [IsChild] and [RunChild]. It is killed when a handler takes too long, or the process takes too much memory ([ErrTime], [ErrMemory],
// [ErrDepth], from a thousand nested calls on); in all cases a [reducer.EventError] names the event.
package javascript
