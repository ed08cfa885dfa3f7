package main

import "strings"

// wordList is a flag that takes words with commas between them, and may be given more than once. Quotes are part of a word.
type wordList []string

func (l *wordList) String() string { return strings.Join(*l, ",") }
func (l *wordList) Type() string   { return "strings" }

// Set adds words.
func (l *wordList) Set(s string) error {
	*l = append(*l, strings.Split(s, ",")...)
	return nil
}
