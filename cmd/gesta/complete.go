package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

// What a shell completes. A key was pressed in the middle of a line: the answer is quick on a store of any size or not at all, it makes
// nothing, locks nothing, and says nothing but what may come next.

const (
	// maxCandidates is how many candidates a shell is given at most.
	maxCandidates = 100

	// completionSeeks bounds the work of completing the name of a stream.
	completionSeeks = 2000

	// completionTime is how long a store may take: no one waits longer for a key.
	completionTime = 300 * time.Millisecond
)

// candidates are what may come next.
type candidates struct {
	words []string // a tab may stand before a description
	more  bool     // words go on: no space is put behind one
	files bool     // names of files complete it
}

// directive is how cobra tells a shell.
func (c candidates) directive() cobra.ShellCompDirective {
	switch {
	case c.files:
		return cobra.ShellCompDirectiveDefault
	case c.more:
		return cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
	return cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completer completes a word of a command line.
type completer func(cmd *cobra.Command, word string) candidates

func (c completer) flag() cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		found := c(cmd, word)
		return clean(found.words), found.directive()
	}
}

// clean leaves out what a terminal would obey, and what a shell would take for more than one word of a list.
func clean(words []string) []string {
	return slices.DeleteFunc(words, func(w string) bool {
		word, description, _ := strings.Cut(w, "\t")
		return visible(word) != word || visible(description) != description
	})
}

// isCompletion says whether a command line is a shell's question of what may come next, and where the line begins that it asks about.
func isCompletion(root *cobra.Command, args []string) (line int, ok bool) {
	at := verbAt(root, args)
	return at + 1, at >= 0 && (args[at] == cobra.ShellCompRequestCmd || args[at] == cobra.ShellCompNoDescRequestCmd)
}

// addCompletions tells cobra how the arguments and flags of every command are completed, by what their usage calls them.
func (e *env) addCompletions(cmd *cobra.Command) {
	for _, f := range append(flagsOf(cmd.Flags()), flagsOf(cmd.PersistentFlags())...) {
		if _, known := cmd.GetFlagCompletionFunc(f.name); !known && f.takesValue {
			// It fails for a flag that is not there, and for one that is completed already.
			_ = cmd.RegisterFlagCompletionFunc(f.name, e.flagCompleter(cmd, f).flag())
		}
	}
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !cmd.HasSubCommands() {
		cmd.ValidArgsFunction = e.completeArgument
	}
	for _, c := range cmd.Commands() {
		e.addCompletions(c)
	}
}

// plainUsage takes the marks of the names of values out of what a shell says about flags.
func plainUsage(cmd *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
		flags.VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	}
	for _, c := range cmd.Commands() {
		plainUsage(c)
	}
}

// completeArgument completes what the usage of a command has at this place.
func (e *env) completeArgument(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	kinds := argumentKinds(cmd.Use)
	if len(args) >= len(kinds) {
		if strings.Contains(cmd.Use, "-- ") { // a command of another program follows
			return nil, cobra.ShellCompDirectiveDefault
		}
		if len(kinds) == 0 || !strings.HasSuffix(kinds[len(kinds)-1], "...") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		args = args[:len(kinds)-1]
	}
	found := e.completeKind(cmd, kinds[len(args)], word)
	return clean(found.words), found.directive()
}

// argumentKinds splits a usage line, such as "at TIME TARGET" or "log [TARGET | RANGE]", into what stands at each place.
func argumentKinds(use string) []string {
	var kinds []string
	for _, w := range strings.Fields(strings.NewReplacer(" | ", "|", "[", "", "]", "", "…", "...").Replace(use))[1:] {
		if strings.HasPrefix(w, "-") {
			break
		}
		kinds = append(kinds, w)
	}
	return kinds
}

// completeKind completes a word that may be each of the kinds between bars.
func (e *env) completeKind(cmd *cobra.Command, kinds, word string) candidates {
	var all candidates
	add := func(c candidates) {
		for _, w := range c.words {
			if !slices.Contains(all.words, w) {
				all.words = append(all.words, w)
			}
		}
		all.more = all.more || c.more
		all.files = all.files || c.files
	}
	for kind := range strings.SplitSeq(strings.TrimSuffix(kinds, "..."), "|") {
		switch kind {
		case "STREAM":
			add(e.completeStream(cmd, word))
		case "TARGET", "GLOB":
			add(e.completeTarget(cmd, word))
		case "EVENT", "RANGE", "POINT", "REV", "ADDRESS", "A", "B", "FROM", "TO":
			add(e.completeTarget(cmd, word))
			add(completeWords("HEAD")(cmd, word))
		case "TIME", "POSITION":
			add(completeWords("now", "today", "yesterday")(cmd, word))
		case "TYPE", "TYPES":
			add(e.completeTypes(cmd, word))
		case "CODE":
			add(completeWords(codeWords()...)(cmd, word))
		case "DIR", "FILE", "SOURCE", "PATH":
			add(candidates{files: true})
		default:
			if kind == strings.ToLower(kind) { // the word itself
				add(completeWords(kind)(cmd, word))
			}
		}
	}
	return all
}

// completeWords completes a fixed word.
func completeWords(words ...string) completer {
	return func(_ *cobra.Command, word string) candidates {
		var c candidates
		for _, w := range words {
			if strings.HasPrefix(w, word) {
				c.words = append(c.words, w)
			}
		}
		return c
	}
}

// completionStore opens the store for a look, changing nothing; false where there is none that can be looked at.
func (e *env) completionStore(cmd *cobra.Command) (ctx context.Context, s store.Store, done func(), ok bool) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	s, err := e.open(ctx, open.Options{Reader: true, NoRecovery: true, MustExist: true})
	if err != nil {
		cancel()
		return nil, nil, nil, false
	}
	return ctx, s, func() {
		cancel()
		_ = s.Close() // of what was only read
	}, true
}

// completeStream completes the name of a stream. Where there are too many to show, it shows how their names begin.
func (e *env) completeStream(cmd *cobra.Command, word string) candidates {
	ctx, s, done, ok := e.completionStore(cmd)
	if !ok {
		return candidates{}
	}
	defer done()
	return streamCandidates(ctx, s, word)
}

func streamCandidates(ctx context.Context, s store.Store, word string) candidates {
	n, ok := namesOf(ctx, s, completionSeeks)
	if !ok {
		return candidates{}
	}
	c := candidates{words: n.list(word, maxCandidates+1)}
	if len(c.words) > maxCandidates {
		c.more = true
		hyphens := strings.Contains(c.words[0][len(word):], "-")
		if hyphens {
			c.words = n.categories(word, maxCandidates+1)
		}
		if !hyphens || len(c.words) > maxCandidates {
			c.words = n.branches(word, maxCandidates+1)
		}
		if len(c.words) == 1 { // go on to where there is a choice
			c.words[0] = n.common(c.words[0], firstOf(n, c.words[0]))
		}
	}
	if n.gaveUp() || len(c.words) > maxCandidates {
		return candidates{} // a list with holes would complete to something that is not all there is
	}
	return c
}

func firstOf(n *streamNames, prefix string) string {
	info, ok := n.first(prefix, "")
	if !ok {
		return prefix
	}
	return info.Stream
}

// completeTarget completes a stream, one of its last versions after an @, or the word that begins a tag.
func (e *env) completeTarget(cmd *cobra.Command, word string) candidates {
	ctx, s, done, ok := e.completionStore(cmd)
	if !ok {
		return candidates{}
	}
	defer done()
	forced := ""
	if rest, ok := strings.CutPrefix(word, "stream:"); ok {
		forced, word = "stream:", rest
	}
	c := streamCandidates(ctx, s, word)
	if at := strings.LastIndexByte(word, '@'); at > 0 && len(c.words) == 0 {
		c = e.versionCandidates(ctx, s, word[:at], word[at+1:])
	}
	for i, w := range c.words {
		c.words[i] = forced + w
	}
	if forced == "" && word != "" && strings.HasPrefix("tag:", word) && len(c.words) == 0 {
		c.words, c.more = append(c.words, "tag:"), true
	}
	return c
}

// lastVersions is how many versions of a stream are offered.
const lastVersions = 10

// versionCandidates completes order-42@ and order-42@3.. with the last versions of the stream, the newest first.
func (e *env) versionCandidates(ctx context.Context, s store.Store, stream, typed string) candidates {
	side := ""
	if from, to, ok := strings.Cut(typed, ".."); ok {
		side, typed = from+"..", to
	}
	var c candidates
	q := store.Query{{Stream: stream}}
	if q.Validate() != nil || strings.Trim(typed, "0123456789") != "" {
		return c
	}
	for r, err := range s.Read(ctx, q, store.ReadOptions{Backward: true, Limit: lastVersions}) {
		if err != nil {
			return candidates{}
		}
		version := strconv.FormatUint(r.Version, 10)
		if strings.HasPrefix(version, typed) {
			c.words = append(c.words, fmt.Sprintf("%s@%s%s\t%s  %s", stream, side, version, visible(r.Type), e.shortTime(r.RecordedAt)))
		}
	}
	return c
}

// completeTypes completes the last of a list of types with commas between.
func (e *env) completeTypes(cmd *cobra.Command, word string) candidates {
	before, typed := "", word
	if at := strings.LastIndexByte(word, ','); at >= 0 {
		before, typed = word[:at+1], word[at+1:]
	}
	ctx, s, done, ok := e.completionStore(cmd)
	if !ok {
		return candidates{}
	}
	defer done()
	var c candidates
	lister, ok := store.As[store.Lister](s)
	if !ok {
		return c
	}
	for info, err := range lister.Types(ctx) {
		if err != nil || len(c.words) == maxCandidates {
			return candidates{}
		}
		if strings.HasPrefix(info.Type, typed) && !strings.HasPrefix(info.Type, "$") && !slices.Contains(strings.Split(before, ","), info.Type) {
			c.words = append(c.words, before+info.Type)
		}
	}
	return c
}
