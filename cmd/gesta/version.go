package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store/eventjson"
)

const versionHelp = `Print the version of gesta, of Go, and the system it was built for. It needs no store.`

func newVersionCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    versionHelp,
		Example: "  gesta version\n  gesta version --json --jq .version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			doc := struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
			}{buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if e.jsonMode() {
				return e.printDocument(cmd.Context(), &eventjson.Basis{NoHead: true}, doc)
			}
			_, err := fmt.Fprintf(e.stdout, "gesta %s (%s, %s/%s)\n", doc.Version, doc.Go, doc.OS, doc.Arch)
			return err
		},
	}
}

// buildVersion is what the module's version control says of this binary.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
