package auth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server/auth"
)

func TestSecrets(t *testing.T) {
	const text = "hunter2hunter2"
	s := auth.NewSecret(text)
	type holder struct {
		Shown  auth.Secret
		hidden auth.Secret
		point  *auth.Secret
	}
	h := holder{s, s, &s}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("secret", "s", s, "h", h, "p", &s)
	}
	log.Write(must(json.Marshal(h)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%c"} {
		fmt.Fprintf(&log, verb+" "+verb+" "+verb+"\n", s, h, &h)
	}
	for _, leak := range []string{text, "68756e746572", "68, 75", "104 117"} {
		if strings.Contains(strings.ToLower(log.String()), leak) {
			t.Errorf("%q is in\n%s", leak, log.String())
		}
	}
	if s.Reveal() != text || (auth.Secret{}).Reveal() != "" {
		t.Error("a secret does not say what it holds to who asks")
	}
}
