package source

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// GitCommit is the type of the event that a commit becomes.
const GitCommit = "CommitMade"

// gitTagsBytes bounds the tags of a commit: the rest of an event's envelope stays free.
const gitTagsBytes = 16 << 10

// GitLeftOut counts what of a repository's history is not in the events as it is there.
type GitLeftOut struct {
	Tags     int `json:"tags"`     // files that are in the data of their commit alone
	Replaced int `json:"replaced"` // commits with bytes that are no UTF-8, and became U+FFFD
}

// ReadGit reads to its end what git log prints with [GitLogArgs]. Errors are those of [ReadXES]; the line of a
// [*RowError] is the place of a commit in the log, 1 for the newest. Of the mapping Category alone is used.
//
// Each commit is an event of the type [GitCommit] in the stream CATEGORY-NAME, and N of its key is its hash. Its time is that of the
// committer, and its actor the author, as "NAME <EMAIL>". Its data has hash, parents, subject, body, author and committer with name,
// email and time, files with path and change, and stats. Each file is a tag file:PATH, up to 16 KiB a commit: data tells by untagged how
// many are none.
func ReadGit(ctx context.Context, r io.Reader, o Options) (*Rows, GitLeftOut, error) {
	rd, err := newRowReader(r, &o)
	if err != nil {
		return nil, GitLeftOut{}, err
	}
	rd.newestFirst = true
	g := &gitReader{rowReader: rd, log: gitLog{in: rd.in}, stream: streamName(o.Mapping.Category, o.Name)}
	rows, err := rd.end(g.readAll(ctx))
	return rows, g.leftOut, err
}

// gitReader makes rows of commits.
type gitReader struct {
	*rowReader
	log     gitLog
	stream  string
	leftOut GitLeftOut
}

func (g *gitReader) readAll(ctx context.Context) error {
	for n := 1; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		c, err := g.log.next()
		if err != nil {
			return g.failure(n, err)
		}
		if c == nil {
			return nil
		}
		if err := g.bad(n, named("commit", c.hash(), g.placed(n, g.take(c, n)))); err != nil {
			return err
		}
	}
}

// take makes a row of a commit.
func (g *gitReader) take(c *gitCommit, n int) error {
	if c.tooLarge {
		return &RowError{File: g.o.File, Line: n, Problem: fmt.Sprintf("the commit has more than %d bytes", store.MaxEventBytes), Cause: store.ErrTooLarge}
	}
	row := Row{Line: n, N: c.hash()}
	at, err := gitTime(c.fields[gitCommitterTime])
	if err != nil {
		return err
	}
	row.Event.EffectiveAt = store.Time(at)
	replaced := c.makeUTF8()
	row.Event.Stream, row.Event.Type = g.stream, GitCommit
	if author := c.author(); author != "" {
		row.Event.Metadata = append(eventjson.AppendString([]byte(`{"actor":`), author), '}')
	}
	row.Event.Tags = c.tags()
	untagged := len(c.files) - len(row.Event.Tags)
	row.Event.Data = c.appendData(nil, untagged)
	if err := g.add(&row); err != nil {
		return err
	}
	g.leftOut.Tags += untagged
	if replaced {
		g.leftOut.Replaced++
	}
	return nil
}

// author is who made the change, as git writes it.
func (c *gitCommit) author() string {
	name, email := c.fields[gitAuthorName], c.fields[gitAuthorEmail]
	if email == "" {
		return name
	}
	return strings.TrimSpace(name + " <" + email + ">")
}

// makeUTF8 replaces bytes that are no UTF-8, and says whether there were any.
func (c *gitCommit) makeUTF8() bool {
	replaced := false
	clean := func(s *string) {
		if !utf8.ValidString(*s) {
			*s, replaced = strings.ToValidUTF8(*s, "\uFFFD"), true
		}
	}
	for i := range c.fields {
		clean(&c.fields[i])
	}
	for i := range c.files {
		clean(&c.files[i].path)
	}
	return replaced
}

// tags are as many files, in their order, as there is room for. A path that can be no tag is none.
func (c *gitCommit) tags() []string {
	var tags []string
	size := 0
	for i := range c.files {
		tag := "file:" + c.files[i].path
		if len(tag) > store.MaxNameBytes || strings.ContainsFunc(tag, unicode.IsControl) {
			continue
		}
		if size += len(tag); size > gitTagsBytes {
			break
		}
		tags = append(tags, tag)
	}
	return tags
}

// appendData appends the data of the event.
func (c *gitCommit) appendData(dst []byte, untagged int) []byte {
	dst = eventjson.AppendString(append(dst, `{"hash":`...), c.hash())
	dst = append(dst, `,"parents":[`...)
	for i, parent := range strings.Fields(c.fields[gitParents]) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = eventjson.AppendString(dst, parent)
	}
	subject, body, _ := strings.Cut(strings.Trim(c.fields[gitMessage], "\n"), "\n")
	dst = eventjson.AppendString(append(dst, `],"subject":`...), subject)
	dst = eventjson.AppendString(append(dst, `,"body":`...), strings.Trim(body, "\n"))
	dst = append(dst, `,"author":`...)
	dst = appendPerson(dst, c.fields[gitAuthorName], c.fields[gitAuthorEmail], c.fields[gitAuthorTime])
	dst = append(dst, `,"committer":`...)
	dst = appendPerson(dst, c.fields[gitCommitterName], c.fields[gitCommitterEmail], c.fields[gitCommitterTime])
	dst = append(dst, `,"files":[`...)
	var counts [len(gitChanges)]int
	for i := range c.files {
		if i > 0 {
			dst = append(dst, ',')
		}
		f := &c.files[i]
		counts[f.change]++
		dst = eventjson.AppendString(append(dst, `{"path":`...), f.path)
		dst = append(dst, `,"change":"`+gitChanges[f.change]+`"}`...)
	}
	dst = fmt.Appendf(dst, `],"stats":{"files":%d`, len(c.files))
	for i, n := range counts {
		if n > 0 {
			dst = fmt.Appendf(dst, `,"%s":%d`, gitChanges[i], n)
		}
	}
	dst = append(dst, '}')
	if untagged > 0 {
		dst = fmt.Appendf(dst, `,"untagged":%d`, untagged)
	}
	return append(dst, '}')
}

func appendPerson(dst []byte, name, email, at string) []byte {
	dst = eventjson.AppendString(append(dst, `{"name":`...), name)
	dst = eventjson.AppendString(append(dst, `,"email":`...), email)
	if t, err := gitTime(at); err == nil { // that of the author need not be one
		dst = eventjson.AppendString(append(dst, `,"time":`...), t.Format(time.RFC3339))
	}
	return append(dst, '}')
}
