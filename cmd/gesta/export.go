package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const exportHelp = `Write out everything that the store holds, for gesta import and for other programs.`

const exportNDJSONHelp = `Write the store as JSON lines to stdout. The first line names the store and its head:

  {"export":{"format":1,"store":"…","head":262200}}

Then comes one event a line, in the order of the store, those of gesta's own streams too; the first event of a commit has the
commit's key and tracking. A commit without events is a line {"after":P,"recordedAt":"…","tracking":{…}}.

gesta import ndjson reads it back: into an empty store with the same positions, commits, times, ids and keys.`

func newExportCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "export",
		Short:   "Write everything out",
		Long:    exportHelp,
		Example: "  gesta export ndjson | gzip > books.ndjson.gz",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "ndjson",
		Short:   "Write the store as JSON lines",
		Long:    exportNDJSONHelp,
		Example: "  gesta export ndjson > books.ndjson\n  gesta export ndjson | gesta import ndjson --store /backup/books",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.exportNDJSON(cmd.Context()) },
	})
	return cmd
}

func (e *env) exportNDJSON(ctx context.Context) (err error) {
	s, err := e.openReader(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	basis, err := basisOf(ctx, s)
	if err != nil {
		return err
	}
	out := &exportWriter{ctx: ctx, e: e, w: bufio.NewWriterSize(e.dataWriter(), 256<<10)}
	header := eventjson.ExportHeader{Format: eventjson.ExportFormat, Store: basis.Store, Head: basis.Head}
	if err := out.line(eventjson.AppendExportHeader(nil, &header)); err != nil {
		return err
	}
	err = e.dump(ctx, s, basis.Head, out.commit)
	if flushErr := out.w.Flush(); err == nil { // else it may be the same error again
		err = flushErr
	}
	return err
}

// dump hands all commits up to head to yield. Where the oldest were truncated away it begins with what is left.
func (e *env) dump(ctx context.Context, s store.Store, head store.Position, yield func(*store.RecordedCommit) error) error {
	power, ok := store.As[store.Dumper](s)
	if !ok {
		return fmt.Errorf("export: %w", store.ErrUnsupported)
	}
	for after, again := store.Position(0), true; again; {
		again = false
		for c, err := range power.Dump(ctx, after) {
			var gone *store.TruncatedError
			switch {
			case errors.As(err, &gone) && gone.First > after+1:
				e.beginsAt()(gone.First)
				after, again = gone.First-1, true
			case err != nil:
				return fmt.Errorf("export: %w", err)
			case len(c.Events) > 0 && c.Events[0].Position > head || c.After > head:
				return nil // it was written after the export began
			default:
				if err := yield(&c); err != nil {
					return err
				}
			}
			if again {
				break
			}
		}
	}
	return nil
}

// exportWriter writes the lines of an export.
type exportWriter struct {
	ctx context.Context // of --jq, for the life of one command
	e   *env
	w   *bufio.Writer
	buf []byte
}

func (x *exportWriter) commit(c *store.RecordedCommit) error {
	if len(c.Events) == 0 {
		x.buf = eventjson.AppendEmptyCommit(x.buf[:0], c)
		return x.line(x.buf)
	}
	for i := range c.Events {
		key, tracking := "", (*store.Tracking)(nil)
		if i == 0 {
			key, tracking = c.Key, c.Tracking
		}
		x.buf = eventjson.AppendExported(x.buf[:0], &c.Events[i], key, tracking)
		if err := x.line(x.buf); err != nil {
			return err
		}
	}
	return nil
}

func (x *exportWriter) line(b []byte) error {
	if x.e.global.jq == "" {
		return writeLine(x.w, b)
	}
	code, err := compileJQ(x.e.global.jq)
	if err != nil {
		return err
	}
	return runJQ(x.ctx, code, b, func(b []byte) error { return writeLine(x.w, b) })
}

func writeLine(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return err
	}
	_, err := w.Write([]byte{'\n'})
	return err
}
