// Package script runs tests that are written as conversations: a command, the lines given to it, a rule, the answer.
//
//	# Two clerks race for one room: the second append finds the first one's event.
//
//	append stream=room-7 type=Booked by="Ada L." if-none=room:7
//	{"nights":2}
//	----
//	position 1
//
//	append stream=room-7 type=Booked by=Grace if-none=room:7
//	----
//	conflict at 1
//
// A file is a sequence of blocks that blank lines part. A block that holds only lines beginning with # is a comment; such
// lines may also stand above a command. Any other block is a conversation: its first line is the command, the lines
// down to the rule (four hyphens, alone on a line) are the input, and the lines below the rule are the expected answer. An
// answer may be empty and cannot hold a blank line; neither can an input. See [Parse] for the words of a command.
//
// With GESTA_UPDATE=1 in the environment the answers that were given are written back into the files; read the difference
// before committing it. A new conversation may then be left without rule and answer: both are added.
//
// The package knows nothing of what it tests and imports the standard library alone.
package script

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// An Arg is one word of a command after its name: key=value, or a bare word, which is a key without a value.
type Arg struct {
	Key   string
	Value string // empty for a bare word
}

// A Cmd is what a conversation asks for.
type Cmd struct {
	Name  string
	Args  []Arg  // in the order written; keys may repeat
	Input string // the lines between the command and the rule, each with its newline; empty when there are none
	Line  int    // line of the command in its file, counted from 1; 0 outside a file
}

// Arg returns the value of the first argument with the key, and "" if there is none.
func (c Cmd) Arg(key string) string {
	for _, a := range c.Args {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// All returns the values of every argument with the key, in the order written, and nil if there is none.
func (c Cmd) All(key string) []string {
	var values []string
	for _, a := range c.Args {
		if a.Key == key {
			values = append(values, a.Value)
		}
	}
	return values
}

// Has tells whether an argument has the key, with a value or as a bare word.
func (c Cmd) Has(key string) bool {
	for _, a := range c.Args {
		if a.Key == key {
			return true
		}
	}
	return false
}

// Only returns an error that names the first argument whose key is not among the known ones, so that a misspelt argument
// fails its test in place of being ignored.
func (c Cmd) Only(known ...string) error {
next:
	for _, a := range c.Args {
		for _, k := range known {
			if a.Key == k {
				continue next
			}
		}
		return fmt.Errorf("%s knows no argument %q, only %q", c.Name, a.Key, known)
	}
	return nil
}

// Parse reads the first line of a conversation: a name, then words parted by white space. A word is key=value, cut at its
// first equals sign, or a bare word. A word or a value that begins with a double quote is a Go string literal ("a b",
// "\x00"); one that begins with a single quote is taken as it stands up to the next single quote. A quote further inside is
// an ordinary character, so data={"a":1} needs none. It is an error if the line has no word, if a quote is not closed,
// or if anything but white space follows a closing quote.
func Parse(line string) (Cmd, error) {
	name, rest, err := next(strings.TrimSpace(line))
	if err != nil {
		return Cmd{}, err
	}
	if name.Key == "" || name.Value != "" {
		return Cmd{}, fmt.Errorf("%q does not begin with the name of a command", line)
	}
	c := Cmd{Name: name.Key}
	for rest != "" {
		var a Arg
		if a, rest, err = next(rest); err != nil {
			return Cmd{}, err
		}
		c.Args = append(c.Args, a)
	}
	return c, nil
}

// next cuts the first word off s.
func next(s string) (a Arg, rest string, err error) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if a.Key, rest, err = part(s, true); err != nil {
		return Arg{}, "", err
	}
	if value, ok := strings.CutPrefix(rest, "="); ok {
		if a.Value, rest, err = part(value, false); err != nil {
			return Arg{}, "", err
		}
	}
	if rest != "" && !unicode.IsSpace(rune(rest[0])) {
		return Arg{}, "", fmt.Errorf("%q follows a closing quote", rest)
	}
	return a, rest, nil
}

// part cuts a key or a value off s: quoted, or up to white space, and a key also up to an equals sign.
func part(s string, key bool) (text, rest string, err error) {
	switch {
	case strings.HasPrefix(s, `"`):
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", "", fmt.Errorf("%s is no string in double quotes", s)
		}
		text, err = strconv.Unquote(quoted)
		return text, s[len(quoted):], err
	case strings.HasPrefix(s, `'`):
		text, rest, ok := strings.Cut(s[1:], `'`)
		if !ok {
			return "", "", fmt.Errorf("%s has no closing quote", s)
		}
		return text, rest, nil
	}
	end := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || key && r == '=' })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], nil
}
