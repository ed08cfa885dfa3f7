package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/history/answers"
)

// flagInfo is what is known of a flag without setting it.
type flagInfo struct {
	name, value string // what the help calls its value, such as TIME
	takesValue  bool
	list        bool // words with commas between
}

func flagsOf(set *pflag.FlagSet) []flagInfo {
	var all []flagInfo
	set.VisitAll(func(f *pflag.Flag) {
		value, _ := pflag.UnquoteUsage(f)
		_, list := f.Value.(*wordList)
		all = append(all, flagInfo{name: f.Name, value: value, takesValue: f.NoOptDefVal == "" || f.Name == "json", list: list})
	})
	return all
}

// flagWords are the words that a flag takes, by its name, and where those differ by the command and its name.
var flagWords = map[string][]string{
	"color":         {"auto", "always", "never"},
	"bench --sync":  {syncAlways, syncNever},
	"bench --guard": {guardNone, guardStream, guardDCB},
	"import --zone": {"UTC", "local"},
	"recorded":      {recordedSource, recordedNow},
	"expect":        {"none", "any", "exists"},
	"known-at":      {"now", "today", "yesterday"},
	"effective-at":  {"now", "today", "yesterday"},
	"since":         {"today", "yesterday"},
	"until":         {"now", "today", "yesterday"},
	"content-type":  {"application/json", "application/octet-stream", "text/plain"},
	"query":         {"category=", "stream=", "tag=", "type="},
	"if-none":       {"category=", "stream=", "tag=", "type="},
	"reducer":       {"mergepatch"},
	"log-level":     {"debug", "info", "warn", "error"},
	"role":          {"read", "append", "operate", "admin"},
}

// flagCompleter returns what completes the value of a flag.
func (e *env) flagCompleter(cmd *cobra.Command, f flagInfo) completer {
	inImport := strings.Contains(cmd.CommandPath(), " import ")
	switch {
	case f.name == "json":
		return completeFields
	case f.name == "prefix" || f.name == "after" && cmd.Name() == "streams":
		return e.completeStream
	case f.name == "type" && !inImport && f.list, f.name == "types" && f.list:
		return e.completeTypes
	case f.name == "type" && !inImport:
		return e.completeTypes
	case f.name == "jq":
		return completeWords(".items[]", ".")
	}
	verb := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	verb, _, _ = strings.Cut(verb, " ")
	for _, key := range []string{verb + " --" + f.name, f.name} {
		if words, ok := flagWords[key]; ok {
			return completeFlagWords(f, words)
		}
	}
	switch {
	case slices.Contains([]string{"store", "dir"}, f.name), slices.Contains([]string{"FILE", "DIR", "PATH"}, f.value) && f.name != "path":
		return func(*cobra.Command, string) candidates { return candidates{files: true} }
	}
	if f.value == strings.ToLower(f.value) { // the type of its value: nothing is known of it
		return completeWords()
	}
	return func(cmd *cobra.Command, word string) candidates { return e.completeKind(cmd, f.value, word) }
}

// completeFlagWords completes a word of a flag. A file may stand in place of some.
func completeFlagWords(f flagInfo, words []string) completer {
	return func(cmd *cobra.Command, word string) candidates {
		c := completeWords(words...)(cmd, word)
		c.more = len(c.words) > 0 && strings.HasSuffix(c.words[0], "=")
		c.files = len(c.words) == 0 && f.name == "reducer"
		return c
	}
}

// jsonMembers are the members that an item of a command's document can have, for --json=FIELDS.
var jsonMembers = map[string][]string{
	"log":     changedMembers,
	"show":    eventMembers,
	"streams": streamMembers,
	"types":   {"type", "events"},
	"state":   memberNames(reflect.TypeFor[answers.StateDocument]()),
	"at":      memberNames(reflect.TypeFor[answers.StateDocument]()),
	"stats": {
		"events", "streams", "types", "tags", "commits", "systemEvents", "late", "bytes", "segments", "clockBehindUs",
		"firstRecordedAt", "lastRecordedAt", "firstEffectiveAt", "lastEffectiveAt",
	},
	"diff":    diffMembers,
	"blame":   blameMembers,
	"check":   {"ok", "events", "files", "problems"},
	"version": {"version", "go", "os", "arch"},
	"explain": {"code", "exit", "http", "summary", "when", "next"},
	"config":  {"name", "value", "from"},
}

// completeFields completes the last of a list of members.
func completeFields(cmd *cobra.Command, word string) candidates {
	before, typed := "", word
	if at := strings.LastIndexByte(word, ','); at >= 0 {
		before, typed = word[:at+1], word[at+1:]
	}
	c := candidates{more: true}
	for _, m := range jsonMembers[cmd.Name()] {
		if strings.HasPrefix(m, typed) && !slices.Contains(strings.Split(before, ","), m) {
			c.words = append(c.words, before+m)
		}
	}
	return c
}
