// Package history answers questions about what a store has kept: what a stream's state is and was, which events there
// are between two points, how much there is. It asks everything of a [store.Store] and knows no backend.
//
// # Addresses
//
// What a question is about is written as an [Address]: a stream or a tag, and the point up to which it is looked at; or a
// point of the store as a whole. [Parse] reads it, [Resolve] looks it up in a store:
//
//	order-42                 the stream, up to its end
//	order-42@7  order-42~2   up to version 7; up to two events before its end
//	order-42@{yesterday}     as it was recorded by then
//	1120:order-42            as it was when the store was at position 1120
//	tag:course:c1            the events with this tag, in position order; @7 and ~2 count them
//	stream:123               forces what follows to be a stream
//	"odd name"@3             the quoted part is a name as it stands
//	1120  #1120  HEAD  @{…}  a point of the store
//
// An argument that is the whole name of a stream is that stream. A range is A..B, after A and up to B, see [ParseRange].
package history
