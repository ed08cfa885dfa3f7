package server

import "time"

// now is the clock of deadlines and durations.
var now = time.Now //nolint:forbidigo // connections know no clock but the system's
