package expr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	tokenEnd kind = iota
	tokenName
	tokenNumber
	tokenText
	tokenSymbol
)

// token is a word of an expression.
type token struct {
	kind       kind
	start, end int    // in the text
	json       []byte // what a text is in JSON
}

// symbols lists what is no name and no literal, the longer ones first; also what stands for an operator elsewhere alone.
var symbols = []string{
	"===", "<>", "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".", "=", "&", "|", "%",
}

// instead says what to write for what other languages have.
var instead = map[string]string{"=": `"=="`, "&": `"&&"`, "|": `"||"`, "and": `"&&"`, "or": `"||"`, "not": `"!"`, "nil": `"null"`, "===": `"=="`, "<>": `"!="`}

// scan reads the token at or after an offset.
func scan(text string, start int) (token, error) {
	for start < len(text) && strings.IndexByte(" \t\r\n", text[start]) >= 0 {
		start++
	}
	if start == len(text) {
		return token{start: start, end: start}, nil
	}
	switch c := text[start]; {
	case c == '"' || c == '\'':
		json, end, err := scanText(text, start)
		return token{kind: tokenText, start: start, end: end, json: json}, err
	case '0' <= c && c <= '9':
		end, err := scanNumber(text, start)
		return token{kind: tokenNumber, start: start, end: end}, err
	}
	if end := start + nameLength(text[start:]); end > start {
		return token{kind: tokenName, start: start, end: end}, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(text[start:], s) {
			return token{kind: tokenSymbol, start: start, end: start + len(s)}, nil
		}
	}
	_, n := utf8.DecodeRuneInString(text[start:])
	return token{}, &SyntaxError{Offset: start, Found: text[start : start+n], Expected: "an operator, a path, or a literal"}
}

// nameLength returns how many bytes of a text are a name.
func nameLength(text string) int {
	for i, r := range text {
		if r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(text)
}

// scanNumber returns where the number ends that begins at start.
func scanNumber(text string, start int) (int, error) {
	digits := func(i int) int {
		for i < len(text) && '0' <= text[i] && text[i] <= '9' {
			i++
		}
		return i
	}
	end := digits(start)
	wrong := func(expected string) (int, error) {
		end += nameLength(text[end:])
		return 0, &SyntaxError{Offset: start, Found: shorten(text[start:end]), Expected: expected}
	}
	if text[start] == '0' && end > start+1 {
		return wrong("a number without a leading zero")
	}
	if end < len(text) && text[end] == '.' {
		fraction := end + 1
		if end = digits(fraction); end == fraction {
			return wrong("digits after the point")
		}
	}
	if end < len(text) && (text[end] == 'e' || text[end] == 'E') {
		exponent := end + 1
		if exponent < len(text) && (text[exponent] == '+' || text[exponent] == '-') {
			exponent++
		}
		if end = digits(exponent); end == exponent {
			return wrong("digits in the exponent")
		}
	}
	if nameLength(text[end:]) > 0 {
		return wrong("a number")
	}
	return end, nil
}

// scanText reads the text in quotes at start. It returns it as JSON.
func scanText(text string, start int) (json []byte, end int, err error) {
	quote := text[start]
	json = append(json, '"')
	for i := start + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			return append(json, '"'), i + 1, nil
		case c < ' ':
			return nil, 0, &SyntaxError{Offset: i, Found: text[i : i+1], Expected: fmt.Sprintf(`the escape \u%04x in its place`, c)}
		case c == '"':
			json = append(json, '\\', '"')
		case c == '\\':
			escape, err := scanEscape(text, i, quote)
			if err != nil {
				return nil, 0, err
			}
			i += len(escape) - 1
			if escape == `\'` {
				escape = "'"
			}
			json = append(json, escape...)
		default:
			json = append(json, c)
		}
	}
	return nil, 0, &SyntaxError{Offset: len(text), Expected: fmt.Sprintf("a closing %c", quote)}
}

// scanEscape returns the escape at start.
func scanEscape(text string, start int, quote byte) (string, error) {
	rest := text[start:]
	if len(rest) > 1 && (strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0 || rest[1] == '\'' && quote == '\'') {
		return rest[:2], nil
	}
	if len(rest) > 5 && rest[1] == 'u' {
		if _, ok := hex4([]byte(rest[2:6])); ok {
			return rest[:6], nil
		}
	}
	end := 1
	if len(rest) > 1 {
		_, n := utf8.DecodeRuneInString(rest[1:])
		end += n
	}
	return "", &SyntaxError{Offset: start, Found: rest[:end], Expected: `an escape of JSON (\" \\ \/ \b \f \n \r \t \u0000), or \\ for a backslash`}
}
