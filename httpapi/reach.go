package httpapi

import (
	"crypto/tls"
	"errors"
	"syscall"
)

// reachHint says what to do about an error of the way to a server, or nothing where the error says it all.
func reachHint(err error) string {
	var untrusted *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &untrusted):
		return "gesta trusts whom the system trusts, and the certificates in the file that GESTA_CA_FILE names"
	case errors.As(err, &plain):
		return "what answers there has no certificate: its URL begins with http://"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there; gesta serve starts a server"
	}
	return ""
}
