// Package httpapi is the native protocol of gesta over HTTP, both halves of it: [Handler] serves a [store.Store], and [Client], which
// [Dial] returns, is one.
//
// The client passes the suite that every store passes: what the contract of package store promises holds over the wire. Where
// the way to the server breaks, reads go on after the last event, followers for as long as it takes; an append whose answer was lost is
// repeated if it has a key, which makes it be written once, and is an [*store.UnknownError] if it has none.
//
// # Routes
//
// [Handler.Routes] is the one table of what is served; [Handler.OpenAPI] describes it. All errors are written by [WriteError]: an
// application/problem+json whose code is one of package eventjson. The body of a request must say its type: a page in a browser
// can send what has none, or that of a form, to any server that it reaches, and a server without users could not tell.
//
// A read answers in the form that Accept asks for: a page of JSON, JSON lines, server-sent events, frames, or a batch of CloudEvents.
// Whoever reads can tell an answer that was cut off from one that ended: a page has a length and is one JSON value; lines
// and server-sent events end with end or error, and frames with the frame of either. Everything is bounded, see [Options].
//
// CloudEvents 1.0 are taken and given in structured JSON and in batches: subject is the stream, time the effective time; the source and
// attributes that gesta does not have are kept in the metadata, under "cloudevents". GET /read and POST /append speak the plain form of the test
// suite of dcb.events.
//
// # Frames
//
// application/vnd.gesta.frames is what Go clients speak. A stream of frames begins with five bytes, "GSTF" and the version of the
// form, 1. Each frame follows the other:
//
//	kind     1 byte
//	length   4 bytes, little-endian: of the payload, at most MaxFrameBytes
//	payload
//
// Numbers are unsigned varints, or signed where that is said, as of encoding/binary; text and bytes stand behind their length; a
// time is a byte, 0 for none, else 1 and the signed number of microseconds since 1970; a flag is a byte, 0 or 1. The payloads by kind:
//
//	 1 begin      the id of the store, and the position where a read ends that does not follow, 0 for none
//	 2 events     a batch
//	 3 progress   a position up to which all was passed, and a flag: it is the head
//	 4 heartbeat  nothing: the connection is alive
//	 5 end        how many events, items, or answers there were; nothing follows
//	 6 error      a kind, the message, and the facts of the kind; in an answer it is the last frame, in a stream of appends one answer
//	 7 commit     key, tracking (a flag, source, position), guards (each a kind and its parts), and a batch
//	 8 result     first, last, time, duplicate, and the versions of streams
//	 9 recorded   a commit of a dump: key, tracking, time, after, salts, and a batch
//	10 stream     name, version, last position, last time
//	11 type       name, number of events
//	12 abort      nothing: who restores breaks off
//
// A read is begin, any number of events, progress and heartbeat, and end or error. A streamed append is any number of commits; the answers come
// in their order, each a result or an error, and end says that what was sent beyond them was not taken. A list is any number of
// items, and end or error.
//
// A batch has many events in little room, and is decoded with few allocations, however many there are:
//
//	events, tags   how many there are
//	records, text  how long the parts are, in bytes; payloads are the rest
//	records        for each event numbers alone:
//	                 the parts that it has, or that are as in the event before (14 bits, see batch.go)
//	                 position minus the one before (signed), unless it is one more
//	                 position minus commit, microseconds of the time minus the ones before (both signed), unless both are as before
//	                 version, and for each part its length, or its number
//	text           of all events: type, stream, id, tags, content type and source of tracking, in the order of their lengths
//	payloads       of all events: data and metadata
//
// A client turns the text into one string and keeps the payloads where they are: the events of a batch share its memory, which is
// at most 64 KiB, or one event that is larger, and keeping one of them keeps that.
package httpapi
