package oracle

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// maker makes up the events of streams.
type maker struct {
	dice    *rand.Rand
	streams int
	ids     [][]string // of the events of each stream
	items   [][]string // of the lists in their states, as JSON
}

func newMaker(dice *rand.Rand) *maker {
	const streams = 1000
	return &maker{dice: dice, streams: streams, ids: make([][]string, streams), items: make([][]string, streams)}
}

// one returns one of some texts.
func (m *maker) one(of ...string) string { return of[m.dice.IntN(len(of))] }

// event returns the next event, as append takes it.
func (m *maker) event() []byte {
	s := m.dice.IntN(m.streams)
	id := fmt.Sprintf("%08x-0000-4000-8000-%012x", s, len(m.ids[s]))
	effective, supersedes := "", ""
	if m.dice.IntN(4) == 0 { // some days, in no order
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(m.dice.IntN(30*24)) * time.Hour)
		effective = fmt.Sprintf(`"effectiveAt":%q,`, at.Format(time.RFC3339))
	}
	if n := len(m.ids[s]); n > 0 && m.dice.IntN(6) == 0 {
		supersedes = fmt.Sprintf(`,"supersedes":%q`, m.ids[s][m.dice.IntN(n)])
	}
	m.ids[s] = append(m.ids[s], id)
	return fmt.Appendf(nil, `{"id":%q,"stream":"order-%d","type":%q,%s"data":%s,"metadata":{"actor":%q%s}}`,
		id, s, m.one("Changed", "Corrected", "Paid"), effective, m.data(s), m.one("ada", "bob", "eve"), supersedes)
}

// data returns a merge patch.
func (m *maker) data(s int) string {
	if m.dice.IntN(20) == 0 {
		return m.one(`[1]`, `"text"`, `null`, `7`) // which says nothing
	}
	var members []string
	add := func(name, value string) { members = append(members, fmt.Sprintf("%q:%s", name, value)) }
	if m.dice.IntN(2) == 0 {
		add("due", m.one("38.50", "38.5", "3.85e1", "-1", "0", "-0", "100", "1e2", "null", "9007199254740993", "1e400"))
	}
	if m.dice.IntN(3) == 0 {
		add("note", m.one(`"hello"`, `"\u0068ello"`, `"x/y~z"`, `true`, `false`, `null`, `{}`, `[]`, `{"a/b":{"~":1}}`))
	}
	if m.dice.IntN(3) == 0 {
		add("address", m.one(`{"city":"Oakland"}`, `{"city":"Oakland","zip":{"code":1,"plus":null}}`, `{"city":null}`, `{"zip":null}`, `{"zip":{"plus":4}}`, `null`, `"none"`, `{}`))
	}
	if m.dice.IntN(3) == 0 {
		add("items", m.list(s))
	}
	if m.dice.IntN(10) == 0 {
		add("a.b[0]", m.one("1", "2.0", "2", "null", `{"deep":{"er":[[1],[]]}}`, `{"deep":{"er":null}}`))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// list returns the list of a stream with an element more or less, or another one.
func (m *maker) list(s int) string {
	items := m.items[s]
	at := m.dice.IntN(len(items) + 1)
	element := m.one(`{"sku":"s1","n":1}`, `{"sku":"s1","n":1.0}`, `{"n":2,"sku":"s2"}`, `{"sku":"s3","n":null}`, `7`, `null`, `[]`)
	switch {
	case at == len(items) || m.dice.IntN(3) == 0:
		items = append(append(append([]string{}, items[:at]...), element), items[at:]...)
	case m.dice.IntN(2) == 0:
		items = append(append([]string{}, items[:at]...), items[at+1:]...)
	default:
		items = append([]string{}, items...)
		items[at] = element
	}
	m.items[s] = items
	return "[" + strings.Join(items, ",") + "]"
}
