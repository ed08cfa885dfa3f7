package httpapi

import (
	"encoding/binary"
	"errors"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The kinds of errors in a frame: those that carry facts as a type of package store, and all others, which are a code.
const (
	errorCode = iota
	errorInvalid
	errorTooLarge
	errorConflict
	errorKeyReused
	errorTracking
	errorTruncated
	errorDamaged
	errorUnknown
)

// appendErrorFrame appends the frame of an error.
func appendErrorFrame(dst []byte, err error) []byte {
	var (
		invalid   *store.InvalidError
		large     *store.TooLargeError
		conflict  *store.ConflictError
		reused    *store.KeyReusedError
		tracking  *store.TrackingError
		truncated *store.TruncatedError
		damaged   *store.DamagedError
		unknown   *store.UnknownError
	)
	start := len(dst)
	dst = beginFrame(dst, frameError)
	kind := func(k byte) { dst = appendText(append(dst, k), err.Error()) }
	switch {
	case errors.As(err, &unknown):
		kind(errorUnknown)
		dst = appendText(dst, unknown.Cause.Error())
	case errors.As(err, &conflict):
		kind(errorConflict)
		dst = appendFailures(dst, conflict.Failed)
	case errors.As(err, &reused):
		kind(errorKeyReused)
		dst = binary.AppendUvarint(appendText(dst, reused.Key), uint64(reused.First))
	case errors.As(err, &tracking):
		kind(errorTracking)
		dst = appendText(dst, tracking.Tracking.Source)
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, tracking.Tracking.Position), tracking.Last)
	case errors.As(err, &large):
		kind(errorTooLarge)
		dst = appendText(appendText(dst, large.What), large.Unit)
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(large.Got)), int64(large.Max))
	case errors.As(err, &invalid):
		kind(errorInvalid)
		dst = appendText(dst, invalid.Problem)
	case errors.As(err, &truncated):
		kind(errorTruncated)
		dst = binary.AppendUvarint(dst, uint64(truncated.First))
	case errors.As(err, &damaged):
		kind(errorDamaged)
		dst = binary.AppendVarint(appendText(dst, damaged.File), damaged.Offset)
		dst = appendText(binary.AppendUvarint(dst, uint64(damaged.Position)), damaged.Problem)
	default:
		d := eventjson.Describe(err)
		dst = appendText(append(dst, errorCode), d.Message)
		dst = appendText(appendText(dst, string(d.Code)), d.Hint)
		dst = appendText(binary.AppendUvarint(dst, uint64(d.Position)), d.Stream)
	}
	return endFrame(dst, start)
}

// remoteError is an error that a server told of: what it said, and what it is.
type remoteError struct {
	message string
	err     error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.err }

// decodeError returns the error in a frame, or the error of reading it.
func decodeError(p []byte) error {
	d := decoder{b: p}
	kind, message := d.byte(), d.text()
	var err error
	switch kind {
	case errorCode:
		err = &eventjson.Error{
			Message: message, Code: eventjson.Code(d.text()), Hint: d.text(), Position: d.position(), Stream: d.text(),
		}
	case errorInvalid:
		err = &store.InvalidError{Problem: d.text()}
	case errorTooLarge:
		err = &store.TooLargeError{What: d.text(), Unit: d.text(), Got: int(d.varint()), Max: int(d.varint())}
	case errorConflict:
		err = &store.ConflictError{Failed: d.failures()}
	case errorKeyReused:
		err = &store.KeyReusedError{Key: d.text(), First: d.position()}
	case errorTracking:
		err = &store.TrackingError{Tracking: store.Tracking{Source: d.text(), Position: d.uvarint()}, Last: d.uvarint()}
	case errorTruncated:
		err = &store.TruncatedError{First: d.position()}
	case errorDamaged:
		err = &store.DamagedError{File: d.text(), Offset: d.varint(), Position: d.position(), Problem: d.text()}
	case errorUnknown:
		err = &store.UnknownError{Cause: errors.New(d.text())}
	default:
		d.fail("an error has the kind %d", kind)
	}
	if bad := d.end(); bad != nil {
		return bad
	}
	if err.Error() != message {
		return &remoteError{message: message, err: err}
	}
	return err
}

// maxConflictBytes bounds the events that an answer to a conflict carries; what is left out is read by those who need it.
const maxConflictBytes = 16 << 20

// bounded returns err with no more events of a conflict than an answer can carry.
func bounded(err error) error {
	conflict, ok := errors.AsType[*store.ConflictError](err)
	if !ok {
		return err
	}
	left := maxConflictBytes
	var failed []store.GuardFailure
	for i, f := range conflict.Failed {
		for j := range f.Events {
			if left -= store.EventBytes(&f.Events[j].Event); left < 0 {
				if failed == nil {
					failed = append(failed, conflict.Failed...)
				}
				failed[i].Events, failed[i].Complete = f.Events[:j], false
				break
			}
		}
	}
	if failed == nil {
		return err
	}
	return &remoteError{message: err.Error(), err: &store.ConflictError{Failed: failed}}
}

func appendFailures(dst []byte, failed []store.GuardFailure) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(failed)))
	for i := range failed {
		f := &failed[i]
		start := len(dst)
		var err error
		if dst, err = appendGuard(dst, f.Guard); err != nil { // the store answers with guards that it was given
			dst = append(dst[:start], guardStreamExists, 0)
		}
		dst = binary.AppendUvarint(dst, f.ActualVersion)
		dst = appendFlag(dst, f.Complete)
		var b batch
		for j := range f.Events {
			b.add(&f.Events[j])
		}
		packed := b.appendTo(nil)
		dst = append(binary.AppendUvarint(dst, uint64(len(packed))), packed...)
	}
	return dst
}

// leastFailure is the fewest bytes of a failed guard.
const leastFailure = 8

func (d *decoder) failures() []store.GuardFailure {
	n := d.length("failed guards", leastFailure)
	if n == 0 {
		return nil
	}
	out := make([]store.GuardFailure, n)
	for i := range out {
		f := &out[i]
		f.Guard, f.ActualVersion, f.Complete = d.guard(), d.uvarint(), d.flag()
		events := decoder{b: append([]byte{}, d.take(d.uvarint())...)} // the frame is not the caller's
		if d.err != nil {
			return nil
		}
		err := events.unbatch(func(r *store.Recorded) bool {
			f.Events = append(f.Events, *r)
			return len(f.Events) <= store.MaxConflictEvents
		})
		if err != nil {
			d.fail("events of a conflict: %s", err)
			return nil
		}
	}
	return out
}
