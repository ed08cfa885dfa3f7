package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxUserNameBytes bounds the name of a user: it stands in the metadata of each of their events.
const MaxUserNameBytes = 512

// validateUserName returns an [store.ErrInvalid] for a name that no user may have: empty or long, not UTF-8, with spaces, control characters or what is not
// seen, or with a colon, which ends a name where name and password are sent together. A URI has its colon, and so no password: it is the name of a certificate.
func validateUserName(name string) error {
	unseen := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }
	switch {
	case name == "" || len(name) > MaxUserNameBytes:
		return invalidf("the name of a user has 1 to %d bytes, this one %d", MaxUserNameBytes, len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unseen):
		return invalidf("the name of a user has no spaces or characters that are not seen: %q", clip(name))
	case strings.Contains(name, ":") && !strings.Contains(name, "://"):
		return invalidf("the name of a user has no colon unless it is a URI: %q", clip(name))
	}
	return nil
}
