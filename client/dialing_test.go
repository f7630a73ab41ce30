package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// secureServer answers the version over TLS, with a certificate that no system
// trusts; with asks it wants one of the client too.
func secureServer(t *testing.T, asks bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"version":"0.6.12"}`))
	}))
	if asks {
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestOnlyTheNamedHostIsDialledOtherwise: what --insecure-host and a client
// certificate say holds for the host that they were given with.
func TestOnlyTheNamedHostIsDialledOtherwise(t *testing.T) {
	plain, mutual, other := secureServer(t, false), secureServer(t, true), secureServer(t, false)
	own := plain.TLS.Certificates[0] // any will do: the server takes all
	for name, c := range map[string]struct {
		dialled, asked string
		dialing        Dialing
		reached        bool
	}{
		"as always":                     {dialled: plain.URL, asked: plain.URL},
		"insecure":                      {dialled: plain.URL, asked: plain.URL, dialing: Dialing{Insecure: true}, reached: true},
		"another host is checked still": {dialled: plain.URL, asked: other.URL, dialing: Dialing{Insecure: true}},
		"no certificate to show":        {dialled: mutual.URL, asked: mutual.URL, dialing: Dialing{Insecure: true}},
		"a certificate to show":         {dialled: mutual.URL, asked: mutual.URL, dialing: Dialing{Insecure: true, Certificate: &own}, reached: true},
	} {
		t.Run(name, func(t *testing.T) {
			hosts := NewHosts("burrow/test", Credentials{}, nil)
			defer hosts.Close()
			hosts.Dial(c.dialled, c.dialing)
			_, err := hosts.Ping(context.Background(), c.asked)
			if reached := err == nil; reached != c.reached {
				t.Errorf("reached %v, want %v: %v", reached, c.reached, err)
			}
			var untrusted *tls.CertificateVerificationError
			if !c.dialing.Insecure && !errors.As(err, &untrusted) {
				t.Errorf("not for its certificate: %v", err)
			}
		})
	}
}

// TestTheConnectTimeoutIsOfTheHandshakeToo: a server that takes the connection
// and says nothing is given up by it, long before the bound of a whole call.
func TestTheConnectTimeoutIsOfTheHandshakeToo(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host := "https://" + silent.Addr().String()
	hosts := NewHosts("burrow/test", Credentials{}, nil)
	defer hosts.Close()
	hosts.Dial(host, Dialing{ConnectTimeout: 50 * time.Millisecond})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = hosts.Ping(ctx, host)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || ctx.Err() != nil {
		t.Errorf("given up for another reason: %v", err)
	}
}
