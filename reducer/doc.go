// Package reducer folds events into a state: it answers what a stream amounts to.
//
// A [Reducer] is a rule with a name; a [Fold] is one state in the making. The rule that needs nothing but the events is
// [MergePatch]: each event's data is a JSON merge patch (RFC 7396) on the state.
//
// # What the merge patch keeps
//
// The state is built from the bytes of the events and never from parsed numbers or texts: digits, escapes and spelling of
// names stay as they were written. A member stands where it first appeared; one that was removed and comes back stands at the
// end. Of members with the same name in one object the last one counts, in the place of the first. Whitespace outside of
// strings is dropped. The same events in the same order always give the same bytes.
//
// Data that is not a JSON object, and data that is empty or erased, leaves the state alone: the event is skipped, and
// whoever folds counts it. (RFC 7396 would replace the whole state by such a value; an event that says so little should not
// undo all that was said before it.) JSON means RFC 8259 in valid UTF-8, nested no deeper than 10,000 levels.
package reducer
