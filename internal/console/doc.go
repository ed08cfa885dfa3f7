// Package console runs the console blocks of a Markdown page and holds what they print against what the page shows: a
// reader can copy every command, and no page shows output which the program does not print.
//
// # Blocks
//
// A console block is a fenced block whose info string is "console":
//
//	```console
//	$ gesta append order-42 --type Placed --data '{"city":"Lyon"}'
//	order-42@1  #1  Placed
//	$ gesta log --json |
//	>   jq '.items[0].type'
//	"Placed"
//	```
//
// A line "$ command" is run by sh, pipes and all. Lines "> ..." right below it, and the lines below one that ends with a
// backslash, go on with the command. What follows, up to the next command, is what the command prints, on standard
// output and standard error, in that order in time. Blank lines at its end do not count.
//
// The blocks of a page run from top to bottom in one directory, as if typed into one terminal: a change of
// directory, an exported variable and $? last from one command to the next, other variables and functions do not. The
// terminal is nobody's: standard input is empty, HOME is a new directory and the page's working directory, TZ is UTC, the
// language C.UTF-8, and of the caller's environment only PATH remains.
//
// # Jobs
//
// A command that ends with & goes on while the page does, as in the terminal of a reader. Its first line is waited for and shown below it; what it prints later is shown
// below the command that waits for its end: "wait %1", where 1 counts the page's jobs, or "kill %1", which asks it to end first (SIGTERM). A job is one command, without pipes. What
// a page leaves running is ended with the page.
//
// A port of this machine on the page, as in 127.0.0.1:4114 and localhost:4114, stands for one that is free, the same all over the page: in commands and in what they print.
//
// # Where something is missing
//
// A page that uses curl or openssl is skipped, by name, on a machine that has none.
//
// A block with the info string "console data" needs the real event logs, whose directory is $GESTA_TESTDATA. It is skipped, by
// name, where there are none, so no other block may build upon it. Any other info string that begins with "console" is an error,
// and so is a page's block that is never closed.
//
// # Comparing
//
// Output is compared line by line and character by character, but for what cannot be the same twice:
//
//   - A line "..." on the page stands for any number of lines, none too.
//   - "…" inside a line of the page stands for any characters, none too.
//   - A time or a UUID on the page (in lower case) also stands for one that came into being while the page ran: a time
//     between the page's start and the command's end, to the precision in which it is printed, in UTC where it names no
//     zone; a UUID of version 7 with such a time in it, or of version 4. So times and ids out of an old history are compared, and
//     those of events just appended are not.
//   - The page's directory is printed as ~, the directory for temporary files as /tmp, and the directory of event logs as
//     $GESTA_TESTDATA.
//
// A command that fails must be seen to fail: if its exit code is not 0, the page shows at least one line of what it prints, other
// than "...".
//
// With GESTA_UPDATE=1 in the environment, what a command prints replaces what the page shows wherever the two do not match.
package console
