// Package eventjson is the one JSON form of events, queries, guards, commits, results and errors: whatever speaks JSON
// about a store, command, export or protocol, speaks it through this package.
//
// # Writing
//
// Members stand in a fixed order, names are camelCase, and what is absent is left out. The Append functions extend a byte
// slice, as those of strconv do, and never fail.
//
// Data and metadata that are JSON appear as they are stored: digits, order and repetition of members, and escapes are
// kept, whitespace outside strings is dropped, nothing is escaped anew. Where the stored bytes differ from that, or are
// not JSON, dataBase64 (metadataBase64) has the exact bytes, beside data where there is any, and wins on input. JSON here
// means RFC 8259 in valid UTF-8, nested no deeper than [MaxDepth].
//
// # Reading
//
// What is to be appended is read strictly: an unknown member, a repeated one, or one of the wrong kind is an error that is
// [store.ErrInvalid]. What a store has written, such as an export, is read leniently: unknown members are passed over, so
// that later versions may add some. Data that arrives inside a JSON document is taken without whitespace outside strings.
package eventjson
