package main

import "github.com/gestadb/gesta/store/eventjson"

// codePage is what gesta explain says of a code. Lines that are indented are commands.
type codePage struct {
	http                int
	summary, when, next string
}

var (
	okPage = codePage{
		summary: "it went well",
		when:    "The command did what it was asked. An answer that is empty is an answer too: a log in which nothing matches ends so.",
		next:    "Nothing is left to do. With --exit-code, commands that look for something say by 1 that they found it.",
	}
	foundPage = codePage{
		summary: "with --exit-code alone: there is a difference, or something was found",
		when:    "A command that compares or looks for something was given --exit-code, as scripts do, and there was something to tell. It is no error.",
		next:    "Read the answer on stdout. Without --exit-code the same command ends with 0.",
	}
	interruptedPage = codePage{
		summary: "somebody pressed Ctrl-C, or sent SIGINT",
		when: "The command stopped in good order. What was acknowledged before is durable; of an append that was under way it is not known " +
			"whether it was written.",
		next: "Run it again. Repeat an append with the same --key, and it is written once either way.",
	}
)

var codePages = map[eventjson.Code]codePage{
	eventjson.CodeUsage: {
		http:    400,
		summary: "the command, a flag or the input is not written as it should be",
		when: "A command or flag is unknown, a value cannot be read, a line of input is not JSON, or what is asked makes no sense: to follow a " +
			"past, or the state of a range. To a server: a member or parameter is unknown, the body does not say its type, or the method is not there (405). It is also how a server says that it would not be " +
			"safe as it was started. Nothing was written. For input, \"line\" says which.",
		next: "The hint names what is nearest to what was written.\n\n  gesta help\n  gesta COMMAND --help\n  gesta help addresses",
	},
	eventjson.CodeConflict: {
		http:    409,
		summary: "a condition of an append does not hold: somebody else was faster",
		when: "--expect or --if-none did not hold when the commit was to be written, because events were appended since you looked. Nothing was " +
			"written. With --json, \"failed\" has each condition that failed, the stream's version, and events that stand in the way.",
		next: "Read what happened since, decide again with it, and append with the version that you read. Repeating the append as it was fails " +
			"again.\n\n  gesta log order-42@6..\n  gesta append order-42 --type Shipped --expect 7",
	},
	eventjson.CodeKeyReused: {
		http:    409,
		summary: "the key of an append belongs to another commit",
		when: "A commit with this key was written before, and its events differ from those that were sent now in number, stream, type, tags or " +
			"data. A key names one commit for good. Nothing was written.",
		next: "If it is the same append, send the same events: the first answer comes again. If it is another one, give it a key of its own. " +
			"\"position\" says where the first one stands.\n\n  gesta show 1120 --commit",
	},
	eventjson.CodeTracking: {
		http:    409,
		summary: "this input was taken before",
		when: "An append carries the position of the input that it answers, and the store has an answer to this position of the source, or to a later " +
			"one. So two workers, or one that was started again, do not answer the same input twice. Nothing was written.",
		next: "Go on with the input after it: what the store has of a source is the last position that counts.",
	},
	eventjson.CodeDamaged: {
		http:    500,
		summary: "stored bytes are not what was written",
		when: "A checksum does not fit: the medium, the file system or somebody changed a file of the store. Nothing that is damaged is shown as if it " +
			"were well. \"file\", \"offset\" and \"position\" say where.",
		next: "Copy the directory before anything else. Then see what is wrong. What is derived, such as the index, can be made again; what is lost of " +
			"the log must come from a backup.\n\n  gesta check\n  gesta check --repair",
	},
	eventjson.CodeNotFound: {
		http:    404,
		summary: "there is no such store, stream, event or key",
		when: "The name is written otherwise, the version or position is after the end, or it was not there yet at --known-at. For a store: there is " +
			"no .gesta here or above, nor where --store or GESTA_STORE point.",
		next: "The hint names the nearest stream where one is alike.\n\n  gesta streams --prefix order-\n  gesta log order-42\n  gesta config    " +
			"which store this is",
	},
	eventjson.CodeErased: {
		http:    410,
		summary: "the payload was there once, and was erased",
		when: "The data and metadata of an event were erased on purpose, as when a person asks to be forgotten. The event stands as before, with its " +
			"place, type, tags and times.",
		next: "It does not come back. \"erased\" has the position of the event that says when it happened.\n\n  gesta show 1120 --json",
	},
	eventjson.CodeTruncated: {
		http:    410,
		summary: "the events were there once, and the store begins after them now",
		when: "The oldest events were cut off the store, and the question is about them: a version, a position or a state that needs them. " +
			"\"position\" is the first that is left.",
		next: "Ask from the first position on, or ask a copy that was exported before.\n\n  gesta log --reverse -n1",
	},
	eventjson.CodeReducer: {
		http:    422,
		summary: "an event could not be folded into the state",
		when: "The reducer threw, took too long, wanted too much memory, or met a number that it cannot hold, or the command of a bisect run ended as " +
			"no answer. \"position\" is the event at which it happened, \"line\" the line of the reducer.",
		next: "Look at the event and at the line, and correct the reducer: events do not change. Merge patch takes every event.\n\n" +
			"  gesta show 1120\n  gesta state order-42 --reducer mergepatch",
	},
	eventjson.CodeUnavailable: {
		http:    503,
		summary: "the store cannot answer now",
		when: "The disk is full, a file could not be read or synced, or the store was closed meanwhile. Of a server: it is not reached, or it ends and sends followers and " +
			"streams of appends away; or its address was taken when it started. What was acknowledged stays.",
		next: "Read the message, make room or mend the disk, and try again. After an error of writing a store must be opened again. To a server connect again, and go on after the " +
			"last position; repeat an append that was not acknowledged with its key.\n\n  df .\n  gesta check",
	},
	eventjson.CodeLocked: {
		http:    503,
		summary: "another process writes to this store",
		when:    "A store on disk has one writer. It was waited for a moment. Reading works beside a writer.",
		next:    "Wait for it, end it, or append through it: gesta append --ndjson takes many appends in one process.\n\n  gesta log -n5",
	},
	eventjson.CodeTimeout: {
		http:    503,
		summary: "it took longer than it may",
		when: "A deadline passed before the answer was whole. A server ends reads that do not follow after --max-read-seconds: with this code, or with it as the last line of an answer that " +
			"has begun. Of an append it is not known then whether it was written, unless the message says so.",
		next: "Ask for less: a range, a limit, one stream; go on after the last position that came. Repeat an append with the same --key.\n\n  gesta log order-42 -n100",
	},
	eventjson.CodeRateLimited: {
		http:    429,
		summary: "too many requests at a time",
		when: "A server answers so many requests at once (--max-requests, followers included), holds so many bytes of what is sent, and verifies so many passwords at a time, and so " +
			"many wrong ones a second of all callers together, and no more; so many answers that fold or walk history are worked at at a time (--max-folds). Nothing was done. Connections beyond --max-connections are closed without a word.",
		next: "Wait as long as Retry-After says, then try again with fewer at a time. Many appends fit into one request of lines, and one follower can serve many readers. A token costs nothing " +
			"to verify and passes at all times, as does a password for some minutes after it was right; where passwords are refused, somebody may be guessing them: the metric gesta_unauthenticated_total tells.",
	},
	eventjson.CodeReadOnly: {
		http:    503,
		summary: "the store was opened for reading, or its medium cannot be written to",
		when:    "An append reached a store on a file system that is mounted for reading, or a program opened the store for reading and appended.",
		next:    "Append where the store can be written to. --store names another one.\n\n  gesta config",
	},
	eventjson.CodeOutcomeUnknown: {
		http:    503,
		summary: "it is not known whether the append was written",
		when: "An error came after the commit was handed to the disk, or the connection broke before the answer. Either the whole commit is there or " +
			"nothing of it.",
		next: "Repeat it with the same --key: it is written once either way, and the answer of the first time comes again. Without a key, look before " +
			"you repeat.\n\n  gesta append order-42 --type Paid --key pay-7\n  gesta log order-42 -n1",
	},
	eventjson.CodeUnauthenticated: {
		http:    401,
		summary: "the server does not know who asks",
		when: "The server has users, or a key, and the request has no token, or one that is misspelt, was revoked or has expired; or name and password do not belong together, or the " +
			"certificate names nobody. Which of them it is, is said of what has expired alone.",
		next: "Send Authorization: Bearer TOKEN with a token that holds; gesta takes it from GESTA_TOKEN, or from the file that GESTA_TOKEN_FILE names. Who runs the server makes one while it does not " +
			"serve.\n\n  gesta user list\n  gesta token create billing --label ci",
	},
	eventjson.CodeDenied: {
		http:    403,
		summary: "who asks may not do this",
		when: "Of a server: the role of the user does not reach so far, or not over all streams that the answer depends on: a state, a diff, and a guard need the right to read everything that they " +
			"could be about. The message names the right that is missing. A server without users also refuses web pages of other origins, and names that are not its own. " +
			"Of a directory: a file belongs to somebody else, or .gesta does: commands find one upward, and one that another user made could be a trap.",
		next: "Ask whoever runs the server for the role, or whoever owns the store. To use another user's store knowingly, name its directory itself.\n\n" +
			"  gesta user change billing --role append --on order-*\n  gesta log --store /srv/books/.gesta",
	},
	eventjson.CodeTooLarge: {
		http:    413,
		summary: "an event, a commit, a name or a request is larger than it may be",
		when: "A limit of the store or the server was passed: an event has at most 16 MiB, a commit 64 MiB, a name 1,024 bytes, a query 4,096 items, types and tags, a line or body 192 MiB. A server may be told to take " +
			"less (--max-event-bytes and so on); GET /v1/limits says what holds. The message names the limit and what was sent. Nothing was written.",
		next: "Split the commit or the query, shorten the name, or keep large files elsewhere and their address in the event.",
	},
	eventjson.CodeInternal: {
		http:    500,
		summary: "a fault in gesta",
		when:    "Something happened that the program has no name for. What was acknowledged is durable.",
		next:    "Report it with the message, the command and the version. See whether the store is well.\n\n  gesta version\n  gesta check",
	},
}
