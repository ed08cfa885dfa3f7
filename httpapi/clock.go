package httpapi

import "time"

// now is the clock of deadlines and patience.
var now = time.Now //nolint:forbidigo // connections know no clock but the system's
