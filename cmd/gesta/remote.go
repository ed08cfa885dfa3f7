package main

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/open"
)

// isRemote says whether a URL is that of a server.
func isRemote(address string) bool {
	return strings.HasPrefix(address, "http:") || strings.HasPrefix(address, "https:")
}

// hostAndPort is what somebody writes who means a server, and forgets the scheme.
var hostAndPort = regexp.MustCompile(`^[A-Za-z0-9.-]+:[0-9]{1,5}$`)

// hungUp adds a hint where a server ended the connection without an answer, as one does that waits for TLS.
func hungUp(address string, err error) error {
	if known, ok := errors.AsType[*eventjson.Error](err); ok && known.Hint == "" && strings.HasPrefix(address, "http:") && strings.HasSuffix(known.Message, ": EOF") {
		told := *known
		told.Hint = "it ended the connection without an answer: where the server has a certificate, its URL begins with https://"
		return &told
	}
	return err
}

// introduced adds what a server knows this command line by, and what this command line knows the server by, where the URL is that of one.
// Both come from the environment: a command line is seen by everyone on the machine.
func (e *env) introduced(address string, o *open.Options) (err error) {
	if !isRemote(address) {
		return nil
	}
	o.Token = strings.TrimSpace(e.getenv("GESTA_TOKEN"))
	if path := e.getenv("GESTA_TOKEN_FILE"); path != "" && o.Token == "" {
		if o.Token, err = e.secretFile("token", path); err != nil {
			return err
		}
	}
	if strings.ContainsFunc(o.Token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return usagef("the token has characters that no token has")
	}
	if o.Token != "" && !confidential(address) {
		return usageHint("use https://", "a token is not sent in clear text to another machine")
	}
	o.TLS, err = e.clientTLS()
	return err
}

// clientTLS returns how https is spoken: which certificates are trusted and, to a server that knows its users by them, which one is shown. It is nil where the environment says neither.
func (e *env) clientTLS() (*tls.Config, error) {
	trusted, cert, key := e.getenv("GESTA_CA_FILE"), e.getenv("GESTA_CERT_FILE"), e.getenv("GESTA_KEY_FILE")
	if trusted == "" && cert == "" && key == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if trusted != "" {
		pool, err := e.certificates(trusted)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	switch {
	case cert != "" && key != "":
		pair, err := e.pair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	case cert != "":
		return nil, usagef("GESTA_CERT_FILE names a certificate: GESTA_KEY_FILE must name its key")
	case key != "":
		return nil, usagef("GESTA_KEY_FILE names a key: GESTA_CERT_FILE must name its certificate")
	}
	return config, nil
}

// pair reads a certificate and its key.
func (e *env) pair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := readSmall(e.abs(certFile), maxCertificate)
	if err != nil {
		return tls.Certificate{}, pathFailed("read certificate", err)
	}
	key, err := readSmall(e.abs(keyFile), maxCertificate)
	if err != nil {
		return tls.Certificate{}, pathFailed("read key", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, usagef("%s and %s are no certificate and its key in PEM form: %s", certFile, keyFile, err)
	}
	return pair, nil
}

// maxCertificate bounds a file with a certificate, or a chain of them, or a key, in bytes.
const maxCertificate = 1 << 20

// confidential says whether nobody on the way to a server can read what is sent.
func confidential(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "https" {
		return err == nil
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// refuseSecret refuses the URL of a server with a secret in it, and does not repeat it.
func refuseSecret(address string) error {
	if u, err := url.Parse(address); isRemote(address) && (err != nil || u.User != nil) {
		return usageHint("GESTA_TOKEN, or the file that GESTA_TOKEN_FILE names, has the token",
			"the URL of a server is http://HOST:PORT or https://HOST:PORT, with neither user nor password")
	}
	return nil
}
