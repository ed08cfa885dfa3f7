package open

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// lockWait is how long a writer waits for another opener unless told otherwise: longer than a reader holds the lock to
// recover what a crash left, short enough that a person does not wonder.
const lockWait = 2 * time.Second

func openDisk(_ context.Context, dir string, o Options) (store.Store, error) {
	do := diskOptions(o)
	open := disk.Open
	if o.Reader && !o.NoRecovery {
		open = disk.OpenReader
	}
	s, err := open(dir, do)
	if err != nil {
		return nil, notFound(dir, err)
	}
	return s, nil
}

func checkDisk(ctx context.Context, dir string, o Options, c store.CheckOptions) (store.CheckReport, error) {
	report, err := disk.Check(ctx, dir, diskOptions(o), c)
	return report, notFound(dir, err)
}

func diskOptions(o Options) disk.Options {
	do := disk.Options{
		ReadOnly: o.Reader && o.NoRecovery, MustExist: o.MustExist || o.Reader, LockWait: o.LockWait, Clock: o.Clock,
	}
	if o.NoSync {
		do.Sync = disk.SyncNever
	}
	if do.LockWait == 0 {
		do.LockWait = lockWait
	}
	return do
}

// notFound makes [store.ErrNotFound] of an error that says that there is no store in dir.
func notFound(dir string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, statErr := os.Stat(dir); statErr == nil {
		return fmt.Errorf("%w: there is no store in %s", store.ErrNotFound, dir)
	}
	return fmt.Errorf("%w: there is no directory %s", store.ErrNotFound, dir)
}
