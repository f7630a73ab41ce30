package client

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// certificate is a self-signed one for a name, valid until then.
func certificate(t *testing.T, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// secure serves over TLS with that certificate.
func secure(t *testing.T, c tls.Certificate) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{c}} //nolint:gosec // a test's
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// raw serves each connection by hand.
func raw(t *testing.T, serve func(net.Conn, *bufio.Reader)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn, bufio.NewReader(conn))
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-ended
	})
	return "http://" + listener.Addr().String()
}

// replying reads a request whole and writes these bytes.
func replying(text string, end func(net.Conn)) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, reader *bufio.Reader) {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		_, _ = io.WriteString(conn, text)
		if end != nil {
			end(conn)
		}
	}
}

func reset(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }

// TestEveryWayThatTheWireFails makes one attempt at each, and looks at what it
// is taken for.
func TestEveryWayThatTheWireFails(t *testing.T) {
	const tooEarly = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
	head := "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
	apiError := `{"request_id":"r","message":"` + strings.Repeat("Report conflict ", 5000) + `"}`
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for _, test := range []struct {
		name    string
		host    string
		outcome Outcome
		cause   Cause
		scope   Scope
		message string
	}{
		{"no such name", "http://nowhere.invalid", Unavailable, CauseNone, ScopeHost, "nowhere.invalid"},
		{"refused", "http://127.0.0.1:1", Unavailable, CauseNone, ScopeHost, "connection refused"},
		{"unknown root", secure(t, certificate(t, "127.0.0.1", time.Now().Add(time.Hour))), Unavailable, CauseNone, ScopeHost, "signed by unknown authority"},
		{"expired", secure(t, certificate(t, "127.0.0.1", time.Now().Add(-time.Hour))), Unavailable, CauseNone, ScopeHost, "certificate has expired"},
		{"wrong host", secure(t, certificate(t, "other.example", time.Now().Add(time.Hour))), Unavailable, CauseNone, ScopeHost, "cannot validate certificate for 127.0.0.1"},
		{"reset in the answer", raw(t, replying(head+"{", reset)), Unknown, CauseNone, ScopeRun, "no whole answer"},
		{"cut in the answer", raw(t, replying(head+"{", nil)), Unknown, CauseNone, ScopeRun, "no whole answer"},
		{"cut in the head", raw(t, replying("HTTP/1.1 201 Cre", nil)), Unknown, CauseNone, ScopeRun, "no whole answer"},
		{"no HTTP", raw(t, replying("SSH-2.0-OpenSSH\r\n", nil)), Unknown, CauseNone, ScopeRun, "no whole answer"},
		{"no JSON", raw(t, replying("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nOK", nil)), Unknown, CauseNone, ScopeRun, "201 without a report"},
		{"an early hint, then cut", raw(t, replying(tooEarly+"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n", nil)), Unknown, CauseNone, ScopeRun, "no whole answer"},
		{"an early hint, then a refusal", raw(t, replying(tooEarly+"HTTP/1.1 400 Bad\r\nContent-Length: 33\r\n\r\n"+`{"request_id":"r","message":"no"}`, nil)), Refused, CauseNone, ScopeRun, "no"},
		{"a page", raw(t, replying("HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", nil)), Unknown, CauseNone, ScopeRun, "not from a Bencher server"},
		{"a portal", raw(t, replying("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", nil)), Unknown, CauseNone, ScopeRun, "200 without a report"},
		{"elsewhere", raw(t, replying("HTTP/1.1 307 Temporary Redirect\r\nLocation: "+other.URL+"/v0/run\r\nContent-Length: 0\r\n\r\n", nil)), Unknown, CauseProxy, ScopeHost, "not followed"},
		{"another protocol", raw(t, func(conn net.Conn, reader *bufio.Reader) {
			replying("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", nil)(conn, reader)
			_, _ = io.Copy(io.Discard, conn) // held until the client leaves
		}), Unknown, CauseProxy, ScopeHost, "101"},
		{"an error of 80 kB", raw(t, replying(fmt.Sprintf("HTTP/1.1 409 Conflict\r\nContent-Length: %d\r\n\r\n%s", len(apiError), apiError), nil)), Unknown, CauseConflict, ScopeRun, "Report conflict"},
		{"an error without an end", raw(t, func(conn net.Conn, reader *bufio.Reader) {
			replying("HTTP/1.1 400 Bad\r\n\r\n", nil)(conn, reader)
			for {
				if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}), Unknown, CauseProxy, ScopeHost, "400"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api, err := NewAPI(test.host, "burrow/test", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer api.Close()
			x := api.PostRun(t.Context(), NewCredential("bencher_user_abcdefghijklmnopqrstuvwxyz0123"), []byte(`{"project":"demo"}`))
			v := Classify(x, Expectation{})
			if v.Outcome != test.outcome || v.Cause != test.cause || v.Scope != test.scope {
				t.Errorf("%s (%s, %s), want %s (%s, %s): %s", v.Outcome, v.Cause, v.Scope, test.outcome, test.cause, test.scope, v.Message)
			}
			if !strings.Contains(v.Message, test.message) || len(v.Message) > 4*messageLimit || v.Message != Plain(v.Message, 0) {
				t.Errorf("message %q, want one with %q", v.Message, test.message)
			}
			if len(x.Body) > maxError {
				t.Errorf("%d bytes were kept", len(x.Body))
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestConnectionsAreKeptAndHeadersSent(t *testing.T) {
	var connections atomic.Int32
	var last atomic.Pointer[http.Request]
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		last.Store(r.Clone(context.Background()))
		fmt.Fprint(w, "{}")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	api, err := NewAPI(server.URL, "burrow/9", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	for range 20 {
		api.PostRun(t.Context(), NewCredential("bencher_user_abcdefghijklmnopqrstuvwxyz0123"), []byte("{}"))
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls", n)
	}
	header := last.Load().Header
	for name, want := range map[string]string{
		"User-Agent": "burrow/9", "Api-Version": APIVersion, "Content-Type": "application/json",
		"Authorization": "Bearer bencher_user_abcdefghijklmnopqrstuvwxyz0123",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Dialing's choices are taken: HTTP/2 where the server has it, no check of the
// certificate where that is asked for, a certificate of the client's own.
func TestDialing(t *testing.T) {
	var proto, client atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		name := ""
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		client.Store(name)
		fmt.Fprint(w, `{"version":"0.6.12"}`)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} //nolint:gosec // a test's
	server.StartTLS()
	t.Cleanup(server.Close)
	own := certificate(t, "me", time.Now().Add(time.Hour))
	for _, dialing := range []Dialing{{}, {Insecure: true}, {Insecure: true, Certificate: &own}} {
		hosts := NewHosts("burrow/test", Credentials{}, nil)
		hosts.Dial(server.URL, dialing)
		_, err := hosts.Ping(t.Context(), server.URL)
		hosts.Close()
		if (err == nil) != dialing.Insecure {
			t.Errorf("insecure %v: %v", dialing.Insecure, err)
		}
		if err != nil {
			continue
		}
		if got := proto.Load(); got != "HTTP/2.0" {
			t.Errorf("spoke %v", got)
		}
		if got := client.Load(); (got == "me") != (dialing.Certificate != nil) {
			t.Errorf("the client is %q", got)
		}
	}
}
