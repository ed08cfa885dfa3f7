package main

import (
	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

const importCSVHelp = `Take in a CSV file with a header, one event a row.

The flags name the columns that become stream, type, time, actor and tags; without --stream the events have no stream. All
columns become data, as text, but those that the envelope gives back exactly: type, actor, and stream where nothing was
replaced in it.
` + importRules

func newImportCSVCommand(e *env) *cobra.Command {
	var o importFlags
	cmd := &cobra.Command{
		Use:   "csv SOURCE",
		Short: "Take in a CSV file",
		Long:  importCSVHelp,
		Example: "  gesta import csv receipt.csv.gz --stream case:concept:name\n" +
			"  gesta import csv orders.csv --type activity --time at \\\n" +
			"      --stream order --tag customer=customer_id",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			return e.importRows(cmd.Context(), args[0], &o, source.ReadCSV)
		},
	}
	o.add(cmd, "none")
	cmd.Flags().StringVar(&o.separator, "separator", ",", "what stands between fields: a character, or tab")
	return cmd
}
