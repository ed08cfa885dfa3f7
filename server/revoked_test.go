package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
)

// held is a server whose only user holds a request open.
type held struct {
	served  store.Store
	address string
	users   *auth.Users // beside those of the server
	token   string
	id      string // of the token
}

func newHeld(t *testing.T) *held {
	t.Helper()
	system := newStore(t)
	users, err := auth.OpenUsers(t.Context(), system, auth.UsersOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := users.Add(t.Context(), "test", auth.User{Name: "ada", Role: auth.Admin}); err != nil {
		t.Fatal(err)
	}
	info, secret, err := users.CreateToken(t.Context(), "test", auth.NewToken{User: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	h := &held{served: newStore(t), users: users, token: secret.Reveal(), id: info.ID}
	s, _ := serve(t, server.Options{Store: h.served, System: system, DrainTime: 100 * time.Millisecond})
	h.address = s.URLs()[0]
	return h
}

// send sends a request whose body is what is written into out. It ends by itself where the server does not end it, which is then an error.
func (h *held) send(t *testing.T, method, path string, length int64) (out io.WriteCloser, answered <-chan reply) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	in, out := io.Pipe()
	t.Cleanup(func() { _ = out.Close() })
	context.AfterFunc(ctx, func() { _ = in.CloseWithError(ctx.Err()) })
	r, err := http.NewRequestWithContext(ctx, method, h.address+path, in)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = length
	r.Header.Set("Content-Type", "application/x-ndjson")
	r.Header.Set("Authorization", "Bearer "+h.token)
	answers := make(chan reply, 1)
	go func() {
		answer, err := http.DefaultClient.Do(r) //nolint:bodyclose // who gets it closes it
		answers <- reply{answer, err}
	}()
	return out, answers
}

type reply struct {
	*http.Response
	err error
}

// lines returns the lines of the answer.
func (r reply) lines(t *testing.T) *bufio.Reader {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() { _ = r.Body.Close() })
	return bufio.NewReader(r.Body)
}

// TestStreamsOfAppendsEndWithTheirRights takes the token away of who holds a stream of appends open, of a length that is said or not.
func TestStreamsOfAppendsEndWithTheirRights(t *testing.T) {
	for name, length := range map[string]int64{"in chunks": -1, "of a length": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			h := newHeld(t)
			out, answered := h.send(t, http.MethodPost, "/v1/append", length)
			if _, err := io.WriteString(out, `{"type":"T"}`+"\n"); err != nil {
				t.Fatal(err)
			}
			lines := (<-answered).lines(t)
			if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"ok":true`) {
				t.Fatalf("%q, %v", line, err)
			}
			if err := h.users.RevokeToken(t.Context(), "test", h.id); err != nil {
				t.Fatal(err)
			}
			if text := rest(t, lines); !strings.Contains(text, `"code":"unavailable"`) {
				t.Errorf("the stream ends with %q; want an error of the code unavailable", text)
			}
			_, _ = io.WriteString(out, `{"type":"T"}`+"\n")
			if n := head(t, h.served); n != 1 {
				t.Errorf("there are %d events; want 1", n)
			}
		})
	}
}

// TestRestoringEndsWithItsRights takes the token away of who sends commits to restore.
func TestRestoringEndsWithItsRights(t *testing.T) {
	h := newHeld(t)
	out, answered := h.send(t, http.MethodPost, "/v1/restore", -1)
	text := `{"export":{"format":1,"store":"0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11","head":9}}` + "\n"
	for p := range 3 {
		text += fmt.Sprintf(`{"position":%d,"commit":%[1]d,"type":"T","recordedAt":"2026-11-01T10:06:00Z"}`, p+1) + "\n"
	}
	if _, err := io.WriteString(out, text); err != nil {
		t.Fatal(err)
	}
	within(t, "a commit is restored", func() bool { return head(t, h.served) > 0 })
	if err := h.users.RevokeToken(t.Context(), "test", h.id); err != nil {
		t.Fatal(err)
	}
	answer := <-answered
	if answer.err != nil {
		t.Fatal(answer.err)
	}
	if code, body := status(t, answer.Response); code != http.StatusServiceUnavailable {
		t.Errorf("restoring ends with %d %s", code, body)
	}
}

// TestLastUser takes the last user away while the server runs: nobody is let in then, rather than everyone.
func TestLastUser(t *testing.T) {
	h := newHeld(t)
	if _, err := h.served.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}}}); err != nil {
		t.Fatal(err)
	}
	out, answered := h.send(t, http.MethodGet, "/v1/read?query=[]&follow=true", 0)
	_ = out.Close()
	lines := (<-answered).lines(t)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"position":1`) {
		t.Fatalf("%q, %v", line, err)
	}
	if err := h.users.Remove(t.Context(), "test", "ada"); err != nil {
		t.Fatal(err)
	}
	if text := rest(t, lines); !strings.Contains(text, `"code":"unauthenticated"`) { // the server knows by now
		t.Errorf("the read ends with %q; want an error of the code unauthenticated", text)
	}
	for _, token := range []string{"", h.token} {
		if got := requestAs(t, h.address, "GET /v1/head", "", token); got != "unauthenticated" {
			t.Errorf("head with the token %q is answered %q", token, got)
		}
	}
}
