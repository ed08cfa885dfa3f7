package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const importUmaDBHelp = `Copy a running UmaDB, or anything that serves its protocol. URL is http://HOST:PORT, or https:// (grpcs:// is the same) for TLS.

Each event becomes a commit with the key import:NAME:N, where NAME is --name, or HOST:PORT, and N its position in UmaDB. Type, tags,
data and uuid stay what they are, the events have no stream, and metadata entries are kept as gesta's own UmaDB service keeps them: a client
of UmaDB that reads from gesta afterwards (gesta serve) gets the same entries. Beside them the metadata say where an event comes from
("import": store, position). UmaDB knows no times: the events are recorded now.

Into an empty store the events come with the positions that they have in UmaDB, which has no holes; the summary says whether they do.

What an append to UmaDB tracked becomes the tracking of its last event, the others come without. Where a store cannot take it, because the
source was tracked beyond it or its name or position is none in gesta, it stays in the metadata ("import": tracking). What was tracked without
events cannot be read, and is not taken.

UmaDB is copied up to the head that it has at the start. An import can be interrupted, and run again for what has come since; it adds nothing
twice. An event that gesta does not take stops the import, with those before it taken in; --skip-bad N leaves up to N of them out and names
each, and the positions behind it then change.`

// umadbFlags are the flags of gesta import umadb.
type umadbFlags struct {
	name, keyFile, ca string
	skipBad           int
}

func newImportUmaDBCommand(e *env) *cobra.Command {
	var o umadbFlags
	cmd := &cobra.Command{
		Use:   "umadb URL",
		Short: "Copy a running UmaDB",
		Long:  importUmaDBHelp,
		Example: "  gesta import umadb http://127.0.0.1:50051\n" +
			"  gesta import umadb https://uma.example.org:50051 \\\n      --api-key-file key.txt --ca ca.pem",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.skipBad < 0 {
				return usagef("--skip-bad %d is below 0", o.skipBad)
			}
			client, target, err := e.umadbClient(args[0], &o)
			if err != nil {
				return err
			}
			if o.name == "" {
				o.name = target
			}
			return errors.Join(e.importUmaDB(cmd.Context(), client, args[0], &o), client.Close())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "the NAME of commit keys (default HOST:PORT)")
	f.StringVar(&o.keyFile, "api-key-file", "", "a `FILE` with the API key to send; it needs TLS")
	f.StringVar(&o.ca, "ca", "", "a `FILE` of certificates, in PEM form, that the server's is signed with (default those of the system)")
	f.IntVar(&o.skipBad, "skip-bad", 0, "leave up to `N` events out that gesta does not take")
	return cmd
}

// umadbClient returns a client of the server at a URL, and its host and port.
func (e *env) umadbClient(address string, o *umadbFlags) (*umadb.Client, string, error) {
	target, secure, err := umadbTarget(address)
	if err != nil {
		return nil, "", err
	}
	co := umadb.ClientOptions{Target: target}
	if secure {
		co.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.ca != "" {
		if !secure {
			return nil, "", usagef("--ca is for TLS: write https://%s", target)
		}
		if co.TLS.RootCAs, err = e.certificates(o.ca); err != nil {
			return nil, "", err
		}
	}
	if o.keyFile != "" {
		if !secure {
			return nil, "", usagef("an API key is not sent in clear text: write https://%s, where the server speaks TLS", target)
		}
		if co.APIKey, err = e.secretFile("API key", o.keyFile); err != nil {
			return nil, "", err
		}
	}
	client, err := umadb.NewClient(co)
	return client, target, err
}

// umadbTarget reads the URL of a server.
func umadbTarget(address string) (target string, secure bool, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false, usageHint("write http://HOST:PORT, or https://HOST:PORT for TLS", "this is no URL of an UmaDB server")
	}
	switch u.Scheme {
	case "http", "grpc":
	case "https", "grpcs":
		secure = true
	default:
		return "", false, usageHint("write http://HOST:PORT, or https://HOST:PORT for TLS", "%q is no scheme of UmaDB", u.Scheme)
	}
	port := u.Port()
	if port == "" {
		port = "50051"
	}
	return net.JoinHostPort(u.Hostname(), port), secure, nil
}

// certificates reads certificates to trust.
func (e *env) certificates(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(e.abs(path))
	if err != nil {
		return nil, pathFailed("read certificates", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usagef("%s has no certificate in PEM form", path)
	}
	return pool, nil
}

// maxSecret bounds a file with a secret, in bytes.
const maxSecret = 8 << 10

// secretFile reads a secret, which errors call what, from a file, without the white space around it.
func (e *env) secretFile(what, path string) (_ string, err error) {
	f, err := os.Open(e.abs(path))
	if err != nil {
		return "", pathFailed("read "+what, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", pathFailed("read "+what, err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || len(text) > maxSecret {
		return "", usagef("%s has no %s: it is empty, or longer than %d bytes", path, what, maxSecret)
	}
	return secret, nil
}

// importUmaDB copies what a server has into the store of this command line.
func (e *env) importUmaDB(ctx context.Context, client *umadb.Client, address string, o *umadbFlags) (err error) {
	s, err := e.openWriter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return e.copyUmaDB(ctx, s, client, address, o)
}

// copyUmaDB copies what a server has into a store, and says what it did.
func (e *env) copyUmaDB(ctx context.Context, s store.Store, client *umadb.Client, address string, o *umadbFlags) error {
	bars := e.newProgress()
	defer bars.close()
	im := &umadbImporter{
		e: e, store: s, client: client, name: o.name, skipBad: o.skipBad, bars: bars,
		doc: umadbDocument{Source: address, Name: o.name},
	}
	runErr := im.run(ctx)
	bars.close()
	if runErr != nil && ctx.Err() == nil {
		return umadbFailed(runErr)
	}
	if err := e.printSummary(context.WithoutCancel(ctx), s, &im.doc, im.doc.text); err != nil {
		return err
	}
	return ctx.Err()
}

// dialled is how gRPC tells that it could not connect.
var dialled = regexp.MustCompile(`^(.*)connection error: desc = "transport: (?:Error while dialing: |authentication handshake failed: )?(.*)"$`)

// umadbFailed says what to do about a server that refuses.
func umadbFailed(err error) error {
	d := eventjson.Describe(err)
	if d.Code == eventjson.CodeUnauthenticated && d.Hint == "" {
		d.Hint = "UmaDB wants its API key: give --api-key-file FILE"
		return &d
	}
	if m := dialled.FindStringSubmatch(d.Message); m != nil {
		d.Message = "import from UmaDB: " + m[1] + "the server cannot be reached: " + m[2]
		if strings.Contains(m[2], "first record does not look like a TLS handshake") {
			d.Hint = "what answers there has no certificate: write http://"
		}
		return &d
	}
	return fmt.Errorf("import from UmaDB: %w", err)
}
