package auth

import (
	"fmt"

	"github.com/gestadb/gesta/store"
)

// Role says what kind of thing may be done. Each includes those below it; the zero value is none.
type Role uint8

// The roles.
const (
	Read    Role = 1 + iota // read events
	Append                  // append events
	Operate                 // check, erase, and append on behalf of others
	Admin                   // everything, system streams and users included
)

var roleNames = [...]string{"", "read", "append", "operate", "admin"}

// ParseRole reads the name of a role. An error is [store.ErrInvalid].
func ParseRole(name string) (Role, error) {
	for r := Read; r <= Admin; r++ {
		if roleNames[r] == name {
			return r, nil
		}
	}
	return 0, invalidf("there is no role %q: the roles are read, append, operate, admin", clip(name))
}

// String returns the name of the role, empty for none.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

func invalidf(format string, args ...any) error {
	return &store.InvalidError{Problem: fmt.Sprintf(format, args...)}
}

// clip shortens what a stranger sent so that it fits into an error.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
