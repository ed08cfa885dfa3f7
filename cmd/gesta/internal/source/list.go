package source

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// parseList reads a list of texts and numbers as JSON or Python writes it. null and None are left out. It returns false
// for anything else.
func parseList(text string) ([]string, bool) {
	s := strings.TrimSpace(text)
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return nil, false
	}
	if members, ok := parseJSONList(s); ok {
		return members, true
	}
	p := pythonList{s: s[1 : len(s)-1]}
	return p.members()
}

func parseJSONList(s string) ([]string, bool) {
	var raw []json.RawMessage
	if json.Unmarshal([]byte(s), &raw) != nil {
		return nil, false
	}
	members := make([]string, 0, len(raw))
	for _, m := range raw {
		switch m[0] {
		case 'n':
		case '"':
			var member string
			if json.Unmarshal(m, &member) != nil {
				return nil, false
			}
			members = append(members, member)
		case '[', '{':
			return nil, false
		default:
			members = append(members, string(m))
		}
	}
	return members, true
}

// pythonList reads what stands between the brackets of a list as Python's repr writes it.
type pythonList struct{ s string }

func (p *pythonList) members() ([]string, bool) {
	members := []string{}
	for p.space(); p.s != ""; p.space() {
		member, none, ok := p.member()
		if !ok {
			return nil, false
		}
		if !none {
			members = append(members, member)
		}
		p.space()
		if p.s == "" {
			break
		}
		if p.s[0] != ',' {
			return nil, false
		}
		p.s = p.s[1:]
	}
	return members, true
}

func (p *pythonList) space() { p.s = strings.TrimLeft(p.s, " \t\r\n") }

func (p *pythonList) member() (member string, none, ok bool) {
	if p.s[0] == '\'' || p.s[0] == '"' {
		member, ok = p.quoted(p.s[0])
		return member, false, ok
	}
	end := strings.IndexByte(p.s, ',')
	if end < 0 {
		end = len(p.s)
	}
	word := strings.TrimSpace(p.s[:end])
	p.s = p.s[end:]
	switch word {
	case "None":
		return "", true, true
	case "True", "False":
		return word, false, true
	}
	return word, false, isNumber(word)
}

// quoted reads a string literal; escapes that Python does not know stand for themselves.
func (p *pythonList) quoted(quote byte) (string, bool) {
	var b strings.Builder
	for i := 1; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == quote:
			p.s = p.s[i+1:]
			return b.String(), true
		case c != '\\' || i+1 == len(p.s):
			b.WriteByte(c)
		default:
			n := unescape(&b, p.s[i+1:])
			i += n
		}
	}
	return "", false
}

// unescape writes what the escape sequence after a backslash stands for and returns its length.
func unescape(b *strings.Builder, s string) int {
	switch s[0] {
	case '\\', '\'', '"':
		b.WriteByte(s[0])
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'x':
		return unescapeHex(b, s, 2)
	case 'u':
		return unescapeHex(b, s, 4)
	case 'U':
		return unescapeHex(b, s, 8)
	default:
		b.WriteByte('\\')
		b.WriteByte(s[0])
	}
	return 1
}

func unescapeHex(b *strings.Builder, s string, digits int) int {
	var c rune
	for i := 1; i <= digits; i++ {
		if i >= len(s) {
			c = -1
			break
		}
		v := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if v < 0 || c > utf8.MaxRune {
			c = -1
			break
		}
		c = c<<4 | rune(v)
	}
	if c < 0 || !utf8.ValidRune(c) {
		b.WriteByte('\\')
		b.WriteByte(s[0])
		return 1
	}
	b.WriteRune(c)
	return 1 + digits
}
