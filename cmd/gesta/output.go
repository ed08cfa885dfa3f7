package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// basisOf says what an answer about s rests on: its id and its head now.
func basisOf(ctx context.Context, s store.Store) (eventjson.Basis, error) {
	return answers.Basis(ctx, s)
}

// dataWriter is where data goes: stdout, guarded where a terminal could obey it.
func (e *env) dataWriter() io.Writer {
	if e.stdoutTerminal {
		return &wholeRunes{w: jsonGuard{e.stdout}}
	}
	return e.stdout
}

// wholeRunes hands on text in pieces that do not end within a rune. What is written last ends with a whole one, such as a line feed.
type wholeRunes struct {
	w    io.Writer
	rest []byte // the beginning of a rune
}

func (r *wholeRunes) Write(b []byte) (int, error) {
	n, text := len(b), b
	if len(r.rest) > 0 {
		text = append(r.rest, b...)
		r.rest = nil
	}
	end := len(text)
	for i := end - 1; i >= 0 && i >= end-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				end = i
			}
			break
		}
	}
	r.rest = append(r.rest, text[end:]...)
	if _, err := r.w.Write(text[:end]); err != nil {
		return 0, err
	}
	return n, nil
}

// printDocument prints the document of a command that has no list: basis and the members of v, a struct with json tags.
// With --json=FIELDS only those members of v stay; one that it can have, and has not, is left out.
func (e *env) printDocument(ctx context.Context, basis *eventjson.Basis, v any) error {
	members, err := answers.Members(v)
	if err != nil {
		return err
	}
	if fields := e.global.json.fields; len(fields) > 0 {
		known := memberNames(reflect.TypeOf(v))
		if missing := slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return slices.Contains(known, f) }); len(missing) > 0 {
			return unknownFields(missing, known)
		}
		if members, err = pick(members, fields); err != nil {
			return err
		}
	}
	return e.printJSON(ctx, answers.AppendDocument(nil, basis, members))
}

// printJSON prints one JSON value, or what --jq makes of it, on a line of its own.
func (e *env) printJSON(ctx context.Context, doc []byte) error {
	w := e.dataWriter()
	if e.global.jq == "" {
		_, err := w.Write(append(doc, '\n'))
		return err
	}
	code, err := compileJQ(e.global.jq)
	if err != nil {
		return err
	}
	return runJQ(ctx, code, doc, func(line []byte) error {
		_, err := w.Write(append(line, '\n'))
		return err
	})
}

func unknownFields(missing, known []string) error {
	return usageHint(orNearest(missing[0], known, "there are: "+strings.Join(known, ", ")), "--json=%s: no item has such a member", strings.Join(missing, ","))
}

// itemPrinter prints a list: {"basis":…,"items":[…]}, or one item a line under --ndjson. Lines are sent as they come; a document is sent when it
// is whole, and not at all when an error ends it in the middle. With --jq over the whole document it keeps the document in memory.
type itemPrinter struct {
	e      *env
	known  []string // the members that an item can have
	code   *gojq.Code
	to     io.Writer
	out    *bufio.Writer // writes to one of to, kept and buffer
	kept   *spool        // the document; nil under --ndjson and --jq
	buffer *bytes.Buffer // of the document, for --jq; else nil
	items  int
	lines  bool
	live   bool // each item is sent at once: the list has no end
}

// newItems begins a list whose items can have the members known.
func (e *env) newItems(basis *eventjson.Basis, known ...string) (*itemPrinter, error) {
	return e.newItemsOf(basis, nil, known...)
}

// newItemsOf begins a list in a document that has other members before it, each written with a comma at its end.
func (e *env) newItemsOf(basis *eventjson.Basis, members []byte, known ...string) (*itemPrinter, error) {
	for _, f := range e.global.json.fields {
		if !slices.Contains(known, f) {
			return nil, unknownFields([]string{f}, known)
		}
	}
	p := &itemPrinter{e: e, known: known, lines: e.lineMode()}
	if e.global.jq != "" {
		var err error
		if p.code, err = compileJQ(e.global.jq); err != nil {
			return nil, err
		}
	}
	p.to = e.dataWriter()
	w := p.to
	switch {
	case p.lines:
	case p.code != nil:
		p.buffer = &bytes.Buffer{}
		w = p.buffer
	default:
		p.kept = &spool{}
		w = p.kept
	}
	p.out = bufio.NewWriterSize(w, 64<<10)
	if !p.lines {
		p.write(answers.AppendListBegin(nil, basis, members))
	}
	return p, nil
}

// printItems prints a list that is there as a whole. Its items can have the members known.
func printItems[T any](ctx context.Context, e *env, basis *eventjson.Basis, items []T, known ...string) error {
	p, err := e.newItems(basis, known...)
	if err != nil {
		return err
	}
	for i := range items {
		item, err := json.Marshal(&items[i])
		if err != nil {
			return fmt.Errorf("encode an item: %w", err)
		}
		if err := p.add(ctx, item); err != nil {
			return err
		}
	}
	return p.close(ctx)
}

// write drops errors: a bufio.Writer keeps the first one and returns it from Flush.
func (p *itemPrinter) write(parts ...[]byte) {
	for _, b := range parts {
		_, _ = p.out.Write(b)
	}
}

// add prints one item, a JSON object. The bytes are not kept.
func (p *itemPrinter) add(ctx context.Context, item []byte) error {
	if fields := p.e.global.json.fields; len(fields) > 0 {
		kept, err := pick(item, fields)
		if err != nil {
			return err
		}
		item = kept
	}
	p.items++
	switch {
	case !p.lines:
		if p.items > 1 {
			p.write([]byte{','})
		}
		p.write(item)
	case p.code == nil:
		p.write(item, []byte{'\n'})
	default:
		if err := runJQ(ctx, p.code, item, p.line); err != nil {
			return err
		}
	}
	if !p.live && p.out.Available() > 0 { // a full buffer may hide an error of the reader, such as a closed pipe
		return nil
	}
	err := p.out.Flush()
	switch {
	case p.kept == nil:
	case err != nil:
		err = errors.Join(err, p.kept.discard())
	case p.live:
		err = p.kept.send(p.to)
	}
	return err
}

func (p *itemPrinter) line(b []byte) error {
	p.write(b, []byte{'\n'})
	return nil
}

// flush sends the lines that were printed so far, before an error ends the list in the middle. Of a document it sends nothing: it would not be one.
func (p *itemPrinter) flush() error {
	if p.kept != nil {
		return p.kept.discard()
	}
	return p.out.Flush()
}

// close ends the list.
func (p *itemPrinter) close(ctx context.Context) error {
	if p.lines {
		return p.out.Flush()
	}
	if p.buffer == nil {
		p.write([]byte("]}\n"))
		if err := p.out.Flush(); err != nil {
			return errors.Join(err, p.kept.discard())
		}
		return p.kept.send(p.to)
	}
	p.write([]byte("]}"))
	if err := p.out.Flush(); err != nil {
		return err
	}
	return p.e.printJSON(ctx, p.buffer.Bytes())
}
