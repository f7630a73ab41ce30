package main

import (
	"crypto/tls"
	"fmt"

	"burrow/client"
)

// dialing is how the connection's host is reached. A client certificate that
// can't be read is found before a benchmark runs.
func (a *app) dialing() (d client.Dialing, err error) {
	d.Insecure = a.flags.insecureHost
	if path := a.env("SSL_CLIENT_CERT"); path != "" {
		certificate, err := tls.LoadX509KeyPair(path, path)
		if err != nil {
			return d, fmt.Errorf("SSL_CLIENT_CERT: a PEM file with a certificate and its key is needed: %w", err)
		}
		d.Certificate = &certificate
	}
	return d, nil
}
