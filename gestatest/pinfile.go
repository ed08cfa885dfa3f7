package gestatest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/store"
)

const pinsHead = `# What folds make of a history that was made up: see gestatest.Pin. GESTA_UPDATE=1 brings this file up to date.
# A history stays as it is once it is here. A state changes together with the version of its fold.
`

// pin is what is kept of a fold: a history, and what it amounted to.
type pin struct {
	name    string
	version uint32
	events  []store.Event // with type, version of the schema, tags, content type and data
	state   []string
}

// parsePins reads the lines of a golden file.
func parsePins(lines []string) ([]pin, error) {
	var out []pin
	for _, line := range lines {
		line = strings.TrimPrefix(line, "\t")
		word, rest, _ := strings.Cut(line, " ")
		if word == "fold" {
			p := pin{}
			if err := decodeLine(rest, &p.name, &p.version); err != nil {
				return nil, fmt.Errorf("read %q: %w", line, err)
			}
			if findPin(out, p.name) != nil {
				return nil, fmt.Errorf("fold %q is there twice", p.name)
			}
			out = append(out, p)
			continue
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%q belongs to no fold", line)
		}
		last := &out[len(out)-1]
		e, err := store.Event{}, error(nil)
		switch {
		case word == "event":
			var data json.RawMessage
			err = decodeLine(rest, &e.Type, &e.SchemaVersion, &e.Tags, &data)
			e.Data = data
			last.events = append(last.events, e)
		case word == "bytes":
			err = decodeLine(rest, &e.Type, &e.SchemaVersion, &e.Tags, &e.ContentType, &e.Data)
			last.events = append(last.events, e)
		case strings.HasPrefix(line, "state"):
			last.state = append(last.state, line)
		default:
			err = errors.New("it is none of fold, event, bytes, state")
		}
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", line, err)
		}
	}
	return out, nil
}

// decodeLine reads JSON values with blanks between.
func decodeLine(line string, into ...any) error {
	d := json.NewDecoder(strings.NewReader(line))
	for _, v := range into {
		if err := d.Decode(v); err != nil {
			return err
		}
	}
	if d.More() {
		return errors.New("there is more in the line than belongs there")
	}
	return nil
}

// formatPins is the inverse of parsePins.
func formatPins(pins []pin) (string, error) {
	var b strings.Builder
	b.WriteString(pinsHead)
	for i := range pins {
		p := &pins[i]
		fmt.Fprintf(&b, "\nfold %s %d\n", strconv.Quote(p.name), p.version)
		for j := range p.events {
			line, err := formatEvent(&p.events[j])
			if err != nil {
				return "", err
			}
			b.WriteString("\t" + line + "\n")
		}
		for _, s := range p.state {
			b.WriteString("\t" + s + "\n")
		}
	}
	return b.String(), nil
}

// formatEvent returns the line of an event: readable when its data is JSON.
func formatEvent(e *store.Event) (string, error) {
	values := []any{e.Type, e.SchemaVersion, append([]string{}, e.Tags...)}
	word := "event"
	if e.ContentType == "" && json.Valid(e.Data) && !bytes.ContainsAny(e.Data, "\n\r") {
		values = append(values, json.RawMessage(e.Data))
	} else {
		word = "bytes"
		values = append(values, e.ContentType, e.Data)
	}
	for _, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return "", fmt.Errorf("write an event of type %q: %w", e.Type, err)
		}
		word += " " + string(text)
	}
	return word, nil
}

func findPin(pins []pin, name string) *pin {
	for i := range pins {
		if pins[i].name == name {
			return &pins[i]
		}
	}
	return nil
}
