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
	Line     int // in the source of the rule, from 1; 0 where there is none
	Err      error
}

func (e *EventError) Error() string {
	line := ""
	if e.Line > 0 {
		line = fmt.Sprintf(", line %d of the reducer", e.Line)
	}
	return fmt.Sprintf("%s at position %d%s: %v", e.Type, e.Position, line, e.Err)
}

func (e *EventError) Unwrap() error { return e.Err }
