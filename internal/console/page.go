package console

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A page is the lines of a Markdown file, each with its newline, and the console blocks found in them.
type page struct {
	lines  []string
	blocks []block
}

// A block is one console block.
type block struct {
	line  int  // of the opening fence, counted from 1
	data  bool // needs the real event logs
	steps []step
}

// A step is one command and what the page shows below it.
type step struct {
	line    int    // of the command, counted from 1
	command string // without prompt, lines joined by newlines
	want    string // without indentation; blank lines at the end cut off
	indent  string // of the block
	from    int    // index in page.lines of the first line of output
	to      int    // index after the last one; blank lines at the end are outside
}

var fence = regexp.MustCompile("^([ \t]*)(`{3,}|~{3,})[ \t]*([^`\n]*?)[ \t]*\r?\n?$")

// parsePage finds the console blocks of a page.
func parsePage(text string) (*page, error) {
	p := &page{lines: strings.SplitAfter(text, "\n")}
	for i := 0; i < len(p.lines); i++ {
		open := fence.FindStringSubmatch(p.lines[i])
		if open == nil {
			continue
		}
		end := i + 1
		for end < len(p.lines) && !closes(p.lines[end], open[2]) {
			end++
		}
		if info := open[3]; strings.HasPrefix(info, "console") {
			if info != "console" && info != "console data" {
				return nil, fmt.Errorf("line %d: info string %q: want console or console data", i+1, info)
			}
			if end == len(p.lines) {
				return nil, fmt.Errorf("line %d: the block is never closed", i+1)
			}
			b := block{line: i + 1, data: info == "console data"}
			if err := b.read(p.lines, i+1, end, open[1]); err != nil {
				return nil, err
			}
			p.blocks = append(p.blocks, b)
		}
		i = end
	}
	return p, nil
}

// closes tells whether a line closes a block that was opened with the fence.
func closes(line, opening string) bool {
	m := fence.FindStringSubmatch(line)
	return m != nil && m[3] == "" && strings.HasPrefix(m[2], opening)
}

// read finds the steps in lines[from:to].
func (b *block) read(lines []string, from, to int, indent string) error {
	bare := func(i int) string { return strings.TrimRight(strings.TrimPrefix(lines[i], indent), "\r\n") }
	for i := from; i < to; {
		command, ok := strings.CutPrefix(bare(i), "$ ")
		if !ok {
			if strings.TrimSpace(bare(i)) == "" && len(b.steps) == 0 {
				i++
				continue
			}
			return fmt.Errorf("line %d: output without a command above it", i+1)
		}
		s := step{line: i + 1, indent: indent}
		for i++; i < to; i++ {
			more, ok := strings.CutPrefix(bare(i), "> ")
			if !ok && !strings.HasSuffix(command, `\`) {
				break
			}
			if !ok {
				more = bare(i)
			}
			command += "\n" + more
		}
		s.command, s.from, s.to = command, i, i
		var want []string
		for ; i < to && !strings.HasPrefix(bare(i), "$ "); i++ {
			want = append(want, bare(i))
			if strings.TrimSpace(bare(i)) != "" {
				s.to, s.want = i+1, strings.Join(want, "\n")+"\n"
			}
		}
		b.steps = append(b.steps, s)
	}
	if len(b.steps) == 0 {
		return fmt.Errorf("line %d: a console block without a command", b.line)
	}
	return nil
}

// show puts what a command printed in the place of what the page shows. Steps are to be replaced from the last to the first.
func (p *page) show(s step, got string) {
	var shown []string
	for _, line := range splitLines(got) {
		if line != "" {
			line = s.indent + line
		}
		shown = append(shown, line+"\n")
	}
	p.lines = append(p.lines[:s.from:s.from], append(shown, p.lines[s.to:]...)...)
}

// shows tells whether the page shows at least one line of what the command prints.
func (s step) shows() bool {
	return slices.ContainsFunc(splitLines(s.want), func(line string) bool { return line != "" && line != anyLines })
}

// String is the page as a file.
func (p *page) String() string { return strings.Join(p.lines, "") }
