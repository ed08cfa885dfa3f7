package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// asker makes random command lines about a random store.
type asker struct {
	*differStore
	names []string // of its streams
	files []string // of reducers that may be named by --reducer
	exact bool     // times do not depend on when one asks
}

func newAsker(d *differStore, files []string) *asker {
	a := &asker{differStore: d, files: files}
	for _, name := range sortedNames(d.streams) {
		if name != "" {
			a.names = append(a.names, name)
		}
	}
	return a
}

// stream is the name of one, now and then of one that is not there.
func (a *asker) stream() string {
	if a.r.IntN(20) == 0 || len(a.names) == 0 {
		return oneOf(a.r, differStreams)
	}
	return oneOf(a.r, a.names)
}

// address is a name as it may be written.
func (a *asker) name() string {
	name := a.stream()
	switch a.r.IntN(10) {
	case 0:
		return "stream:" + name
	case 1:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	case 2:
		return "tag:" + a.tag()
	}
	return name
}

func (a *asker) tag() string {
	tag := oneOf(a.r, differTags)
	if a.r.IntN(5) == 0 {
		tag = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(tag) + `"`
	}
	return tag
}

func (a *asker) small() string {
	if a.r.IntN(60) == 0 {
		return oneOf(a.r, differExtremes)
	}
	return strconv.Itoa(a.r.IntN(8))
}

func (a *asker) position() string {
	if a.r.IntN(40) == 0 {
		return oneOf(a.r, differExtremes)
	}
	return strconv.Itoa(a.r.IntN(int(a.head) + 3))
}

// differExtremes are numbers at and beyond the end of what numbers can be.
var differExtremes = []string{"9007199254740991", "9007199254740990", "9007199254740992", "2147483648", "9223372036854775807", "18446744073709551615", "007", "1000000"}

// time is one of those between the first and the last event, mostly.
func (a *asker) time() string {
	if a.r.IntN(6) == 0 && !a.exact {
		return oneOf(a.r, []string{"yesterday", "2026-11", "2 weeks ago", "now", "0001-01-02", "9999-12-31", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000001Z", "now", "now", "soon", "1d ago"})
	}
	if a.r.IntN(2) == 0 && len(a.events) > 0 {
		e := oneOf(a.r, a.events)
		return e.RecordedAt.Add(time.Duration(a.r.IntN(3)-1) * time.Microsecond).Format(time.RFC3339Nano)
	}
	span := a.now.Sub(differBegin) + 2*time.Hour
	return differBegin.Add(time.Duration(a.r.Int64N(int64(span)))).Format(oneOf(a.r, []string{time.RFC3339, "2006-01-02T15:04:05.999999Z07:00", "2006-01-02 15:04", "2006-01-02"}))
}

// point is an address of a stream or tag with a point, mostly.
func (a *asker) point() string {
	name := a.name()
	most := 5
	if n := a.streams[name]; n > 0 && n < 1000 {
		most = int(n)
	}
	within := strconv.Itoa(a.r.IntN(most + 2))
	switch a.r.IntN(9) {
	case 0, 1:
		return name + "@" + within
	case 2:
		return name + "~" + within
	case 3:
		return name + "@{" + a.time() + "}"
	case 4:
		if a.r.IntN(3) == 0 {
			return a.storePoint() + ":" + name
		}
	}
	return name
}

func (a *asker) storePoint() string {
	switch a.r.IntN(6) {
	case 0:
		return "HEAD"
	case 1:
		return "HEAD~" + a.small()
	case 2:
		return "@{" + a.time() + "}"
	case 3:
		return "#" + a.position()
	}
	return a.position()
}

// span is a range of a stream, a tag or the store.
func (a *asker) span() string {
	switch a.r.IntN(4) {
	case 0:
		return a.storePoint() + ".." + oneOf(a.r, []string{"", a.storePoint(), a.storePoint()})
	case 1:
		return ".." + a.point()
	}
	return a.point() + ".." + oneOf(a.r, []string{"", "HEAD", a.small(), "@{" + a.time() + "}", "~" + a.small(), "@" + a.small()})
}

// target is what commands take that show events; empty for none.
func (a *asker) target() []string {
	switch a.r.IntN(8) {
	case 0, 1:
		return nil
	case 2, 3:
		return []string{a.span()}
	case 4:
		return []string{a.storePoint()}
	case 5:
		return []string{oneOf(a.r, []string{"order-*", "*", "?-1", "cart-?", "é*", "nothing-*"})}
	}
	return []string{a.point()}
}

// event is what commands take that show one event.
func (a *asker) event() string {
	switch a.r.IntN(6) {
	case 0:
		if len(a.ids) > 0 {
			id := oneOf(a.r, a.ids)
			return oneOf(a.r, []string{id, strings.ToUpper(id)})
		}
	case 1, 2:
		return a.storePoint()
	case 3:
		return a.span()
	}
	return a.point()
}

// path is one within a state, mostly.
func (a *asker) path() string {
	name := oneOf(a.r, differNames)
	switch a.r.IntN(5) {
	case 0:
		return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	case 1:
		return oneOf(a.r, []string{"items[0]", "items[1].qty", "items[sku=S-1].qty", `items[sku="S-2"]`, "items[sku=1]", "/items/0/sku", "a.b", "a.a", "b[0][0]", "a[", "/", "nothing"})
	}
	return name
}

// may appends arguments, once in so many times.
func (a *asker) may(line *[]string, chance int, args ...string) {
	if a.r.IntN(chance) == 0 {
		*line = append(*line, args...)
	}
}

func (a *asker) known(line *[]string) {
	a.may(line, 5, "--known-at", oneOf(a.r, []string{a.position(), a.time()}))
}

// fold appends the flags of commands that fold.
func (a *asker) fold(line *[]string, path bool) {
	a.known(line)
	a.may(line, 5, "--effective-at", a.time())
	a.may(line, 12, "--reducer", oneOf(a.r, a.files))
	if path {
		a.may(line, 5, "--path", a.path())
	}
}

func (a *asker) arrayKey(line *[]string) {
	a.may(line, 5, "--array-key", oneOf(a.r, []string{"sku", "qty", "id"}))
}

// choose appends the flags that choose events.
func (a *asker) choose(line *[]string) {
	a.known(line)
	a.may(line, 8, "--type", oneOf(a.r, []string{"Placed", "Set,Moved", `"A,B"`, "Nothing", "placed"}))
	a.may(line, 8, "--tag", oneOf(a.r, differTags))
	a.may(line, 8, "--query", oneOf(a.r, []string{
		"type=Placed,Set", "tag=c:7 OR category=cart", "category=order type=Moved", `type="A,B" OR stream=7`, "[]", `[{"types":["OR"]},{"category":"order","tags":["c:8"]}]`, "type=", "OR", "stream=order-1", manyItems(a.r.IntN(3000)),
	}))
	a.may(line, 8, "--since", a.time())
	a.may(line, 8, "--until", a.time())
}

// form appends how the answer is printed.
func (a *asker) form(line *[]string) {
	switch a.r.IntN(9) {
	case 0, 1, 2:
		*line = append(*line, "--json")
	case 3:
		*line = append(*line, "--ndjson")
	case 4:
		*line = append(*line, "--jq", oneOf(a.r, []string{".items|length", ".basis", ".items[]?", ".state", "[.items[]?|.position]", ".nothing", "error(\"x\")"}))
	case 5:
		*line = append(*line, "--json="+oneOf(a.r, []string{"position", "position", "version", "nonsense"}))
	case 6:
		*line = append(*line, "--ndjson", "--jq", oneOf(a.r, []string{".position", ".type", ".", ".path"}))
	case 7:
		*line = append(*line, "--quiet")
	}
}

// line is a random command line that reads.
func (a *asker) line() []string {
	verbs := []func() []string{
		a.log, a.log, a.log, a.log, a.logChanges, a.logChanges, a.show, a.state, a.state, a.state, a.at, a.diff, a.diff, a.diff, a.blame, a.blame, a.blame, a.bisect, a.bisect, a.bisect,
		a.grep, a.grep, a.shortlog, a.revParse, a.revParse, a.trace, a.trace, a.streamList, a.types, a.stats, a.export, a.check, a.complete,
	}
	return oneOf(a.r, verbs)()
}

// manyItems is a query with n alternatives.
func manyItems(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"types":["T%d","Set"],"tags":["c:%d"]}`, i, i%9)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (a *asker) log() []string {
	line := []string{"log"}
	target := a.target()
	a.choose(&line)
	a.may(&line, 3, "-n", a.small())
	a.may(&line, 4, "--reverse")
	a.may(&line, 4, "--oneline")
	a.may(&line, 8, "--graph")
	a.may(&line, 8, "--stat")
	a.may(&line, 8, "--grep", oneOf(a.r, []string{"due", "S-1", "^é", "."}))
	a.may(&line, 8, "--author", oneOf(a.r, []string{"ada", "^$", "B.b"}))
	a.may(&line, 6, "--effective-at", a.time())
	return a.formed(line, target)
}

func (a *asker) logChanges() []string {
	line := []string{"log"}
	target := a.target()
	if a.r.IntN(2) == 0 {
		line = append(line, "-p")
		a.fold(&line, true)
		a.arrayKey(&line)
	} else {
		line = append(line, "-S", a.path()+oneOf(a.r, []string{"", "=1", "=38.5", "=paid", "={}"}))
		a.fold(&line, false)
		a.may(&line, 4, "-p")
	}
	a.may(&line, 3, "-n", a.small())
	a.may(&line, 4, "--reverse")
	a.may(&line, 4, "--oneline")
	a.may(&line, 8, "--type", "Set")
	a.may(&line, 8, "--since", a.time())
	return a.formed(line, target)
}

// formed is a line with the form of its answer before its target: what follows is no flag.
func (a *asker) formed(line, target []string) []string {
	a.form(&line)
	if a.r.IntN(4) == 0 || slices.ContainsFunc(target, func(s string) bool { return strings.HasPrefix(s, "-") }) {
		line = append(line, "--")
	}
	return append(line, target...)
}

func (a *asker) show() []string {
	line := []string{"show"}
	a.known(&line)
	a.may(&line, 3, "--commit")
	return a.formed(line, []string{a.event()})
}

func (a *asker) state() []string {
	line := []string{"state"}
	a.fold(&line, true)
	return a.formed(line, []string{a.point()})
}

func (a *asker) at() []string {
	line := []string{"at"}
	a.fold(&line, true)
	return a.formed(line, []string{oneOf(a.r, []string{a.position(), a.time()}), a.point()})
}

func (a *asker) diff() []string {
	line := []string{"diff"}
	a.fold(&line, true)
	a.arrayKey(&line)
	a.may(&line, 8, "--stat")
	a.may(&line, 8, "--name-only")
	a.may(&line, 6, "--json-patch")
	a.may(&line, 8, "--merge-patch")
	a.may(&line, 3, "--exit-code")
	target := []string{a.span()}
	switch a.r.IntN(4) {
	case 0:
		target = []string{a.point(), a.point()}
	case 1:
		target = []string{a.storePoint(), a.storePoint()}
	}
	return a.formed(line, target)
}

func (a *asker) blame() []string {
	line := []string{"blame"}
	a.fold(&line, true)
	a.arrayKey(&line)
	a.may(&line, 4, "--reverse")
	a.may(&line, 6, "--porcelain")
	return a.formed(line, []string{a.point()})
}

// differConditions are expressions for bisect.
var differConditions = []string{
	"state.due < 1", "state.due == 38.5", "has(state.items[0])", `state.city == "paid"`, "before.due != state.due", `event.type == "Set"`, "event.version == 2", `event.actor like "a*"`,
	`event.tags == ["c:7"]`, "state.a.b == null", "!has(state.due)", "state.due + 1 > 2", "event.data.due == 1", "state.", "event.position > 7", `"c:7" in event.tags`, `event.recordedAt > "2026-11-01T11:00:00Z"`,
}

func (a *asker) bisect() []string {
	line := []string{"bisect", "--expr", oneOf(a.r, differConditions)}
	a.fold(&line, false)
	a.arrayKey(&line)
	a.may(&line, 2, "--all")
	a.may(&line, 5, "-n", a.small())
	a.may(&line, 4, "--exit-code")
	target := a.target()
	return a.formed(line, target)
}

// bisectRun is the one line that starts processes.
func (a *asker) bisectRun() []string {
	line := []string{"bisect", "run"}
	a.fold(&line, false)
	a.may(&line, 4, "--no-check")
	a.may(&line, 2, "--json")
	target := []string{a.point()}
	if a.r.IntN(2) == 0 {
		target = []string{a.span()}
	}
	script := oneOf(a.r, []string{
		`test $GESTA_BISECT_POSITION -lt ` + a.position(), `grep -q due; test $? -ne 0`, `exit $((GESTA_BISECT_POSITION % 3 == 0 ? 125 : GESTA_BISECT_POSITION > ` + a.position() + `))`, "true", "exit 126",
	})
	return append(append(append(line, target...), "--"), "sh", "-c", script)
}

func (a *asker) grep() []string {
	line := []string{"grep"}
	a.choose(&line)
	a.may(&line, 3, "-i")
	a.may(&line, 6, "-l")
	a.may(&line, 6, "-c")
	a.may(&line, 3, "-n", a.small())
	a.may(&line, 3, "--in", oneOf(a.r, []string{"data", "metadata", "all", "some"}))
	a.may(&line, 6, "--path", a.path())
	a.may(&line, 4, "--exit-code")
	return a.formed(line, append([]string{oneOf(a.r, []string{"due", "ada", "é", "S-[12]", "^1$", "", "("})}, a.target()...))
}

func (a *asker) shortlog() []string {
	line := []string{"shortlog"}
	a.choose(&line)
	a.may(&line, 1, "--by", oneOf(a.r, []string{"author", "type", "stream", "category", "day", "hour", "actor", "tag"}))
	a.may(&line, 3, "--top", a.small())
	return a.formed(line, a.target())
}

func (a *asker) revParse() []string {
	line := []string{"rev-parse"}
	a.known(&line)
	args := []string{}
	for range 1 + a.r.IntN(3) {
		args = append(args, oneOf(a.r, []string{a.event(), a.span()}))
	}
	return a.formed(line, args)
}

func (a *asker) trace() []string {
	line := []string{"trace"}
	a.known(&line)
	a.may(&line, 3, "--depth", a.small())
	a.may(&line, 6, "--since", a.time())
	a.may(&line, 6, "--until", a.time())
	return a.formed(line, []string{a.event()})
}

func (a *asker) streamList() []string {
	line := []string{"streams"}
	a.known(&line)
	a.may(&line, 3, "--prefix", oneOf(a.r, []string{"order-", "c", "$", "é", "", "-"}))
	a.may(&line, 3, "--after", a.stream())
	a.may(&line, 3, "--limit", a.small())
	return a.formed(line, nil)
}

func (a *asker) types() []string {
	line := []string{"types"}
	a.known(&line)
	return a.formed(line, nil)
}

func (a *asker) stats() []string {
	line := []string{"stats"}
	a.known(&line)
	return a.formed(line, nil)
}

func (a *asker) export() []string { return a.formed([]string{"export", "ndjson"}, nil) }
func (a *asker) check() []string  { return a.formed([]string{"check"}, nil) }

// complete is what a shell asks.
func (a *asker) complete() []string {
	prefix := func(s string) string { // of what is no flag
		s = strings.TrimLeft(s, "-")
		return string([]rune(s)[:a.r.IntN(len([]rune(s))+1)])
	}
	word := oneOf(a.r, []string{
		prefix(a.stream()), a.stream() + "@", a.stream() + "@1..", "tag:" + prefix(oneOf(a.r, differTags)), "stream:" + prefix(a.stream()), `"` + prefix(a.stream()), "",
	})
	switch a.r.IntN(4) {
	case 0:
		return []string{"__complete", oneOf(a.r, []string{"log", "grep", "shortlog"}), "--type", oneOf(a.r, []string{"", "P", "Set,", "With"})}
	case 1:
		return []string{"__complete", "streams", "--prefix", prefix(a.stream())}
	case 2:
		return []string{"__completeNoDesc", "log", "--tag", prefix(oneOf(a.r, differTags))}
	}
	return []string{"__complete", oneOf(a.r, []string{"log", "state", "diff", "blame", "show", "bisect", "rev-parse", "trace"}), word}
}

// shown is a line as a person could type it.
func shown(line []string) string {
	words := make([]string, len(line))
	for i, w := range line {
		if words[i] = w; len(w) > 500 {
			words[i] = w[:500] + "…"
		}
		if w == "" || strings.ContainsAny(w, " \"'*?#~;&|<>()$\\{}") {
			words[i] = fmt.Sprintf("%q", w)
		}
	}
	return "gesta " + strings.Join(words, " ")
}
