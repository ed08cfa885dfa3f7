// Package source reads event logs that other programs wrote, XES and CSV, and yields their rows as events to append, in
// the order of their times.
//
// A source is read once, from its beginning to its end; each row is mapped to an event, checked, and given to a sorter
// that holds a bounded part in memory and the rest in temporary files. Only then are rows yielded: a source with a bad
// row is refused before anything is appended, and the same source with the same [Mapping] yields the same rows, so that
// an interrupted import can go on.
//
// # What becomes of a row
//
// The fields that a [Mapping] names become stream, type, time, actor and tags of the event; all fields become members of
// its data, a JSON object in the order of the source, but those that the envelope gives back exactly: the type, the
// actor, and the stream where its name has the text unchanged. The field of the time stays, for the envelope has no zone.
//
//   - A field of a CSV file is a JSON string.
//   - An XES attribute of type int or float is a JSON number with its digits where JSON allows them, a boolean is true
//     or false, a list is an array of objects with one member each, a container is an object, anything else is a string.
//   - An XES attribute with attributes below it is {"value":V,"attributes":{…}}.
//   - A name that occurs twice has an array of its values.
//   - The attributes of a trace are the member "case" of the trace's first event in time.
//
// # Bounds
//
// Memory is bounded by [Options].MemoryBytes, by [store.MaxEventBytes] for the row that is being read, and by 16 bytes for each
// distinct trace. One XML token or CSV record may have 32 MiB, and attributes may nest 32 deep.
package source
