package umadb_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/test/compat/rig"
)

const key = "secret"

// authenticate refuses a call without the key.
func authenticate(ctx context.Context) error {
	if md, _ := metadata.FromIncomingContext(ctx); strings.Join(md.Get("authorization"), " ") == "Bearer "+key {
		return nil
	}
	return umadb.Error(ctx, eventjson.CodeUnauthenticated, "missing or invalid API key")
}

// keyed are the interceptors of a server with a key.
var keyed = []grpc.ServerOption{
	grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, call grpc.UnaryHandler) (any, error) {
		if err := authenticate(ctx); err != nil {
			return nil, err
		}
		return call(ctx, req)
	}),
	grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, call grpc.StreamHandler) error {
		if err := authenticate(stream.Context()); err != nil {
			return err
		}
		return call(srv, stream)
	}),
}

// TestUnauthenticated calls servers with a key without one.
func TestUnauthenticated(t *testing.T) {
	env := official(t)
	theirs, ours := rig.UmaDB(t, env, "--api-key", key), startGesta(t, backends["memory"], keyed...)
	a, b := dial(t, theirs), dial(t, ours)
	for _, method := range []string{appendMethod, readMethod, subscribeMethod, headMethod, trackingMethod} {
		want, got := call(t, a, method, nil), call(t, b, method, nil)
		if d := cmp.Diff(want, got); d != "" || got.Code == "" {
			t.Errorf("%s (-real +ours):\n%s", method, d)
		}
	}
	if want, got := headError(t, env, theirs), headError(t, env, ours); want != got || !strings.HasPrefix(got, "AuthenticationError") {
		t.Errorf("the client says %q of the real server, %q of ours", want, got)
	}
}

// headError returns the error that the official client makes of a call.
func headError(t *testing.T, env rig.Env, addr string) string {
	t.Helper()
	const script = `
import sys, umadb
try:
    print(umadb.Client(sys.argv[1]).head())
except Exception as error:
    print(type(error).__name__, error)
`
	out, err := exec.CommandContext(t.Context(), env.Program("python"), "-c", script, "http://"+addr).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}
