package javascript

import (
	"slices"
	"strconv"

	"github.com/dop251/goja"
)

// members are those of an object in the order in which they were added.
type members struct {
	list   []member
	places map[string]int // by name; nil while they are few enough to look through
	dead   int            // how many of list were removed
	ints   int            // how many have the name of an index: JavaScript has these first, by their numbers
	maxInt uint64         // no name of an index is above it
}

// member is one of them; its value is nil once it was removed.
type member struct {
	name  string
	value goja.Value
}

const fewMembers = 8

func (m *members) find(name string) int {
	if m.places == nil {
		return slices.IndexFunc(m.list, func(e member) bool { return e.name == name && e.value != nil })
	}
	if i, ok := m.places[name]; ok {
		return i
	}
	return -1
}

func (m *members) len() int { return len(m.list) - m.dead }

func (m *members) get(name string) goja.Value {
	if i := m.find(name); i >= 0 {
		return m.list[i].value
	}
	return nil
}

func (m *members) set(name string, v goja.Value) {
	if i := m.find(name); i >= 0 {
		m.list[i].value = v
		return
	}
	m.list = append(m.list, member{name, v})
	if n, ok := asIndex(name); ok {
		m.ints++
		m.maxInt = max(m.maxInt, n)
	}
	switch {
	case m.places != nil:
		m.places[name] = len(m.list) - 1
	case len(m.list) > fewMembers:
		m.pack()
	}
}

func (m *members) remove(name string) {
	i := m.find(name)
	if i < 0 {
		return
	}
	m.list[i].value = nil
	m.dead++
	if _, ok := asIndex(name); ok {
		m.ints--
	}
	delete(m.places, name)
	if m.dead > fewMembers && m.dead > len(m.list)/2 {
		m.pack()
	}
}

// pack forgets what was removed.
func (m *members) pack() {
	m.list = slices.DeleteFunc(m.list, func(e member) bool { return e.value == nil })
	m.dead, m.places = 0, nil
	if len(m.list) <= fewMembers {
		return
	}
	m.places = make(map[string]int, len(m.list))
	for i := range m.list {
		m.places[m.list[i].name] = i
	}
}

// names returns those of the members in JavaScript's order: indexes by number, then the others as they were added.
func (m *members) names() []string {
	out := make([]string, 0, m.len())
	for i := range m.list {
		if m.list[i].value != nil {
			out = append(out, m.list[i].name)
		}
	}
	if m.ints > 0 {
		slices.SortStableFunc(out, compareNames)
	}
	return out
}

// compareNames has indexes before all other names, by number.
func compareNames(a, b string) int {
	x, xIs := asIndex(a)
	y, yIs := asIndex(b)
	switch {
	case xIs && yIs:
		if x < y {
			return -1
		}
		return 1
	case xIs:
		return -1
	case yIs:
		return 1
	}
	return 0
}

// asIndex reads the name of a member that JavaScript takes for the index of a list.
func asIndex(name string) (uint64, bool) {
	if name == "" || name[0] > '9' || name[0] < '0' || len(name) > 10 || name[0] == '0' && len(name) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(name, 10, 64)
	return n, err == nil && n < 1<<32-1
}
