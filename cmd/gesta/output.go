package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// basisOf says what an answer about s rests on: its id and its head now.
func basisOf(ctx context.Context, s store.Store) (eventjson.Basis, error) {
	var b eventjson.Basis
	if identity, ok := store.As[store.Identity](s); ok {
		b.Store = identity.StoreID()
	}
	head, err := s.Head(ctx)
	if err != nil {
		return b, fmt.Errorf("read head: %w", err)
	}
	b.Head = head
	return b, nil
}

// dataWriter is where data goes: stdout, guarded where a terminal could obey it.
func (e *env) dataWriter() io.Writer {
	if e.stdoutTerminal {
		return jsonGuard{e.stdout}
	}
	return e.stdout
}

// printDocument prints the document of a command that has no list: basis and the members of v, a struct with json tags.
// With --json=FIELDS only those members of v stay.
func (e *env) printDocument(ctx context.Context, basis *eventjson.Basis, v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encode document: %w", err)
	}
	members := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if fields := e.global.json.fields; len(fields) > 0 {
		kept, missing, err := pick(members, fields)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			known, err := names(members)
			if err != nil {
				return err
			}
			return unknownFields(missing, known)
		}
		members = kept
	}
	doc := append([]byte(`{"basis":`), eventjson.AppendBasis(nil, basis)...)
	if len(members) > len("{}") {
		doc = append(append(doc, ','), members[1:]...)
	} else {
		doc = append(doc, '}')
	}
	return e.printJSON(ctx, doc)
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

// itemPrinter prints a list: {"basis":…,"items":[…]}, or one item a line under --ndjson. It streams: an error in the
// middle leaves a document that does not end. With --jq over the whole document it keeps the document in memory.
type itemPrinter struct {
	e      *env
	known  []string // the members that an item can have
	code   *gojq.Code
	out    *bufio.Writer
	buffer *bytes.Buffer // of the document, for --jq; else nil
	items  int
	lines  bool
	live   bool // each line is sent at once
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
	w := e.dataWriter()
	if p.code != nil && !p.lines {
		p.buffer = &bytes.Buffer{}
		w = p.buffer
	}
	p.out = bufio.NewWriterSize(w, 64<<10)
	if !p.lines {
		p.write([]byte(`{"basis":`), eventjson.AppendBasis(nil, basis), []byte{','}, members, []byte(`"items":[`))
	}
	return p, nil
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
		kept, _, err := pick(item, fields)
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
	if p.live {
		return p.out.Flush()
	}
	if p.out.Available() == 0 { // a full buffer may hide an error of the reader, such as a closed pipe
		return p.out.Flush()
	}
	return nil
}

func (p *itemPrinter) line(b []byte) error {
	p.write(b, []byte{'\n'})
	return nil
}

// flush sends what was printed so far, before an error ends the list in the middle.
func (p *itemPrinter) flush() error { return p.out.Flush() }

// close ends the list.
func (p *itemPrinter) close(ctx context.Context) error {
	if p.lines {
		return p.out.Flush()
	}
	if p.buffer == nil {
		p.write([]byte("]}\n"))
		return p.out.Flush()
	}
	p.write([]byte("]}"))
	if err := p.out.Flush(); err != nil {
		return err
	}
	return p.e.printJSON(ctx, p.buffer.Bytes())
}
