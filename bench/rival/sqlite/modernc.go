package sqlite

import (
	"database/sql/driver"

	modernc "modernc.org/sqlite"
)

// moderncDriver returns the driver that is SQLite in Go.
func moderncDriver() driver.Driver { return &modernc.Driver{} }
