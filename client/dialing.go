package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Bounds on getting to a server.
const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 60 * time.Second // from the request's end to the answer's head
)

// Dialing says how a host is reached. Its zero value is what most need: proxies
// from the environment, the system's roots.
type Dialing struct {
	ConnectTimeout time.Duration    // of the connection and of its TLS handshake; 0: 10 s
	Insecure       bool             // don't check an HTTPS host's certificate
	Certificate    *tls.Certificate // this client's own, for hosts that ask for one
}

// transport is a new one over the network.
func (d Dialing) transport() *http.Transport {
	connect := dialTimeout
	if d.ConnectTimeout > 0 {
		connect = d.ConnectTimeout
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connect}).DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4, // the outbox's bound on connections
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   connect,
		ResponseHeaderTimeout: answerTimeout,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: d.Insecure}, //nolint:gosec // asked for by --insecure-host
	}
	if d.Certificate != nil {
		t.TLSClientConfig.Certificates = []tls.Certificate{*d.Certificate}
	}
	return t
}
