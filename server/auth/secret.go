package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that appears nowhere but where [Secret.Reveal] is called: formatted, logged or encoded it is "[secret]". The zero value is the empty text.
type Secret struct {
	// The text lies in a function because fmt prints fields that are not exported without asking for their methods, and follows pointers for a verb that does not
	// fit: of a function it never prints more than where it is.
	text func() string
}

const redacted = "[secret]"

// NewSecret keeps a text.
func NewSecret(text string) Secret { return Secret{text: func() string { return text }} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// String does not return the text.
func (Secret) String() string { return redacted }

// GoString does not return the text.
func (Secret) GoString() string { return redacted }

// Format does not write the text, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue does not return the text.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText does not return the text.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
