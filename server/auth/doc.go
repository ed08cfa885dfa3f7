// Package auth knows who may do what with a store: users and their tokens, roles, and a store around a store that holds each request to the rights of
// whoever sent it.
//
// # Roles
//
// There are four, and each includes those before it: read, append, operate, admin. A user has one role, and it holds for the streams that the user's
// globs match. In a glob * stands for any run of characters, none included; everything else stands for itself. A category is order-*.
// Without globs the role holds for everything. The glob that is empty stands for the events without a stream, which * matches as well. A token has the
// rights of its user, or less: the lower of two roles, and what both lists of globs match. An admin has no globs.
//
// Streams whose name begins with $ are the system's. They are there for admins alone, whatever a glob says: a user without globs has a role on
// everything but them. Nobody appends to $users and $audit, which managing users and auditing write.
//
// # Rules
//
// "On X" means: the role, and a glob that matches X. "On everything" means: without globs, or with a glob of nothing but *.
//
//	read                      each event alone: read on its stream; the others are left out, and Limit does not count them
//	head, limits, store id    read
//	append                    append on the stream of each event
//	guard on a stream         read on that stream
//	guard, item of a stream   read on that stream
//	guard, item of a category a glob that matches all of CATEGORY-*
//	guard, any other item     read on everything; so does the empty query
//	read with whole           as the guard with its query: MayRead
//	state, diff, blame        so too, with the query of all that they are folded from, on the command line as well
//	tracking                  the source counts as a stream of that name: read to look, at what an event came with too; append to move it
//	look up by id             as read
//	look up by key            read on each stream of the commit; otherwise the key is not found
//	streams                   those that may be read
//	types, stats              read on everything
//	check                     operate on everything; admin to repair
//	erase                     operate on the stream of each event
//	dump, restore             admin on everything
//	truncate                  nobody: it is no power of the store that a request sees
//
// Guards are judged over the whole store but for the system's streams, whose events break no guard of who may not see them. What else they find and the caller may not
// see is left out of the conflict, which then does not say that it is complete. A repeated key answers with the first result to whoever may append the same events; for
// a key that was used by a commit that may not be read, its position is withheld. That a key is taken, that a source stands where it does, the head, and through it
// how many events there are, is known to everybody who may use the store at all.
//
// An error with the code denied names the right that is missing, never what is there.
//
// # Metadata
//
// In the metadata of each appended event the member actor names who is authenticated. It stands last; the other bytes stay as they were sent. Another actor that
// was sent moves to onBehalfOf, for which, as for an onBehalfOf that was sent, the role operate is needed. A traceparent is added where there is none. Metadata that is no JSON
// object is store.ErrInvalid. Size limits count what is stored. An erasure that was sent with another actor says so in its reason. Restored commits are left as they are.
//
// # Secrets
//
// Users and the hashes of their secrets are events of the stream $users, see [Users]. Passwords are kept by Argon2id, which makes guessing expensive,
// for the server too: it verifies few wrong ones, and refuses guesses at once where no user has a password. That this is so is therefore no secret; whether a user has one is.
// Tokens are 32 random bytes, and SHA-256 is enough for those: a slow hash makes up for secrets that can be guessed, and nobody guesses one of 2^256, at any speed.
//
// # Audit
//
// What was administered and what was denied are events of the stream $audit, see [Audit].
package auth
