package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/gestadb/gesta/history"
)

// spill returns a temporary file that is gone when the command ends, however it does where the system lets a file go before it is closed.
func (e *env) spill() (history.Spill, error) {
	f, err := os.CreateTemp("", "gesta-spill-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	removed := runtime.GOOS != "windows"
	e.atEnd = append(e.atEnd, func() error {
		err := f.Close()
		if !removed {
			err = errors.Join(err, os.Remove(f.Name()))
		}
		return err
	})
	if removed {
		err = os.Remove(f.Name())
	}
	return f, err
}
