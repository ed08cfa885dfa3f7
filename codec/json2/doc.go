// Package json2 is the codec for events as JSON that takes names as they are written, and is faster than gesta.JSON. It rests on the second version of Go's JSON library:
//
//	db, err := gesta.New(s, Types, gesta.WithCodec(json2.Codec))
//
// Its content type is that of gesta.JSON, application/json, so that it takes the place of it: a program may change from either to the other, and back, in the middle of any
// stream. What one of them wrote the other reads as the same value. For that the codec writes what encoding/json would write:
//
//   - a nil slice or map is null, an empty one [] or {}, so that each comes back as it was;
//   - []byte is text in Base64, an array of bytes is an array of numbers, a time.Duration is a number of nanoseconds;
//   - omitempty leaves out false, 0, nil, and empty text, slices and maps; string quotes numbers, text and truth values;
//   - the members of maps are sorted, so that equal values have equal bytes; a json.Number is a number, 0 when it is empty, and a json.RawMessage that is nil is null.
//
// It differs from gesta.JSON in this:
//
//   - A name belongs to the field of exactly this name: "owner" is not "Owner". Two fields may have names that differ in case alone.
//   - An object that has a name twice is an error, whether written or read, and so is text that is not UTF-8 when it is read: gesta.JSON only refuses to write it.
//   - An array of Go takes as many elements as it has, not fewer and not more.
//   - The characters <, > and & are written as they are.
//   - MarshalJSON with a pointer receiver is called wherever it may be: encoding/json misses it in events that are no pointers.
//
// Members that no field has are ignored, as encoding/json does: an older program reads what a newer one wrote, as far as it knows it.
package json2
