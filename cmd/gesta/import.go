package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const importHelp = `Take in a history that another program wrote: an XES log, a CSV file, an object-centric log (OCEL), the commits of a git
repository, a running UmaDB, or what gesta export wrote.

An import can be interrupted and run again, and a finished one adds nothing: every row is a commit with a key of its
own. Compressed files (gzip) are read as they are.`

func newImportCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "import",
		Short:   "Take in an event log, a table, a git repository or an export",
		Long:    importHelp,
		Example: "  gesta import xes bpic2012.xes.gz\n  gesta import csv orders.csv --type activity --time at --stream order",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImportXESCommand(e), newImportCSVCommand(e), newImportOCELCommand(e), newImportGitCommand(e), newImportUmaDBCommand(e), newImportNDJSONCommand(e))
	return cmd
}

// importRules end the help of each format: they are the same for all.
const importRules = `
SOURCE is a file, or - for stdin, which needs --name and, for streams, --category.

Each row becomes a commit with the key import:NAME:N, where NAME is --name or the file's name, in the order of the rows'
times. The stream of a row is CATEGORY-ID: --category, or the file's name up to its first dot with _ for -, and the text
of the field that --stream names with _ for white space. A field that --tag names gives the tag NAME:TEXT, or one for each
member where the text is a list such as ['a','b'], and none where it is blank.

Into an empty store the times of the source become the times of recording (--recorded source), so that at, log and
--since mean what they mean in a store that was there all along. Into any other store rows are recorded now and keep their
times as effective times (--recorded now). An import that was interrupted goes on as it began.

A bad row stops the import before anything is written. --skip-bad N leaves up to N of them out and names each.`

// importFlags are the flags of an import that reads rows.
type importFlags struct {
	name, category, zone, recorded  string
	stream, typ, time, actor        string
	tags                            []string
	separator                       string // of CSV
	strict                          bool
	skipBad                         int
	categoryGiven, recordedExplicit bool
}

func (o *importFlags) add(cmd *cobra.Command, streamDefault string) {
	o.addNames(cmd)
	f := cmd.Flags()
	f.StringVar(&o.stream, "stream", "", "the field that tells streams apart (default "+streamDefault+")")
	f.StringVar(&o.typ, "type", "", "the field with the type (default "+source.DefaultType+")")
	f.StringVar(&o.time, "time", "", "the field with the time (default "+source.DefaultTime+")")
	o.addFields(cmd)
	o.addRules(cmd)
}

// addNames adds what names the import and its streams.
func (o *importFlags) addNames(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "the NAME of commit keys (default the file's name)")
	f.StringVar(&o.category, "category", "", "the category of the streams (default the file's name up to its first dot)")
}

// addFields adds what can be said of the fields of any source that has some.
func (o *importFlags) addFields(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.actor, "actor", "", "the field with the actor (default "+source.DefaultActor+")")
	f.StringArrayVar(&o.tags, "tag", nil, "name=FIELD: tag each event with name: and the text of the field; repeatable")
	f.StringVar(&o.zone, "zone", "UTC", "the zone of times that have none: a name such as Europe/Rome, or local")
}

// addRules adds how rows are taken in, whatever they are.
func (o *importFlags) addRules(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.recorded, "recorded", "", "take the times of recording from the source, or now (default source into an empty store)")
	f.BoolVar(&o.strict, "strict", false, "stop at the first bad row, as without --skip-bad")
	f.IntVar(&o.skipBad, "skip-bad", 0, "leave up to `N` bad rows out")
}

// check refuses flags that contradict themselves or each other.
func (o *importFlags) check(cmd *cobra.Command) error {
	o.categoryGiven = cmd.Flags().Changed("category")
	o.recordedExplicit = cmd.Flags().Changed("recorded")
	switch {
	case o.recordedExplicit && o.recorded != recordedSource && o.recorded != recordedNow:
		return usagef("--recorded is source or now, not %q", o.recorded)
	case o.skipBad < 0:
		return usagef("--skip-bad %d is below 0", o.skipBad)
	case o.strict && o.skipBad > 0:
		return usagef("--strict and --skip-bad contradict each other")
	case o.categoryGiven && (o.category == "" || strings.HasPrefix(o.category, "$")):
		return usagef("--category %q: a category is not empty and does not begin with $, which is gesta's own", o.category)
	}
	return nil
}

// options make what package source takes of the flags.
func (o *importFlags) options(e *env, path string) (source.Options, error) {
	so := source.Options{
		File: path, Name: o.name, SkipBad: o.skipBad,
		Mapping: source.Mapping{Category: o.category, Stream: o.stream, Type: o.typ, Time: o.time, Actor: o.actor},
	}
	if path == stdinPath {
		so.File = "stdin"
		if o.name == "" {
			return so, usagef("stdin has no name for commit keys: give --name")
		}
	} else {
		base := filepath.Base(path)
		if so.Name == "" {
			so.Name = base
		}
		if !o.categoryGiven {
			first, _, _ := strings.Cut(base, ".")
			so.Mapping.Category = strings.ReplaceAll(first, "-", "_")
		}
	}
	for _, t := range o.tags {
		name, field, ok := strings.Cut(t, "=")
		if !ok || name == "" || field == "" {
			return so, usagef("--tag %q: write name=FIELD", t)
		}
		so.Mapping.Tags = append(so.Mapping.Tags, source.TagField{Name: name, Field: field})
	}
	var err error
	if so.Mapping.Zone, err = o.location(e); err != nil {
		return so, err
	}
	if so.Separator, err = parseSeparator(o.separator); err != nil {
		return so, err
	}
	return so, nil
}

func (o *importFlags) location(e *env) (*time.Location, error) {
	if strings.EqualFold(o.zone, "local") {
		return e.zone, nil
	}
	zone, err := time.LoadLocation(o.zone)
	if err != nil {
		return nil, usageHint("write a name such as Europe/Rome, UTC or local", "--zone %q is not known", o.zone)
	}
	return zone, nil
}

func parseSeparator(s string) (rune, error) {
	switch s {
	case "":
		return 0, nil
	case "tab", `\t`:
		return '\t', nil
	}
	r, n := utf8.DecodeRuneInString(s)
	if n != len(s) || r == utf8.RuneError || strings.ContainsRune("\"\r\n", r) {
		return 0, usagef("--separator is one character, or tab, not %q", s)
	}
	return r, nil
}

const stdinPath = "-"

// readRows is source.ReadXES or source.ReadCSV, or does as they do.
type readRows func(context.Context, io.Reader, source.Options) (*source.Rows, error)

// rowSource is where rows come from.
type rowSource struct {
	open    func() (io.ReadCloser, int64, error) // says how many bytes there are, 0 where that is not known
	read    readRows
	leftOut func() leftOut // nil where source.Rows has it
}

// importRows reads a source and appends its rows.
func (e *env) importRows(ctx context.Context, path string, o *importFlags, read readRows) (err error) {
	so, err := o.options(e, path)
	if err != nil {
		return err
	}
	if (so.Mapping.Stream != "" || o.categoryGiven) && so.Mapping.Category == "" {
		return usagef("streams need a category: give --category")
	}
	s, err := e.openWriter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return e.importInto(ctx, s, path, o.recorded, so, read)
}

// importSource reads a source and appends its rows to the store.
func (e *env) importSource(ctx context.Context, recorded string, so source.Options, from *rowSource) (err error) {
	s, err := e.openWriter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return e.importFrom(ctx, s, recorded, so, from)
}

func (e *env) importInto(ctx context.Context, s store.Store, path, recorded string, so source.Options, read readRows) error {
	return e.importFrom(ctx, s, recorded, so, &rowSource{open: func() (io.ReadCloser, int64, error) { return e.openSource(path) }, read: read})
}

func (e *env) importFrom(ctx context.Context, s store.Store, recorded string, so source.Options, from *rowSource) (err error) {
	bars := e.newProgress()
	defer bars.close()
	rows, bad, err := e.readSource(ctx, &so, from, bars)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	im := &importer{e: e, store: s, rows: rows, file: so.File, name: so.Name, bars: bars, asked: recorded}
	runErr := im.run(ctx)
	bars.close()
	if runErr != nil && !errors.Is(runErr, context.Canceled) {
		return runErr
	}
	left := leftOutOfLog(rows.LeftOut)
	if from.leftOut != nil {
		left = from.leftOut()
	}
	if err := e.importSummary(context.WithoutCancel(ctx), im, bad, left); err != nil {
		return err
	}
	return ctx.Err()
}

// readSource reads the rows of a source and tells people of those that are left out.
func (e *env) readSource(ctx context.Context, so *source.Options, from *rowSource, bars *progress) (*source.Rows, []*source.RowError, error) {
	in, size, err := from.open()
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	var bad []*source.RowError
	so.Progress = bars.start("reading", size)
	so.Bad = func(r *source.RowError) {
		bars.pause(func() { e.warn("%s; left out", r) })
		if len(bad) < maxBadRows {
			bad = append(bad, r)
		}
	}
	rows, err := from.read(ctx, in, *so)
	if err != nil {
		bars.close()
		return nil, nil, sourceError(err, so.SkipBad)
	}
	return rows, bad, nil
}

// maxBadRows bounds the bad rows that the summary names.
const maxBadRows = 100

// openSource opens a file and says how many bytes it has, 0 where that is not known.
func (e *env) openSource(path string) (io.ReadCloser, int64, error) {
	if path == stdinPath {
		return io.NopCloser(e.stdin), 0, nil
	}
	f, err := os.Open(e.abs(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, notFoundf("", "there is no file %s", path)
	}
	if err != nil {
		return nil, 0, pathFailed("read the source", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = usagef("%s is a directory", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// sourceError says what to do about a source that could not be read.
func sourceError(err error, skipBad int) error {
	var row *source.RowError
	var field *source.FieldError
	var typ *source.ObjectTypeError
	switch {
	case errors.As(err, &row):
		hint := "correct the row, or leave bad rows out with --skip-bad N; nothing was imported"
		if skipBad > 0 {
			hint = fmt.Sprintf("there are more than the %d bad rows of --skip-bad; nothing was imported", skipBad)
		}
		code := eventjson.CodeUsage
		if errors.Is(err, store.ErrTooLarge) {
			code = eventjson.CodeTooLarge
		}
		return &eventjson.Error{Code: code, Message: row.Error(), Hint: hint, File: row.File, Line: int64(row.Line)}
	case errors.As(err, &field):
		return usageHint("--stream, --type, --time, --actor and --tag name the fields of the source", "%s", field)
	case errors.As(err, &typ):
		return usageHint("--object-type is the type of the objects that become streams; nothing was imported", "%s", typ)
	}
	return err
}
