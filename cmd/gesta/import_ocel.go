package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

const importOCELHelp = `Take in an object-centric event log: OCEL 2.0 in JSON, or the CSV form, whose columns are ocel:eid, ocel:activity,
ocel:timestamp, one ocel:type:TYPE for each type of object, and attributes.

Such an event is about several objects at once, an order and its items and a parcel: it gets the tag TYPE:ID for each of
them. With --object-type the first of its objects of that type also names its stream, CATEGORY-ID with _ for white space in
the id; an event without one has no stream. CATEGORY is --category, or the file's name up to its first dot with _ for -.

The type of the event is its activity. Its data has the id and the time as they stand in the log, the attributes as members,
and relationships: an array with objectType and objectId of each object, and the qualifier where there is one. What the log
says of objects alone, such as their attributes, is left out and counted. --actor and --tag name attributes of events.

SOURCE is a file, or - for stdin, which needs --name and, with --object-type, --category. Each event becomes a commit with the
key import:NAME:N, where NAME is --name or the file's name and N counts events as they stand in the log.
` + importTimes

// importTimes end the help of imports whose sources have fields of their own.
const importTimes = `
Into an empty store the times of the source become the times of recording (--recorded source), so that at, log and
--since mean what they mean in a store that was there all along. Into any other store events are recorded now and keep
their times as effective times (--recorded now). An import that was interrupted goes on as it began.

What is bad stops the import before anything is written. --skip-bad N leaves up to N events out and names each.`

func newImportOCELCommand(e *env) *cobra.Command {
	var o importFlags
	var objectType string
	cmd := &cobra.Command{
		Use:   "ocel SOURCE",
		Short: "Take in an object-centric event log (OCEL)",
		Long:  importOCELHelp,
		Example: "  gesta import ocel orders.json --object-type order --category order\n" +
			"  gesta import ocel ocel_order_simulated.csv.gz",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("object-type") && objectType == "" {
				return usagef("--object-type is empty")
			}
			return e.importOCEL(cmd.Context(), args[0], &o, objectType)
		},
	}
	o.addNames(cmd)
	cmd.Flags().StringVar(&objectType, "object-type", "", "the type of the objects that become streams (default none)")
	o.addFields(cmd)
	o.addRules(cmd)
	return cmd
}

func (e *env) importOCEL(ctx context.Context, path string, o *importFlags, objectType string) error {
	so, err := o.options(e, path)
	if err != nil {
		return err
	}
	if objectType != "" && so.Mapping.Category == "" {
		return usagef("streams need a category: give --category")
	}
	return e.importSource(ctx, o.recorded, so, e.ocelSource(path, objectType))
}

// ocelSource is an object-centric log in a file.
func (e *env) ocelSource(path, objectType string) *rowSource {
	var left source.OCELLeftOut
	return &rowSource{
		open: func() (io.ReadCloser, int64, error) { return e.openSource(path) },
		read: func(ctx context.Context, r io.Reader, so source.Options) (rows *source.Rows, err error) {
			rows, left, err = source.ReadOCEL(ctx, r, source.OCELOptions{Options: so, ObjectType: objectType})
			return rows, err
		},
		leftOut: func() leftOut {
			return leftOut{doc: left, counts: []counted{
				{left.EventTypes, "type of events", "types of events"},
				{left.ObjectTypes, "type of objects", "types of objects"},
				{left.Objects, "object without events", "objects without events"},
				{left.Values, "value of an object", "values of objects"},
				{left.Relations, "relation between objects", "relations between objects"},
				{left.Members, "unknown member", "unknown members"},
			}}
		},
	}
}
