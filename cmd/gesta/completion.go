package main

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The scripts differ from what cobra would generate: they keep words with @, : and blanks whole, and never run what was typed. The one
// for bash works in 3.2 and later, with or without the package bash-completion.
var (
	//go:embed completion.bash
	bashCompletion string
	//go:embed completion.zsh
	zshCompletion string
	//go:embed completion.fish
	fishCompletion string
)

const completionHelp = `Print a script that completes commands, flags, streams, versions, types and fields when you press Tab. It asks gesta
itself what may come next: names come from the index of the store that the line is about, within moments on any number of streams, and
where there are too many to show, it completes up to where they differ.

  bash   add to ~/.bashrc:
           source <(gesta completion bash)
  zsh    add to ~/.zshrc, after compinit:
           source <(gesta completion zsh)
  fish   add to ~/.config/fish/config.fish:
           gesta completion fish | source`

func newCompletionCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "Print a script that lets a shell complete command lines",
		Long:      completionHelp,
		Example:   "  source <(gesta completion bash)\n  gesta completion fish | source",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeCompletion(cmd, e.stdout, args[0])
		},
	}
}

func writeCompletion(cmd *cobra.Command, w io.Writer, shell string) error {
	var err error
	switch shell {
	case "bash":
		_, err = io.WriteString(w, bashCompletion)
	case "zsh":
		_, err = io.WriteString(w, zshCompletion)
	case "fish":
		_, err = io.WriteString(w, fishCompletion)
	default:
		return usageHint(orNearest(shell, cmd.ValidArgs, "there are: "+strings.Join(cmd.ValidArgs, ", ")), "there is no completion for %q", shell)
	}
	if err != nil {
		return fmt.Errorf("write completion: %w", err)
	}
	return nil
}
