package script

import (
	"fmt"
	"strings"
)

// rule parts a question from its answer.
const rule = "----\n"

// A block is a comment or a conversation, and the blank lines behind it.
type block struct {
	line int    // of its first line, counted from 1
	ask  string // comments, command and input, as written
	cmd  Cmd    // zero for a comment
	want string // the expected answer, each line with its newline
	rule bool   // whether the rule was there
	gap  string // the blank lines that follow
}

// comment tells whether there is nothing to run.
func (b *block) comment() bool { return b.cmd.Name == "" }

// String is the block as it stands in a file.
func (b *block) String() string {
	if b.comment() || !b.rule {
		return b.ask + b.gap
	}
	return b.ask + rule + b.want + b.gap
}

// split reads a file into blocks, whose texts in a row are the file again. A last line without newline gets one.
func split(text string) ([]*block, error) {
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	var blocks []*block
	var b *block // the one that is being read
	n := 0
	for line := range strings.Lines(text) {
		n++
		blank := strings.TrimSpace(line) == ""
		if b == nil || b.gap != "" && !blank {
			b = &block{line: n}
			blocks = append(blocks, b)
		}
		var err error
		switch {
		case blank:
			b.gap += line
		case b.rule && line == rule:
			err = fmt.Errorf("line %d: a second rule in one conversation", n)
		case b.rule:
			b.want += line
		case line == rule && b.comment():
			err = fmt.Errorf("line %d: a rule without a command", n)
		case line == rule:
			b.rule = true
		default:
			b.ask += line
			err = b.add(line, n)
		}
		if err != nil {
			return nil, err
		}
	}
	return blocks, nil
}

// add takes one line of the question: a comment, the command, or a line of its input.
func (b *block) add(line string, n int) error {
	switch {
	case !b.comment():
		b.cmd.Input += line
	case !strings.HasPrefix(line, "#"):
		cmd, err := Parse(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		b.cmd = cmd
		b.cmd.Line = n
	}
	return nil
}
