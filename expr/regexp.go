package expr

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// maxSteps is how many characters and signs the regular expressions of an expression have together, repeats written out.
const maxSteps = 10_000

// regexp reads the regular expression of matches.
func (p *parser) regexp(n *node) error {
	if p.tok.kind != tokenText {
		return p.unexpected("a regular expression in quotes")
	}
	n.value = Value{kindText, p.tok.json}
	text := string(unescape(n.value.inner()))
	parsed, err := syntax.Parse(text, syntax.Perl)
	if wrong := (*syntax.Error)(nil); errors.As(err, &wrong) {
		return p.unexpected(fmt.Sprintf("a regular expression: %s: %q", wrong.Code, wrong.Expr))
	}
	if err != nil {
		return p.unexpected("a regular expression: " + err.Error())
	}
	if p.steps += steps(parsed); p.steps > maxSteps {
		return p.unexpected(fmt.Sprintf("regular expressions of at most %d steps in all", maxSteps))
	}
	if n.regexp, err = regexp.Compile(text); err != nil {
		return p.unexpected("a regular expression: " + err.Error())
	}
	return p.advance()
}

// steps counts characters and signs, repeats written out. No text that [syntax.Parse] takes repeats anything more than 1,000 times.
func steps(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += steps(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}
