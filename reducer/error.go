package reducer

import (
	"fmt"

	"github.com/gestadb/gesta/store"
)

// EventError says which event a rule failed on: what it says of the event is not a state, or took too long or too much.
type EventError struct {
	Position store.Position
	Stream   string
	Type     string
	File     string // the source of the rule; empty where it is not known
	Line     int    // in it, from 1; 0 where there is none
	Err      error
}

func (e *EventError) Error() string {
	at := ""
	switch {
	case e.File != "" && e.Line > 0:
		at = fmt.Sprintf(", %s:%d", e.File, e.Line)
	case e.File != "":
		at = ", " + e.File
	case e.Line > 0:
		at = fmt.Sprintf(", line %d of the reducer", e.Line)
	}
	return fmt.Sprintf("%s at position %d%s: %v", e.Type, e.Position, at, e.Err)
}

func (e *EventError) Unwrap() error { return e.Err }
