package store

import "bytes"

// Repeats says whether events are a repeat of the recorded ones, as promise 5 of [Store] has it: equal number, streams,
// types, tags and data, in order. An erased payload equals anything.
func Repeats(events []Event, recorded []Recorded) bool {
	if len(events) != len(recorded) {
		return false
	}
	for i := range events {
		if !repeats(&events[i], &recorded[i]) {
			return false
		}
	}
	return true
}

func repeats(e *Event, r *Recorded) bool {
	if e.Stream != r.Stream || e.Type != r.Type || len(e.Tags) != len(r.Tags) {
		return false
	}
	for i := range e.Tags {
		if e.Tags[i] != r.Tags[i] {
			return false
		}
	}
	return r.Erased != 0 || bytes.Equal(e.Data, r.Data)
}
