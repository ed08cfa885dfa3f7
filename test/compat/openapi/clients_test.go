package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
)

// counts is what a program says when it is done.
type counts struct {
	Cut        int    `json:"cut"` // answers that did not come to their end
	Duplicates int    `json:"duplicates"`
	Billed     int    `json:"billed"`
	CaughtUp   int    `json:"caughtUp"`
	Began      uint64 `json:"began"`
	Pages      int    `json:"pages"`
	Read       int    `json:"read"`
	Refused    string `json:"refused"`
}

// orders is how many orders there are to be billed; a program is killed when it has billed a third of them.
const orders = 90

// TestClients runs the program of each language.
func TestClients(t *testing.T) {
	t.Parallel()
	for name, generate := range map[string]func(*testing.T, []byte) []string{"python": generatePython, "typescript": generateTypeScript} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url, token := serve(t)
			command := generate(t, describe(t, url))
			cutter, at := newCutter(t, url, 7)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			command = append(command, at, token)

			order(t, s, 1, orders/2)
			first := start(ctx, t, command)
			first.waitForBills(ctx, t, s, orders/3)
			_ = first.cmd.Process.Kill()
			<-first.ended
			second := start(ctx, t, command)
			for n := orders / 2; n < orders*2/3; n++ { // now orders come while it waits for them
				second.waitForBills(ctx, t, s, n)
				order(t, s, n+1, n+1)
			}
			order(t, s, orders*2/3+1, orders)
			commit(t, s, store.Event{Stream: "order-closed", Type: "OrdersClosed"})
			if <-second.ended; second.err != nil {
				t.Fatalf("%v\n%s", second.err, second.stderr.String())
			}
			var got counts
			if err := json.Unmarshal(second.stdout.Bytes(), &got); err != nil {
				t.Fatalf("%v in %q", err, second.stdout.String())
			}
			t.Logf("%+v; %d connections were cut", got, cutter.cuts())
			checkBills(t, s)
			switch {
			case got.Began < orders/3:
				t.Errorf("it began again at %d, and not where the first one was when it was killed", got.Began)
			case got.Cut == 0 || got.Duplicates == 0:
				t.Errorf("%d answers were cut off, %d appends repeated: nothing was tried", got.Cut, got.Duplicates)
			case got.CaughtUp == 0:
				t.Error("it was never told that it has caught up")
			case got.Read != orders || got.Pages != (orders+2)/3:
				t.Errorf("it read %d bills on %d pages", got.Read, got.Pages)
			case got.Refused != "conflict 1 Billed":
				t.Errorf("a second bill: %s", got.Refused)
			}
		})
	}
}

// serve serves a new store on disk, and returns where, with the token of a user who may append everything.
func serve(t *testing.T) (s store.Store, url, token string) {
	t.Helper()
	s, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	system := memory.New(memory.Options{})
	users, err := auth.OpenUsers(t.Context(), system, auth.UsersOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := users.Add(t.Context(), "test", auth.User{Name: "billing", Role: auth.Append}); err != nil {
		t.Fatal(err)
	}
	_, secret, err := users.CreateToken(t.Context(), "test", auth.NewToken{User: "billing"})
	if err != nil {
		t.Fatal(err)
	}
	serving, err := server.New(t.Context(), server.Options{Store: s, System: system, Listeners: []server.Listener{{Address: "127.0.0.1:0"}}, DrainTime: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context())) // the clients end first
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() { done <- serving.Serve(ctx, func() error { close(ready); return nil }) }()
	<-ready
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, opened := range []store.Store{s, system} {
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s, serving.URLs()[0], secret.Reveal()
}

// describe asks a server for its description.
func describe(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/openapi.json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	doc, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", answer.StatusCode, err)
	}
	return doc
}

// order appends the orders of these numbers.
func order(t *testing.T, s store.Store, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		commit(t, s, store.Event{Stream: fmt.Sprintf("order-%d", n), Type: "OrderPlaced", Data: fmt.Appendf(nil, `{"total":%d.50}`, n)})
	}
}

func commit(t *testing.T, s store.Store, e store.Event) {
	t.Helper()
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
		t.Fatal(err)
	}
}

// process is a program that bills.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{} // closed when it is over; the rest is to be read after that
	err            error
}

func start(ctx context.Context, t *testing.T, command []string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(ctx, command[0], command[1:]...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may be over
		<-p.ended
	})
	return p
}

// waitForBills waits until there are so many bills.
func (p *process) waitForBills(ctx context.Context, t *testing.T, s store.Store, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	for _, err := range s.Read(ctx, store.Query{{Category: "bill"}}, store.ReadOptions{Follow: true, Limit: n}) {
		if err != nil {
			cancel()
			_ = p.cmd.Process.Kill()
			<-p.ended
			t.Fatalf("%v before there were %d bills; the program: %v\n%s", err, n, p.err, p.stderr.String())
		}
	}
}

// checkBills sees that each order was billed once, in order, by the user, and that the tracking is that of the last one.
func checkBills(t *testing.T, s store.Store) {
	t.Helper()
	n := 0
	for e, err := range s.Read(t.Context(), store.Query{{Category: "bill"}}, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		var data struct {
			Order uint64  `json:"order"`
			Total float64 `json:"total"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		if e.Stream != fmt.Sprintf("bill-%d", n) || e.Version != 1 || data.Total != float64(n)+0.5 || !strings.Contains(string(e.Metadata), `"actor":"billing"`) {
			t.Errorf("bill %d is %s@%d with %s by %s", n, e.Stream, e.Version, e.Data, e.Metadata)
		}
	}
	if n != orders {
		t.Errorf("there are %d bills of %d orders", n, orders)
	}
}
