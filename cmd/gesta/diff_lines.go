package main

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/gestadb/gesta/reducer"
)

// changeLines writes changes for people, one a line: ~ due  38.5 -> 33.5.
type changeLines struct {
	p     painter
	width int // of a line, in characters; 0 is no limit
}

const (
	changeIndent = "  "

	// widestPath is how wide the column of paths gets; longer ones stick out.
	widestPath = 40

	// narrowestValue is how much of a value is shown however narrow the terminal is.
	narrowestValue = 12
)

// changeLines returns what writes changes to stdout. It is asked before the pager takes stdout over.
func (e *env) changeLines() changeLines {
	c := changeLines{p: e.painter(e.stdoutTerminal)}
	if e.stdoutTerminal {
		c.width = e.terminalWidth()
	}
	return c
}

// terminalWidth is how many characters a line of the terminal has: COLUMNS, else what the terminal says, else 80.
func (e *env) terminalWidth() int {
	if n, err := strconv.Atoi(e.getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := e.stdout.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return 80
}

func (c *changeLines) write(w io.Writer, changes []reducer.Change) error {
	paths := make([]string, len(changes))
	widest := 0
	for i := range changes {
		paths[i] = shownPath(changes[i].Path)
		if n := utf8.RuneCountInString(paths[i]); n <= widestPath {
			widest = max(widest, n)
		}
	}
	var b strings.Builder
	for i := range changes {
		pad := strings.Repeat(" ", max(0, widest-utf8.RuneCountInString(paths[i])))
		room := 0
		if c.width > 0 {
			room = max(2*narrowestValue, c.width-len(changeIndent)-2-utf8.RuneCountInString(paths[i])-len(pad)-2)
		}
		sign, text := c.change(&changes[i], room)
		b.WriteString(changeIndent + sign + " " + paths[i] + pad + "  " + text + "\n")
		if b.Len() > 64<<10 {
			if _, err := io.WriteString(w, b.String()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// change returns the sign of a change and its values, in so many characters unless there is no limit.
func (c *changeLines) change(change *reducer.Change, room int) (sign, text string) {
	switch change.Op() {
	case reducer.OpAdd:
		return c.p.green("+"), c.p.green(oneLine(change.New, room))
	case reducer.OpRemove:
		return c.p.red("-"), c.p.red(oneLine(change.Old, room))
	}
	const arrow = " -> "
	was, is := oneLine(change.Old, 0), oneLine(change.New, 0)
	if room > 0 {
		each := max(narrowestValue, (room-len(arrow))/2)
		short := min(each, utf8.RuneCountInString(was)) // what one leaves over the other has
		is = cutText(is, max(each, room-len(arrow)-short))
		was = cutText(was, max(each, room-len(arrow)-utf8.RuneCountInString(is)))
	}
	return c.p.yellow("~"), c.p.red(was) + arrow + c.p.green(is)
}

// cutText cuts text to so many characters, the last of which then is an ellipsis.
func cutText(s string, width int) string {
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}

var (
	plainToken = regexp.MustCompile(`^[^.\[\]"\\/\pC\s]+$`)
	indexToken = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)
)

// shownPath is how people see a JSON Pointer: items[0].qty, as --path takes it. What a list tells by a key is items[sku="S-1"].qty.
func shownPath(pointer string) string {
	if pointer == "" {
		return "(all)"
	}
	var b strings.Builder
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch {
		case indexToken.MatchString(token):
			b.WriteString("[" + token + "]")
		case reducer.Path{token}.ArrayKey() != "":
			b.WriteString(visible(token))
		case plainToken.MatchString(token) && utf8.ValidString(token):
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(visible(token))
		default:
			b.WriteString("[" + quotedName(token) + "]")
		}
	}
	return b.String()
}

// quotedName writes the name of a member as a text of JSON in which all can be seen. The half of a pair of surrogates that stands alone is three bytes of the name.
func quotedName(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && n == 1 && len(name)-i >= 3 && name[i] == 0xed && name[i+1] >= 0xa0:
			n = 3
			b.WriteString(escape(0xd000 | rune(name[i+1]&0x3f)<<6 | rune(name[i+2]&0x3f)))
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	b.WriteByte('"')
	return b.String()
}
