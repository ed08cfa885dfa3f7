package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificates are the files of a listener's TLS, read again when they change: a certificate that was renewed is shown to whoever connects
// from then on, without a restart. Files that cannot be read, or do not belong together, leave what was there in use.
type certificates struct {
	cert, key, clientCA string
	log                 *slog.Logger

	mu      sync.Mutex // guards what follows
	looked  time.Time
	stamps  [3]stamp
	current *tls.Config
}

// stamp is what tells that a file was written.
type stamp struct {
	modified time.Time
	size     int64
}

// lookAgain is how old an answer may be about whether the files changed.
const lookAgain = time.Second

// newTLS returns the configuration of a listener that shows the certificate of these files. clientCA may be empty: then
// nobody is asked for a certificate. Otherwise one that is shown must be valid, and none is fine.
func newTLS(cert, key, clientCA string, log *slog.Logger) (*tls.Config, error) {
	c := &certificates{cert: cert, key: key, clientCA: clientCA, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.get(), nil },
	}, nil
}

// protocols are those of ALPN, the preferred one first.
var protocols = []string{"http/1.1", "h2"}

// get returns the configuration that the files say.
func (c *certificates) get() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now().Sub(c.looked) < lookAgain {
		return c.current
	}
	c.looked = now()
	if c.stamp() != c.stamps {
		if err := c.load(); err != nil {
			c.log.Error("the certificate changed and cannot be used; the one before it stays", "error", err)
		} else {
			c.log.Info("the certificate changed", "file", c.cert)
		}
	}
	return c.current
}

// stamp looks at the files.
func (c *certificates) stamp() (out [3]stamp) {
	for i, name := range []string{c.cert, c.key, c.clientCA} {
		if info, err := os.Stat(name); name != "" && err == nil {
			out[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return out
}

// load reads the files. The caller holds mu, or is the only one.
func (c *certificates) load() error {
	stamps := c.stamp()
	c.stamps = stamps // also of files that are wrong: they are told of once
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("load certificate %s and key %s: %w", c.cert, c.key, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols, Certificates: []tls.Certificate{pair}}
	if c.clientCA != "" {
		pem, err := os.ReadFile(c.clientCA)
		if err != nil {
			return fmt.Errorf("read client CA: %w", err)
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read client CA %s: %w", c.clientCA, errNoCertificate)
		}
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	c.current = config
	return nil
}

var errNoCertificate = errors.New("it has no certificate in PEM form")

// verified returns the certificate that a client showed and that was verified; nil for none.
func verified(state *tls.ConnectionState) *x509.Certificate {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return nil
	}
	return state.PeerCertificates[0]
}
