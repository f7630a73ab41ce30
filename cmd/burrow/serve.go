package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"burrow/client/local"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
)

type serveFlags struct {
	address, data string
	faults, keys  []string
}

func (a *app) serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "The local Bencher-compatible server, over HTTP",
		Long: `Serves the built-in Bencher-compatible server over HTTP, with faults to order.
It trusts whoever can reach it: any well-formed key is taken unless --key names
those that are.

Faults (N: the first N run requests; left out: all; taken in order):
  lose-response[=N]      commit, then drop the connection
  refuse[=N]             drop it before reading
  status=CODE[:N]        answer with that status
  throttle=SECONDS[:N]   429 with Retry-After
  throttle-bare[=N]      429 without it, the interval in the message
  latency=DURATION       answer late
  slow-commit=DURATION[:N]  the report's row at once, its results later
  truncate[=N]           commit, then half a response
  incomplete[=N]         create the report, then 500 without its results
  partial=K[:N]          the same with K iterations
  race[=N]               create, then the 409 of a key in use
  html[=N]               a proxy's 502 page
  no-keys                ignore idempotency keys, as before 0.6.1
  skew=DURATION          the server's clock
  forget                 lose acknowledged reports at restart`,
		Example: "  burrow serve --fault lose-response=1\n  burrow serve --addr 127.0.0.1:0 --data ./server",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.address, "addr", "127.0.0.1:6610", "listen on this `ADDRESS`")
	f.StringVar(&flags.data, "data", "", "keep the reports in this `FOLDER`")
	f.StringArrayVar(&flags.faults, "fault", nil, "a `FAULT`; repeatable")
	f.StringArrayVar(&flags.keys, "key", nil, "a user `KEY` that is taken; repeatable (default: any well-formed one)")
	return cmd
}

func (a *app) serve(ctx context.Context, f serveFlags) error {
	options := local.Options{Log: a.logRequest}
	for _, spec := range f.faults {
		fault, err := local.ParseFault(spec)
		if err != nil {
			return usage("--fault: %w", err)
		}
		options.Faults = append(options.Faults, fault)
	}
	for i, key := range f.keys {
		if options.Keys == nil {
			options.Keys = map[string]string{}
		}
		options.Keys[key] = fmt.Sprintf("User %d", i+1)
	}
	path, err := localData(f.data)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.address)
	if err != nil {
		return fmt.Errorf("serving on %s: %w: choose another address with --addr", f.address, err)
	}
	options.Console = "http://" + listener.Addr().String() + "/"
	server, err := local.Open(path, options)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	fmt.Fprintf(a.out, "Serving on http://%s, reports in %s\n", listener.Addr(), path)
	return serveUntil(ctx, listener, server)
}

// stopWait is how long a server that is told to stop waits for its handlers.
const stopWait = 5 * time.Second

// serveUntil serves until the context ends, then lets handlers finish.
func serveUntil(ctx context.Context, listener net.Listener, server *local.Server) error {
	front := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second, ErrorLog: nil}
	ended := make(chan error, 1)
	go func() { ended <- front.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	err := front.Shutdown(last)
	if closed := server.Close(last); err == nil {
		err = closed
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func (a *app) logRequest(e local.Event) {
	fault := ""
	if e.Fault != "" {
		fault = "  fault " + e.Fault
	}
	status := fmt.Sprint(e.Status)
	if e.Status == 0 {
		status = "dropped"
	}
	a.notice("%s %s %s  %s in %s%s", time.Now().Format("15:04:05.000"), e.Method, e.Path, status, e.Took.Round(time.Millisecond), fault)
}

// localData is the file in which the built-in server keeps its reports.
func localData(folder string) (string, error) {
	if folder != "" {
		return filepath.Join(folder, "local.db"), nil
	}
	path, err := xdg.DataFile("burrow/local.db")
	if err != nil {
		return "", fmt.Errorf("no place for the built-in server's reports: %w: name a folder with --data", err)
	}
	return path, nil
}

// builtIn serves the host local in this process. The server's file is made
// when the first request comes: who sends elsewhere gets none.
type builtIn struct {
	open func() (*local.Server, error)
}

func (b builtIn) RoundTrip(r *http.Request) (*http.Response, error) {
	server, err := b.open()
	if err != nil {
		return nil, err
	}
	return server.Transport().RoundTrip(r)
}

func (a *app) localTransport() (http.RoundTripper, error) {
	path, err := localData(a.env("BURROW_LOCAL_DATA"))
	if err != nil {
		return nil, err
	}
	return builtIn{sync.OnceValues(func() (*local.Server, error) {
		server, err := local.Open(path, local.Options{})
		if err != nil {
			return nil, fmt.Errorf("the built-in server: %w", err)
		}
		a.done = append(a.done, func() {
			ctx, cancel := context.WithTimeout(context.Background(), stopWait)
			defer cancel()
			_ = server.Close(ctx)
		})
		return server, nil
	})}, nil
}
