package outbox_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"burrow/client"
	"burrow/outbox"
)

// TestStages holds the numbers of bytes above to a real exchange: a cut that
// fell behind its end would test nothing.
func TestStages(t *testing.T) {
	w := wired(t)
	store, err := outbox.Open(t.Context(), filepath.Join(t.TempDir(), "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	run := wireRun(t, store, w.host)
	body, err := store.Body(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	var request, answer counter
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return counted{conn, &request, &answer}, err
	}}
	api, err := client.NewAPI(w.host, "burrow/test", transport)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	x := api.PostRun(t.Context(), client.Credential{}, body)
	if x.Status != http.StatusCreated || x.Err != nil {
		t.Fatalf("%d %v", x.Status, x.Err)
	}
	asked, got := int(request.Load()), int(answer.Load())
	for _, stage := range []struct {
		name            string
		cut, head, full int
	}{
		{"request's body", requestBody, asked - len(body), asked},
		{"answer's body", answerBody, got - len(x.Body), got},
		{"answer's last tenth", answerLate, got * 9 / 10, got},
	} {
		if stage.cut <= stage.head || stage.cut >= stage.full {
			t.Errorf("%d is not within the %s, from %d to %d", stage.cut, stage.name, stage.head, stage.full)
		}
	}
}

type counter = atomic.Int64

// counted counts a connection's bytes.
type counted struct {
	net.Conn
	written, read *counter
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}
