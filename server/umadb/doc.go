// Package umadb serves a store by UmaDB's gRPC protocol, so that clients of UmaDB in any language use gesta as they use UmaDB. The
// messages are in umadb.proto; [Service] has the five calls of umadb.v1.DCB, which also answer by their old path
// umadb.UmaDBService. [Client] reads what such a server has, UmaDB or gesta, as a copy of it does.
//
// # What an event is
//
// An event of UmaDB is an event without a stream. Type, tags and data are what they are there. The uuid is the event's ID in
// canonical text, empty where there is none. Data that is JSON has the content type of JSON, any other is
// application/octet-stream; the bytes are kept as they were sent.
//
// The metadata, a list of keys and values, is kept as a JSON object with one text member for each entry, in the order of the
// list. An entry whose key is reserved in gesta's metadata goes into the member "umadb" instead, a list of
// {"index":I,"key":K,"value":V}, where I counts all entries of the event from 0. So a client gets exactly the entries, in the order, that
// were sent, and what gesta itself notes in an event's metadata never mixes with them. No entries are no metadata.
//
// An event that was appended otherwise shows its type, tags, data and ID. Its stream, times, version and content type do not show. Of
// its metadata, when that is a JSON object, each member that is not reserved is an entry: the text of a text, the
// compact JSON of anything else. Metadata that is not an object shows as no entries, an erased event with neither data nor metadata.
//
// Events of system streams are holes: no read, subscription or head shows them, and no condition fails because of them.
//
// # What differs from UmaDB 0.7.8
//
//   - A malformed uuid is INVALID_ARGUMENT, not DATA_LOSS.
//   - The nil uuid is kept and shown, but is no key by which an append is known again.
//   - Responses are cut at about 256 KiB as well as at the size of a batch.
//   - A condition with after = 2^64-1 holds, as with any other position above the head.
//   - Types, tags and sources that the contract of package store refuses (empty, longer than 1,024 bytes, control
//     characters), envelopes above its limits, and tracking positions 0 and from 2^53 are INVALID_ARGUMENT, once the condition held. As a
//     term of a query such a type or tag matches nothing.
//   - Appends that are written and synced in one group are isolated from each other: each is judged after those before it that succeeded, and none fails because of another that
//     failed. UmaDB aborts the others of a group where one cannot be written.
//   - Events that only UmaDB's page size refuses are taken.
//   - What follows "condition failed:" names the position of the first event that matched, and nothing of its content.
//   - Requests beyond [Options] are INVALID_ARGUMENT before anything is judged.
//
// # What it does not do
//
// It neither authenticates nor authorises: who calls is established by interceptors before it, and what they may do by the store that
// [Options] gives for the call. A client that stops reading a response holds that response's goroutine and 32 KiB of messages until its connection
// ends, and what [Options].Room lets it have of larger ones.
package umadb
