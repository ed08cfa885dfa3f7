package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

const importGitHelp = `Take in the history of a git repository: each commit becomes an event CommitMade in the stream git-NAME.

NAME is --name, or the name of the repository's directory. The author is the actor, and each file that the commit changed a tag
file:PATH, up to 16 KiB a commit; the summary counts those that are none for want of room. The data has hash, parents,
subject, body, author and committer with name, email and time, all files with path and change, and stats. As in git
log, a merge has no files.

The time of a commit is that of its committer, and commits come in the order of these times. That of its author is in the
data. A commit's key is import:NAME:HASH, so that the same command again takes in what was committed since.

REPOSITORY is a directory in the repository, by default this one. The history is that of HEAD, or of --rev, or of all refs
with --all. git is run to read it; hooks, programs that the repository configures and the network are not used.
` + importTimes

// gitFlags are the flags of gesta import git alone.
type gitFlags struct {
	revs []string
	all  bool
}

func newImportGitCommand(e *env) *cobra.Command {
	var o importFlags
	var g gitFlags
	cmd := &cobra.Command{
		Use:     "git [REPOSITORY]",
		Short:   "Take in the commits of a git repository",
		Long:    importGitHelp,
		Example: "  gesta import git ~/src/shop\n  gesta import git . --all --name shop",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			if g.all && len(g.revs) > 0 {
				return usagef("--all and --rev contradict each other")
			}
			return e.importGit(cmd.Context(), append(args, ".")[0], &o, &g)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "the NAME of the stream and of commit keys (default the name of the repository's directory)")
	f.StringVar(&o.category, "category", "git", "the category of the stream")
	f.StringArrayVar(&g.revs, "rev", nil, "a branch, tag, commit or range to take the history of; repeatable (default HEAD)")
	f.BoolVar(&g.all, "all", false, "take the history of all refs")
	o.addRules(cmd)
	return cmd
}

func (e *env) importGit(ctx context.Context, dir string, o *importFlags, g *gitFlags) error {
	revs := g.revs
	if g.all {
		revs = []string{"--all"}
	} else if len(revs) == 0 {
		revs = []string{"HEAD"}
	}
	for _, rev := range g.revs {
		if rev == "" || strings.HasPrefix(rev, "-") {
			return usagef("--rev %q: a revision is not empty and does not begin with -", rev)
		}
	}
	git, err := newGit(e, dir)
	if err != nil {
		return err
	}
	name := o.name
	if name == "" {
		if name, err = git.name(ctx); err != nil {
			return err
		}
	}
	so := source.Options{File: dir, Name: name, SkipBad: o.skipBad, Mapping: source.Mapping{Category: o.category}}
	return e.importSource(ctx, o.recorded, so, git.source(revs))
}

// source is the history of revisions.
func (g *gitCommand) source(revs []string) *rowSource {
	var left source.GitLeftOut
	return &rowSource{
		open: func() (io.ReadCloser, int64, error) { return io.NopCloser(strings.NewReader("")), 0, nil },
		read: func(ctx context.Context, _ io.Reader, so source.Options) (rows *source.Rows, err error) {
			log, err := g.start(ctx, append(source.GitLogArgs(), append(slices.Clone(revs), "--")...)...)
			if err != nil {
				return nil, err
			}
			rows, left, err = source.ReadGit(ctx, log, so)
			if err == nil {
				return rows, log.Close()
			}
			if ended := log.Close(); ended != nil {
				err = ended // what git says of it
			}
			return nil, err
		},
		leftOut: func() leftOut {
			return leftOut{doc: left, counts: []counted{
				{left.Tags, "file as a tag", "files as tags"},
				{left.Replaced, "commit's bytes that are no UTF-8", "commits' bytes that are no UTF-8"},
			}}
		},
	}
}

// name is the name of the directory that the repository is in, without .git at its end.
func (g *gitCommand) name(ctx context.Context) (string, error) {
	top, err := g.output(ctx, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return "", err
	}
	if filepath.Base(top) == ".git" {
		top = filepath.Dir(top)
	}
	name := strings.TrimSuffix(filepath.Base(top), ".git")
	if name == "" || name == string(filepath.Separator) || name == "." {
		return "", usagef("the repository's directory has no name: give --name")
	}
	return name, nil
}
