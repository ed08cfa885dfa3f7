package expr

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxText  = 64 << 10
	maxDepth = 1000
)

// parser reads an expression from left to right, one token ahead.
type parser struct {
	text   string
	roots  []string
	tok    token
	depth  int
	refs   []Ref
	places map[string]int // of refs, by root and pointer
	steps  int            // of all regular expressions
}

var functions = []string{"has", "matches"}

func (p *parser) parse() (*node, error) {
	if len(p.text) > maxText {
		return nil, &SyntaxError{Offset: maxText, Found: "more", Expected: fmt.Sprintf("at most %d bytes", maxText)}
	}
	if !utf8.ValidString(p.text) {
		i := 0
		for r, n := utf8.DecodeRuneInString(p.text); r != utf8.RuneError || n != 1; r, n = utf8.DecodeRuneInString(p.text[i:]) {
			i += n
		}
		return nil, &SyntaxError{Offset: i, Found: p.text[i : i+1], Expected: "valid UTF-8"}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.binary(rankOr)
	if err != nil || p.tok.kind == tokenEnd {
		return n, err
	}
	err = p.unexpected("an operator, or the end")
	if wrong := (*SyntaxError)(nil); p.tok.kind == tokenName && instead[p.word()] == "" && errors.As(err, &wrong) {
		wrong.Nearest = nearest(p.word(), []string{"in", "like"})
	}
	return nil, err
}

func (p *parser) advance() (err error) {
	p.tok, err = scan(p.text, p.tok.end)
	return err
}

// word returns the token as it is written; nothing at the end, and for a text, which is no operator whatever it says.
func (p *parser) word() string {
	if p.tok.kind == tokenText {
		return ""
	}
	return p.text[p.tok.start:p.tok.end]
}

func (p *parser) unexpected(expected string) error {
	found := p.text[p.tok.start:p.tok.end]
	if better := instead[found]; better != "" {
		expected = better
	}
	return &SyntaxError{Offset: p.tok.start, Found: shorten(found), Expected: expected}
}

// expect goes past a symbol that has to stand here.
func (p *parser) expect(symbol string) error {
	if p.word() != symbol {
		return p.unexpected(fmt.Sprintf("%q", symbol))
	}
	return p.advance()
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return p.unexpected(fmt.Sprintf("at most %d levels", maxDepth))
	}
	return nil
}

// binary reads operands and the operators between them that bind as tight as least, or tighter.
func (p *parser) binary(least rank) (*node, error) {
	left, err := p.unary()
	for err == nil {
		b, ok := binary[p.word()]
		if !ok || b.rank < least {
			break
		}
		if err = p.advance(); err != nil {
			break
		}
		start := p.tok
		var right *node
		if right, err = p.binary(b.rank + 1); err != nil {
			break
		}
		left = &node{op: b.op, left: left, right: right}
		if b.op == opLike {
			err = p.like(left, start)
		}
		if next, ok := binary[p.word()]; ok && err == nil && b.rank == rankCompare && next.rank == rankCompare {
			err = p.unexpected("parentheses, or && between two comparisons")
		}
	}
	return left, err
}

func (p *parser) like(n *node, at token) error {
	if n.right.op != opValue || n.right.value.kind != kindText {
		return &SyntaxError{Offset: at.start, Found: shorten(p.text[at.start:at.end]), Expected: "a pattern in quotes"}
	}
	n.value, n.right = n.right.value, nil
	var ok bool
	if n.pattern, ok = compilePattern(n.value.inner()); !ok {
		return &SyntaxError{Offset: at.start, Found: shorten(p.text[at.start:at.end]), Expected: "a character after the last backslash of the pattern"}
	}
	return nil
}

func (p *parser) unary() (*node, error) {
	sign := p.word()
	if sign != "!" && sign != "-" {
		return p.operand()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.unary()
	if err != nil {
		return nil, err
	}
	if sign == "-" {
		if n.op == opValue && n.value.kind == kindNumber && n.value.text[0] != '-' {
			return &node{value: Value{kindNumber, append([]byte{'-'}, n.value.text...)}}, nil
		}
		return &node{op: opNeg, left: n}, nil
	}
	if b, ok := binary[p.word()]; ok && b.rank > rankNot {
		return nil, p.unexpected("parentheses around what ! turns over")
	}
	return &node{op: opNot, left: n}, nil
}

func (p *parser) operand() (*node, error) {
	tok, word := p.tok, p.word()
	switch {
	case tok.kind == tokenText:
		return &node{value: Value{kindText, tok.json}}, p.advance()
	case tok.kind == tokenNumber:
		return &node{value: Value{kindNumber, []byte(word)}}, p.advance()
	case tok.kind == tokenName:
		return p.name(word)
	case word == "(" || word == "[":
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		if err := p.advance(); err != nil {
			return nil, err
		}
		if word == "[" {
			return p.list()
		}
		n, err := p.binary(rankOr)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return nil, p.unexpected("a path, a literal, a function, or parentheses")
}

// name reads what begins with a name: a literal, a function, a path.
func (p *parser) name(word string) (*node, error) {
	if v, ok := names[word]; ok {
		return &node{value: v}, p.advance()
	}
	if slices.Contains(p.roots, word) {
		ref, err := p.path(word)
		return &node{op: opRef, ref: ref}, err
	}
	if slices.Contains(functions, word) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		return p.call(word)
	}
	if next, err := scan(p.text, p.tok.end); err == nil && p.text[next.start:next.end] == "(" {
		return nil, p.unknown(word, "a function: "+either(functions), functions)
	}
	return nil, p.unknown(word, p.aPath(), slices.Concat(p.roots, slices.Sorted(maps.Keys(names))))
}

// aPath says how a path begins.
func (p *parser) aPath() string {
	if len(p.roots) == 0 {
		return "a literal, or a function: there are no paths here"
	}
	return "a path that begins with " + either(p.roots)
}

// unknown is the error for a name that stands where none of this meaning can stand.
func (p *parser) unknown(word, expected string, known []string) error {
	if better := instead[strings.ToLower(word)]; better != "" {
		return p.unexpected(better)
	}
	if _, ok := binary[word]; ok {
		known = nil
	}
	return &SyntaxError{Offset: p.tok.start, Found: shorten(word), Expected: expected, Nearest: nearest(word, known)}
}

// call reads the arguments of a function, whose name is read already.
func (p *parser) call(function string) (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.expect("("); err != nil {
		return nil, err
	}
	if function == "has" {
		root := p.word()
		if !slices.Contains(p.roots, root) {
			return nil, p.unknown(p.text[p.tok.start:p.tok.end], p.aPath(), p.roots)
		}
		ref, err := p.path(root)
		if err != nil {
			return nil, err
		}
		return &node{op: opHas, ref: ref}, p.expect(")")
	}
	left, err := p.binary(rankOr)
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	n := &node{op: opMatches, left: left}
	if err := p.regexp(n); err != nil {
		return nil, err
	}
	return n, p.expect(")")
}

// list reads the elements of a list and its closing bracket. A list of literals is a literal.
func (p *parser) list() (*node, error) {
	n := &node{op: opList}
	constant := true
	for p.word() != "]" {
		element, err := p.binary(rankOr)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, element)
		constant = constant && element.op == opValue
		if p.word() == "]" {
			break
		}
		if p.word() != "," {
			return nil, p.unexpected(`"," or "]"`)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.word() == "]" {
			return nil, p.unexpected("one more element")
		}
	}
	if constant {
		texts := make([][]byte, len(n.list))
		for i, element := range n.list {
			texts[i] = element.value.text
		}
		n = &node{value: Value{kindList, slices.Concat([]byte("["), bytes.Join(texts, []byte(",")), []byte("]"))}}
	}
	return n, p.advance()
}
