// Package protobuf is the codec for events that are protobuf messages, as protoc-gen-go makes them.
//
//	db, err := gesta.New(s, Types, gesta.WithCodec(protobuf.Codec))
//
// Its content type is application/protobuf, which RFC 9996 registers; application/x-protobuf is a deprecated name of the same.
//
// Events are pointers to messages: gesta.Types[proto.Message]{"order.placed": &shop.Placed{}}. Types that are no messages are left to the next codec of the DB, in the end to
// JSON. A message that has JSON of its own, as structpb.Struct has, goes to the first codec that takes it: name this one before gesta.JSON, which comes last by itself.
//
// # Unions
//
// A union that the compiler closes is an interface with a method, which each event needs. Where the generated code is yours, write the methods in a file beside it:
//
//	func (*Placed) order() {}
//
// Messages of other packages get it by embedding each in a struct of its own, which has no other field and is stored as the message alone:
//
//	type Renamed struct{ wrapperspb.StringValue }
//
//	func (*Renamed) order() {}
//
// Or the union is proto.Message itself, and everything is in it.
//
// # Tags
//
// Fields of messages carry no struct tags, so that gesta finds no tags in them: the Envelope of the Decider or of the Decision says which tags an event has. Without it no view
// finds the event by a tag.
//
// # Evolution
//
// Protobuf has rules of its own for changing a message, and they hold: fields that are not known are kept, and written again when the message is written again. What these rules
// do not cover is a new version of the type, and gesta.Upcast takes the old message along.
//
// Within one build of a program equal messages have equal bytes. Text that is not UTF-8, proto2 fields that are required and missing, and messages nested more than 10,000 deep
// are errors; the last of these only when they are read.
package protobuf
