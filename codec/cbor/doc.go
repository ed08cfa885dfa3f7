// Package cbor is the codec for events in CBOR, RFC 8949: as what JSON has, but binary, smaller, and with bytes that need no Base64.
//
//	db, err := gesta.New(s, Types, gesta.WithCodec(cbor.Codec))
//
// Its content type is application/cbor. Events that were stored as JSON before are read as JSON, by the content type that is stored with each.
//
// A struct is a map from names to values. The names are those of JSON, from the struct tag json with its options omitempty and omitzero: a field has one name, whatever
// codec writes it; there is no struct tag of CBOR's own. Fields and names match exactly; members that no field has are ignored, as with JSON.
//
//   - The encoding is core deterministic: equal values have equal bytes. Numbers are as short as they can be and lose nothing; the members of maps are sorted.
//   - A time.Time is text as RFC 3339 has it, tagged 0, with nanoseconds and its offset from UTC, which has whole minutes. One in UTC comes back in UTC. The zero time is null.
//   - []byte and arrays of bytes are byte strings. A nil slice or map is null, an empty one is empty, so that each comes back as it was.
//   - A big.Int is a number. Types that have MarshalBinary and UnmarshalBinary are byte strings, those that have MarshalText and UnmarshalText are text; MarshalCBOR and
//     UnmarshalCBOR go before both.
//   - What a pointer points at is written in its place, null for nil: a pointer to the zero time, or to a nil slice, comes back as nil.
//   - An array of Go takes as many elements as there are: it is filled up with zeros, and what is too much is dropped, as encoding/json has it.
//
// # Limits
//
// Values are nested up to [MaxDepth] deep, and an array or a map has up to [MaxElements] elements. Text is UTF-8, no map has a key twice, and lengths are given in advance. What
// breaks one of these rules is refused when it is read, and so is not written either: Encode looks at what it has made, also where a type made its own.
package cbor
