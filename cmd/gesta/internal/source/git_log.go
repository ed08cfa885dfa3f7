package source

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// The fields of a commit in the log, in their order.
const (
	gitHash = iota
	gitParents
	gitAuthorName
	gitAuthorEmail
	gitAuthorTime
	gitCommitterName
	gitCommitterEmail
	gitCommitterTime
	gitMessage
	gitFields
)

// gitMark stands before the hash of a commit, where a file might stand otherwise.
const gitMark = "commit "

// GitLogArgs are the arguments of git that make it print the log which [ReadGit] reads, up to those that name commits. What a
// repository's configuration says does not matter to it, and none of its programs is started.
func GitLogArgs() []string {
	return []string{
		"log", "-z", "--date-order", "--raw", "--root", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--no-notes", "--no-mailmap",
		"--no-show-signature", "--no-decorate", "--no-relative", "--no-follow", "--ignore-submodules=none", "-O/dev/null", "--encoding=UTF-8", "--date=raw",
		"--format=" + gitMark + strings.Join([]string{"%H", "%P", "%an", "%ae", "%ad", "%cn", "%ce", "%cd", "%B"}, "%x00") + "%x00",
	}
}

// gitChanges are what a commit can do to a file.
var gitChanges = [...]string{"added", "modified", "deleted", "typeChanged", "other"}

// gitFile is a file that a commit changed.
type gitFile struct {
	path   string
	change uint8 // an index of gitChanges
}

// gitCommit is a commit as it stands in the log.
type gitCommit struct {
	fields   [gitFields]string
	files    []gitFile
	size     int
	tooLarge bool // then fields and files are not whole
}

func (c *gitCommit) hash() string { return c.fields[gitHash] }

// gitLog takes the log apart. It is a row of texts that end with a zero byte: the fields of a commit, the first with
// gitMark before it, then for each file what was done, which begins with a colon, and the path. Between the two an empty text or a line feed may
// stand. It is used by one goroutine.
type gitLog struct {
	in    *input
	ahead string // the mark and hash of the next commit
}

// next returns the next commit, or nil after the last.
func (l *gitLog) next() (*gitCommit, error) {
	first := l.ahead
	if first == "" {
		var err error
		first, err = l.text()
		if errors.Is(err, io.EOF) && first == "" && l.in.err == nil {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	l.ahead = ""
	hash, ok := strings.CutPrefix(first, gitMark)
	if !ok || !isHash(hash) {
		return nil, problemf("git prints %q where a commit begins", clip(first))
	}
	c := &gitCommit{}
	c.fields[gitHash] = hash
	for i := gitParents; i < gitFields; i++ {
		text, err := l.text()
		if err != nil {
			return nil, unexpected(err)
		}
		if c.keep(len(text)) {
			c.fields[i] = text
		}
	}
	return c, l.files(c)
}

// files reads the files of a commit, and the beginning of the next one.
func (l *gitLog) files(c *gitCommit) error {
	for {
		text, err := l.text()
		if errors.Is(err, io.EOF) && text == "" && l.in.err == nil {
			return nil
		}
		if err != nil {
			return err
		}
		text = strings.TrimLeft(text, "\n")
		switch {
		case text == "":
		case strings.HasPrefix(text, gitMark):
			l.ahead = text
			return nil
		case text[0] == ':':
			path, err := l.text()
			if err != nil {
				return unexpected(err)
			}
			if c.keep(len(path) + len(`{"path":"","change":"modified"},`)) {
				c.files = append(c.files, gitFile{path, gitChange(text)})
			}
		default:
			return problemf("git prints %q where a file stands", clip(text))
		}
	}
}

// keep counts n bytes more, and says whether there is room for them.
func (c *gitCommit) keep(n int) bool {
	if c.size += n; c.size > store.MaxEventBytes {
		c.tooLarge, c.files = true, nil
	}
	return !c.tooLarge
}

// gitChange reads the letter at the end of what git says was done to a file.
func gitChange(raw string) uint8 {
	i := strings.LastIndexByte(raw, ' ')
	switch raw[i+1:] {
	case "A":
		return 0
	case "M":
		return 1
	case "D":
		return 2
	case "T":
		return 3
	}
	return 4
}

// text reads up to the next zero byte. With an error it returns what there was before it.
func (l *gitLog) text() (string, error) {
	l.in.allow(l.in.total)
	var b strings.Builder
	for {
		c, err := l.in.ReadByte()
		if err != nil || c == 0 {
			return b.String(), err
		}
		b.WriteByte(c)
	}
}

// gitTime reads a time as git stores it: seconds since 1970, a space, and the zone as +hhmm. A zone that does not exist becomes UTC.
func gitTime(text string) (time.Time, error) {
	seconds, zone, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	at := time.Unix(n, 0).UTC()
	if err != nil || at.Year() < 1 || at.Year() > 9998 {
		return at, problemf("%q is no time of a commit", clip(text))
	}
	if z, err := time.Parse("-0700", zone); err == nil {
		_, offset := z.Zone()
		at = at.In(time.FixedZone("", offset))
	}
	return at, nil
}

// unexpected is what the end of the log inside of a commit is.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func isHash(s string) bool {
	return len(s) >= 40 && strings.Trim(s, "0123456789abcdef") == ""
}
