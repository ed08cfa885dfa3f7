package console

import (
	"regexp"
	"strings"
)

// anyLines is the line of a page that stands for any number of lines; anyText does so for characters in a line.
const (
	anyLines = "..."
	anyText  = "…"
)

// special is what is not compared character by character in a line of a page.
var special = regexp.MustCompile(id.String() + `|` + moment.String() + `|` + anyText)

// matches tells whether what was printed is what the page shows. The package doc has the rules.
func matches(want, got string, ran span) bool {
	shown, printed := splitLines(want), splitLines(got)
	// Where the last anyLines stood, and how many printed lines it has taken so far: without one, nothing can be tried again.
	star, taken := -1, 0
	w, g := 0, 0
	for g < len(printed) {
		switch {
		case w < len(shown) && shown[w] == anyLines:
			star, taken = w, g
			w++
		case w < len(shown) && lineMatches(shown[w], printed[g], ran):
			w++
			g++
		case star >= 0:
			taken++
			w, g = star+1, taken
		default:
			return false
		}
	}
	for w < len(shown) && shown[w] == anyLines {
		w++
	}
	return w == len(shown)
}

// lineMatches compares one line. What came into being in the span may match either as it stands or as something new.
func lineMatches(want, got string, ran span) bool {
	if want == got {
		return true
	}
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	at := 0
	for _, m := range special.FindAllStringIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[at:m[0]]))
		switch piece := want[m[0]:m[1]]; {
		case piece == anyText:
			pattern.WriteString(`.*`)
		case id.MatchString(piece):
			pattern.WriteString(`(?:` + piece + `|` + newID + `)`)
		default:
			pattern.WriteString(`(?:` + regexp.QuoteMeta(piece) + `|` + newTime + `)`)
		}
		at = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(want[at:]) + `\z`)
	exact := regexp.MustCompile(pattern.String())
	return exact.MatchString(got) || exact.MatchString(forget(got, ran))
}

// splitLines cuts a text into lines without their ends; blank lines at its end are left out.
func splitLines(s string) []string {
	s = strings.TrimRight(s, " \t\r\n")
	if s == "" {
		return nil
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return lines
}
