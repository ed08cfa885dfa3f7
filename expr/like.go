package expr

// pattern is the right side of like: characters, and the two wildcards.
type pattern []rune

const (
	anyChars rune = -1 // *
	oneChar  rune = -2 // ?
)

// compilePattern reads a pattern from a JSON text without its quotes. It returns false if it ends with a backslash that takes nothing.
func compilePattern(b []byte) (pattern, bool) {
	p := pattern{}
	for i := 0; i < len(b); {
		var r rune
		r, i = char(b, i)
		switch {
		case r == '\\' && i == len(b):
			return nil, false
		case r == '\\':
			r, i = char(b, i)
		case r == '*':
			r = anyChars
		case r == '?':
			r = oneChar
		}
		if r != anyChars || len(p) == 0 || p[len(p)-1] != anyChars {
			p = append(p, r)
		}
	}
	return p, true
}

// match says whether all of a JSON text without its quotes matches. When a character does not fit, the last * takes one more.
func (p pattern) match(b []byte) bool {
	i, at := 0, 0
	star, resume := -1, 0 // the last *, and where in b what follows it was tried
	for i < len(b) {
		r, next := char(b, i)
		switch {
		case at < len(p) && p[at] == anyChars:
			star, resume = at, i
			at++
		case at < len(p) && (p[at] == r || p[at] == oneChar):
			i, at = next, at+1
		case star >= 0:
			_, resume = char(b, resume)
			i, at = resume, star+1
		default:
			return false
		}
	}
	return at == len(p) || at == len(p)-1 && p[at] == anyChars
}
