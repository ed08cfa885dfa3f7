package projection

import (
	"fmt"
	"time"
)

// Options configure a [Runner]. The zero value works.
type Options struct {
	// BatchEvents is how many events one transaction applies at the most. Defaults to 1,000.
	BatchEvents int

	// BatchBytes is how many bytes of data and metadata end a batch. Defaults to 4 MiB.
	BatchBytes int

	// BatchTime is how long a batch waits for more while the reader is behind the head, and how long its handlers may take before it is committed. It lies well below
	// Lease. Defaults to 1 s.
	BatchTime time.Duration

	// Quiet is when the checkpoint moves at the latest where nothing matches. Defaults to 500 ms.
	Quiet time.Duration

	// Lease is how long another process waits for one that has stopped without a word; no single handler may take longer. Defaults to 15 s.
	Lease time.Duration

	// Poll is how often the target is asked for what another process does: whether a lease is free, how far the projection is. Defaults to 100 ms.
	Poll time.Duration

	// BackoffMin and BackoffMax bound the wait before something transient is tried again, which doubles each time. Default to 10 ms and 5 s.
	BackoffMin, BackoffMax time.Duration

	// Holder names this runner to others. A runner takes the lease over from an earlier one of the same name, and need not wait until it ends: give it to a process that
	// is one of its kind, and begins after the one before was killed. Two that run at once take the lease from each other again and again if they have the same name. Defaults to a name
	// of its own.
	Holder string
}

func (o Options) withDefaults() (Options, error) {
	if err := setDefault("BatchEvents", &o.BatchEvents, 1000); err != nil {
		return o, err
	}
	if err := setDefault("BatchBytes", &o.BatchBytes, 4<<20); err != nil {
		return o, err
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		or    time.Duration
	}{
		{"BatchTime", &o.BatchTime, time.Second},
		{"Quiet", &o.Quiet, 500 * time.Millisecond},
		{"Lease", &o.Lease, 15 * time.Second},
		{"Poll", &o.Poll, 100 * time.Millisecond},
		{"BackoffMin", &o.BackoffMin, 10 * time.Millisecond},
		{"BackoffMax", &o.BackoffMax, 5 * time.Second},
	} {
		if err := setDefault(d.name, d.value, d.or); err != nil {
			return o, err
		}
	}
	return o, nil
}

func setDefault[T ~int | ~int64](name string, value *T, or T) error {
	switch {
	case *value < 0:
		return fmt.Errorf("option %s is below 0", name)
	case *value == 0:
		*value = or
	}
	return nil
}
