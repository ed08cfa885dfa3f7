package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
)

// MaxGlobs bounds the globs of a user or token: each is tried for each event that is read.
const MaxGlobs = 64

// Glob matches names of streams: * stands for any run of characters, all else for itself. The empty Glob matches events without a stream.
type Glob string

// ParseGlob returns s as a glob. It refuses what could match no stream of a user: bytes that are not UTF-8, control characters, more than
// [store.MaxNameBytes] bytes, and a $ at the beginning. An error is [store.ErrInvalid].
func ParseGlob(s string) (Glob, error) {
	switch {
	case len(s) > store.MaxNameBytes:
		return "", invalidf("a glob has %d bytes, %d are allowed", len(s), store.MaxNameBytes)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "", invalidf("the glob %q has a control character or is not UTF-8", clip(s))
	case store.IsSystem(s):
		return "", invalidf("the glob %q is for system streams, which are there for admins alone", clip(s))
	}
	return Glob(s), nil
}

// parseGlobs reads a list of globs; an empty list is nil.
func parseGlobs(list []string) (globs, error) {
	if len(list) > MaxGlobs {
		return nil, invalidf("there are %d globs, %d are allowed", len(list), MaxGlobs)
	}
	var on globs
	for _, s := range list {
		g, err := ParseGlob(s)
		if err != nil {
			return nil, err
		}
		on = append(on, g)
	}
	return on, nil
}

// Match says whether the glob matches a name. It takes time that is at most the product of the two lengths: only the last * that was passed is ever tried
// again, because a longer run for an earlier one could match nothing more.
func (g Glob) Match(name string) bool {
	i, n := 0, 0          // what was passed of g and of name
	star, resume := -1, 0 // the last * that was passed, and where in name its run ends
	for n < len(name) {
		switch {
		case i < len(g) && g[i] == '*':
			star, resume = i, n
			i++
		case i < len(g) && g[i] == name[n]:
			i++
			n++
		case star >= 0:
			resume++
			i, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(string(g[i:]), "*") == ""
}

// all says that the glob matches every name.
func (g Glob) all() bool { return g != "" && strings.Trim(string(g), "*") == "" }

// any1 stands for whatever may follow: no glob has it, so that only a * matches it.
const any1 = "\x00"

// category says that the glob matches every stream of a category. It does when it matches the beginning of their names and one letter that it
// does not have: that letter falls to a *, nothing but * can follow it, and so every other ending is matched too.
func (g Glob) category(category string) bool { return g.Match(category + "-" + any1) }

// item returns the query item that matches exactly what the glob does, and false where there is none.
func (g Glob) item() (store.Item, bool) {
	s := string(g)
	if s == "" {
		return store.Item{}, false
	}
	if !strings.Contains(s, "*") {
		return store.Item{Stream: s}, true
	}
	category, found := strings.CutSuffix(s, "-*")
	if !found || category == "" || strings.ContainsAny(category, "-*") {
		return store.Item{}, false
	}
	return store.Item{Category: category}, true
}

// prefix returns what every name that the glob matches begins with.
func (g Glob) prefix() string {
	before, _, _ := strings.Cut(string(g), "*")
	return before
}

// globs are a list of which one must match.
type globs []Glob

func (on globs) match(name string) bool {
	return slices.ContainsFunc(on, func(g Glob) bool { return g.Match(name) })
}

func (on globs) all() bool { return slices.ContainsFunc(on, Glob.all) }

func (on globs) category(category string) bool {
	return slices.ContainsFunc(on, func(g Glob) bool { return g.category(category) })
}

// items returns query items that match together what the globs match, and false where there are none.
func (on globs) items() ([]store.Item, bool) {
	var items []store.Item
	for _, g := range on {
		it, ok := g.item()
		if !ok {
			return nil, false
		}
		items = append(items, it)
	}
	return items, true
}

func (on globs) strings() []string {
	var list []string
	for _, g := range on {
		list = append(list, string(g))
	}
	return list
}
