package main

import (
	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

const importXESHelp = `Take in an event log in XES (IEEE 1849), as process mining tools write it.

A trace becomes a stream, named after its concept:name, and each event an event in it: concept:name is the type,
time:timestamp the time, org:resource the actor. The other attributes become data: int and float as numbers, boolean as true
or false, lists and containers as arrays and objects, everything else as text. time:timestamp stays in the data too, for
its zone. The attributes of a trace are the member "case" in the data of its first event. Attributes of the log itself,
extensions, globals and classifiers are left out and counted.

The mapping flags take attributes of events, and of traces as case:KEY.
` + importRules

func newImportXESCommand(e *env) *cobra.Command {
	var o importFlags
	cmd := &cobra.Command{
		Use:   "xes SOURCE",
		Short: "Take in an XES log",
		Long:  importXESHelp,
		Example: "  gesta import xes bpic2012.xes.gz\n" +
			"  gesta import xes helpdesk.xes.gz --category ticket --tag customer=customer",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			if o.stream == "" {
				o.stream = source.TraceName
			}
			return e.importRows(cmd.Context(), args[0], &o, source.ReadXES)
		},
	}
	o.add(cmd, source.TraceName)
	return cmd
}
