package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const appendHelp = `Append an event to a stream. It is durable when the command returns.

--data is JSON, @FILE, or - for stdin. With another --content-type the bytes are kept as they are. Without STREAM the event
belongs to no stream and is found by its tags.

Conditions make the append safe beside other writers; if one does not hold, nothing is written and the exit code is 3:

  --expect 6             the stream is at version 6
  --expect none          there is no such stream yet
  --expect exists        the stream has had an event
  --if-none QUERY        no event matches; with --after P, none after P

--key names the append, so that it can be repeated without doubling when its outcome is not known.

With --ndjson and no STREAM, lines are read from stdin, each an event ({"stream":…,"type":…,"data":…}, perhaps with key,
guards and tracking) or a commit ({"events":[…]}), which is written whole or not at all. Many are in flight at once; each is
acknowledged by a line on stdout, in the order of the input, as soon as it is durable. A line that is refused does not stop the
others, unless --stop-on-error is given.`

const appendExample = `  gesta append order-42 --type OrderPlaced --data '{"due":38.5}'
  gesta append order-42 --type Shipped --expect 6 --actor wms
  gesta append --type Enrolled --tag course:c1 --tag student:s9 \
      --if-none 'type=CourseClosed tag=course:c1' --after 1188
  gesta append --ndjson < events.ndjson > acknowledgements.ndjson`

type appendFlags struct {
	typ, data, metadata, contentType, id string
	schemaVersion                        uint32
	tags                                 []string
	expect, ifNone                       string
	after                                uint64
	key, actor, effectiveAt              string
	stopOnError                          bool
}

func newAppendCommand(e *env) *cobra.Command {
	var f appendFlags
	cmd := &cobra.Command{
		Use:     "append [STREAM] --type TYPE",
		Short:   "Append events",
		Long:    appendHelp,
		Example: appendExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if e.global.ndjson && len(args) == 0 && !cmd.Flags().Changed("type") {
				return e.appendInput(cmd, &f)
			}
			if f.stopOnError {
				return usagef("--stop-on-error goes with --ndjson and lines on stdin")
			}
			return e.appendOne(cmd, args, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.typ, "type", "t", "", "what happened")
	flags.StringVarP(&f.data, "data", "d", "", "the payload: `JSON`, @FILE, or - for stdin")
	flags.StringVar(&f.metadata, "metadata", "", "what is said about the event: a `JSON` object")
	flags.StringVar(&f.contentType, "content-type", "", "the media type of the data (default application/json)")
	flags.Uint32Var(&f.schemaVersion, "schema-version", 0, "the version of the type's shape")
	flags.StringVar(&f.id, "id", "", "the event's id (default a new UUID)")
	flags.StringArrayVar(&f.tags, "tag", nil, "what the event is about, such as order:42; repeatable")
	flags.StringVar(&f.expect, "expect", "", "append only if the stream is at version `N`, or none, any, exists")
	flags.StringVar(&f.ifNone, "if-none", "", "append only if no event matches this `QUERY`; see gesta help queries")
	flags.Uint64Var(&f.after, "after", 0, "with --if-none, look only at events after this position")
	flags.StringVar(&f.key, "key", "", "a name for this append, by which it can be repeated without doubling")
	flags.StringVar(&f.actor, "actor", "", "who did it; kept in the metadata")
	flags.StringVar(&f.effectiveAt, "effective-at", "", "when it took effect, if not now")
	flags.BoolVar(&f.stopOnError, "stop-on-error", false, "with --ndjson, stop at the first line that is refused")
	return cmd
}

func (e *env) appendOne(cmd *cobra.Command, args []string, f *appendFlags) (err error) {
	ctx := cmd.Context()
	stream := ""
	if len(args) == 1 {
		if stream = args[0]; stream == "" {
			return usagef("the name of the stream is empty")
		}
	}
	c, err := f.commit(cmd, e, stream)
	if err != nil {
		return err
	}
	s, err := e.openWriter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	result, err := s.Append(ctx, c)
	if err != nil {
		return err
	}
	if e.jsonMode() {
		return e.printJSON(ctx, eventjson.AppendAcknowledgement(nil, 0, &result, nil))
	}
	return e.printAppended(&c.Events[0], &result)
}

// printAppended says where the event stands now.
func (e *env) printAppended(ev *store.Event, result *store.Result) error {
	r := store.Recorded{Event: *ev, Position: result.First, Version: result.Version(ev.Stream)}
	p := e.painter(e.stdoutTerminal)
	line := p.yellow(numbered(r.Position)) + "  "
	if at := place(&r); at != "" {
		line += p.cyan(at) + "  "
	}
	line += p.bold(visible(r.Type))
	if result.Duplicate {
		line += "  (duplicate: its key was written before)"
	}
	_, err := fmt.Fprintln(e.stdout, line)
	return err
}

// commit makes the commit that the flags describe.
func (f *appendFlags) commit(cmd *cobra.Command, e *env, stream string) (store.Commit, error) {
	ev := store.Event{
		ID: strings.ToLower(f.id), Stream: stream, Type: f.typ, SchemaVersion: f.schemaVersion, Tags: f.tags,
	}
	c := store.Commit{Key: f.key}
	switch {
	case f.typ == "":
		return c, usageHint("gesta append order-42 --type OrderPlaced", "what happened? --type is missing")
	case stream == "" && len(f.tags) == 0:
		return c, usageHint("gesta append STREAM …, or --tag for an event without a stream", "neither a stream nor a tag: nobody would find the event")
	case cmd.Flags().Changed("after") && f.ifNone == "":
		return c, usagef("--after goes with --if-none")
	}
	if err := refuseSystem(&ev); err != nil {
		return c, err
	}
	if f.contentType != eventjson.ContentType {
		ev.ContentType = f.contentType
	}
	var err error
	if ev.EffectiveAt, err = e.parseTime("--effective-at", f.effectiveAt); err != nil {
		return c, err
	}
	if ev.Data, err = f.payload(cmd, e); err != nil {
		return c, err
	}
	if ev.Metadata, err = f.meta(); err != nil {
		return c, err
	}
	if ev.ID == "" {
		if ev.ID, err = newID(); err != nil {
			return c, err
		}
	}
	c.Events = []store.Event{ev}
	c.Guards, err = f.guards(stream)
	return c, err
}

// refuseSystem keeps people from writing what is gesta's own.
func refuseSystem(ev *store.Event) error {
	if store.IsSystem(ev.Stream) {
		return usagef("streams whose names begin with $, such as %q, are gesta's own", ev.Stream)
	}
	return nil
}

// newID makes the id of an event: a UUID that sorts by time.
func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	return id.String(), nil
}

// payload reads --data.
func (f *appendFlags) payload(cmd *cobra.Command, e *env) ([]byte, error) {
	if !cmd.Flags().Changed("data") {
		return nil, nil
	}
	data, err := e.flagBytes("--data", f.data)
	if err != nil {
		return nil, err
	}
	if f.contentType != "" && f.contentType != eventjson.ContentType {
		return data, nil
	}
	if len(data) == 0 {
		return nil, nil
	}
	compact, ok := eventjson.AppendCompact(nil, data)
	if !ok {
		return nil, usageHint("write texts as '\"text\"', or name another --content-type", "--data is not JSON: %s", jsonProblem(data))
	}
	return compact, nil
}

// jsonProblem says what is wrong with data that is no JSON.
func jsonProblem(data []byte) string {
	var v json.RawMessage
	if err := json.Unmarshal(data, &v); err != nil {
		return err.Error()
	}
	return "it is not valid UTF-8, or nested too deep"
}

// flagBytes returns the value of a flag: the text itself, the content of @FILE, or stdin for -.
func (e *env) flagBytes(flag, value string) ([]byte, error) {
	var in io.Reader
	switch {
	case value == "-":
		in = e.stdin
	case strings.HasPrefix(value, "@"):
		file, _, err := e.openSource(value[1:])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		defer file.Close()
		in = file
	default:
		return []byte(value), nil
	}
	data, err := io.ReadAll(io.LimitReader(in, store.MaxEventBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if len(data) > store.MaxEventBytes {
		return nil, &store.TooLargeError{What: flag, Unit: "bytes", Got: len(data), Max: store.MaxEventBytes}
	}
	return data, nil
}

// meta makes the metadata of --metadata and --actor.
func (f *appendFlags) meta() ([]byte, error) {
	meta := []byte("{}")
	if f.metadata != "" {
		compact, ok := eventjson.AppendCompact(nil, []byte(f.metadata))
		if !ok || compact[0] != '{' {
			return nil, usagef("--metadata is not a JSON object")
		}
		meta = compact
	}
	if f.actor != "" {
		known, err := names(meta)
		if err != nil {
			return nil, fmt.Errorf("--metadata: %w", err)
		}
		sep := ""
		for _, name := range known {
			if name == "actor" {
				return nil, usagef("--metadata names an actor, and --actor does too")
			}
			sep = ","
		}
		meta = append(meta[:len(meta)-1], sep+`"actor":`...)
		meta = append(eventjson.AppendString(meta, f.actor), '}')
	}
	if len(meta) == len("{}") {
		return nil, nil
	}
	return meta, nil
}

// guards makes the conditions of --expect and --if-none.
func (f *appendFlags) guards(stream string) ([]store.Guard, error) {
	var out []store.Guard
	if f.expect != "" && f.expect != "any" && stream == "" {
		return nil, usagef("--expect is about a stream, and none is named")
	}
	switch f.expect {
	case "", "any":
	case "none":
		out = append(out, store.StreamAt{Stream: stream})
	case "exists":
		out = append(out, store.StreamExists{Stream: stream})
	default:
		n, err := strconv.ParseUint(f.expect, 10, 53)
		if err != nil {
			return nil, usagef("--expect is a version, none, any or exists, not %q", f.expect)
		}
		out = append(out, store.StreamAt{Stream: stream, Version: n})
	}
	if f.ifNone != "" {
		q, err := eventjson.ParseQuery(f.ifNone)
		if err != nil {
			return nil, fmt.Errorf("--if-none: %w", err)
		}
		out = append(out, store.NoneMatch{Query: q, After: store.Position(f.after)})
	}
	return out, nil
}
