package main

import (
	"strings"
	"unicode/utf8"
)

// How far a misspelt word may be from what was meant: a slip or two, and no more than every third character.

// reach is how many slips a word of this many characters may have and still be taken for another.
func reach(characters int) int {
	switch {
	case characters < 3:
		return 0
	case characters < 6:
		return 1
	}
	return 2
}

// slips counts how many characters must be put in, left out, changed or swapped with their neighbour to make a of b. Letters that
// differ in case alone are half as far apart: the result is twice the count.
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int // the row of two characters ago, for swaps
	row := firstRow(len(y))
	for i := range x {
		next := nextRow(y, x[:i+1], row, before)
		before, row = row, next
	}
	return row[len(y)]
}

// firstRow is the distance of an empty word from the beginnings of one with n characters.
func firstRow(n int) []int {
	row := make([]int, n+1)
	for i := range row {
		row[i] = 2 * i
	}
	return row
}

// nextRow returns the distances of head from the beginnings of word, where row has those of head without its last character,
// and before those of head without its last two, if it is that long.
func nextRow(word, head []rune, row, before []int) []int {
	last := len(head) - 1
	next := make([]int, len(row))
	next[0] = row[0] + 2
	for j, c := range word {
		cost := 2
		switch {
		case c == head[last]:
			cost = 0
		case strings.EqualFold(string(c), string(head[last])):
			cost = 1
		}
		next[j+1] = min(row[j]+cost, row[j+1]+2, next[j]+2)
		if last > 0 && j > 0 && c == head[last-1] && word[j-1] == head[last] {
			next[j+1] = min(next[j+1], before[j-1]+2)
		}
	}
	return next
}

// nearest returns the word that is most like the one given, the first of several, "" where none is like it. A word that begins with
// the one given is like it too.
func nearest(given string, words []string) string {
	best, least := "", 2*reach(utf8.RuneCountInString(given))+1
	for _, w := range words {
		if d := slips(given, w); d < least && w != "" {
			best, least = w, d
		}
	}
	if best != "" || len(given) < 2 {
		return best
	}
	for _, w := range words {
		if strings.HasPrefix(w, given) {
			return w
		}
	}
	return ""
}

// orNearest puts the word that may have been meant before a hint.
func orNearest(given string, words []string, hint string) string {
	if w := nearest(given, words); w != "" && w != given {
		return "did you mean " + w + "? " + hint
	}
	return hint
}
