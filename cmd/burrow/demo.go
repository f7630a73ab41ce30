package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"burrow/client"
	"burrow/client/local"
	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "The promise, acted out on the local server",
		Long: `Acts out what burrow is for, on a real server on this machine and with an
outbox of its own, both thrown away afterwards: the server stores a run's report
and drops the connection before its answer arrives; the same bytes go out again;
one report exists.`,
		Example: "  burrow demo",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

// stage is a server and an outbox in a folder of their own.
type stage struct {
	host  string
	store *outbox.Store
	hosts *client.Hosts
	end   func()
}

func (a *app) demo(ctx context.Context) error {
	s, err := a.setStage(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	if terminal(a.out) && terminal(a.in) && !a.flags.json {
		return a.demoUI(ctx, s)
	}
	return a.demoLines(ctx, s)
}

func (a *app) setStage(ctx context.Context) (*stage, error) {
	folder, err := os.MkdirTemp("", "burrow-demo-")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	clean := func() { _ = os.RemoveAll(folder) }
	fault, err := local.ParseFault("lose-response=1")
	if err != nil {
		clean()
		return nil, err
	}
	server, err := local.Open(filepath.Join(folder, "server.db"), local.Options{Faults: []local.Fault{fault}})
	if err != nil {
		clean()
		return nil, fmt.Errorf("demo: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		clean()
		return nil, fmt.Errorf("demo: %w", err)
	}
	store, err := outbox.Open(ctx, filepath.Join(folder, "outbox.db"))
	if err != nil {
		clean()
		return nil, err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = serveUntil(serving, listener, server)
	}()
	s := &stage{
		host: "http://" + listener.Addr().String(), store: store,
		hosts: client.NewHosts(a.agent(), client.Credentials{}, nil),
	}
	s.end = func() {
		s.hosts.Close()
		stop()
		<-ended
		clean()
	}
	return s, nil
}

// demoRun is a benchmark's output, frozen.
func demoRun(host string) (outbox.New, error) {
	id, err := outbox.NewID()
	if err != nil {
		return outbox.New{}, err
	}
	end := time.Now().UTC()
	body, err := client.NewRun{
		Project: "demo", Branch: "main", Testbed: "this-machine", StartTime: end.Add(-3 * time.Second), EndTime: end,
		Settings: &client.Settings{Adapter: "go_bench"},
		Results:  []string{"BenchmarkIndex-2\t 100\t 12.34 ns/op\nBenchmarkIndexByte-2\t 100\t 5.67 ns/op"},
	}.Freeze(id)
	return outbox.New{ID: id, Body: body, Host: host}, err
}

func (a *app) demoLines(ctx context.Context, s *stage) error {
	say := func(format string, args ...any) { fmt.Fprintf(a.out, format+"\n", args...) }
	say("A Bencher-compatible server runs on %s. It will drop its first response.", s.host)
	entry, err := demoRun(s.host)
	if err != nil {
		return err
	}
	r, _, err := s.store.Enqueue(ctx, entry)
	if err != nil {
		return err
	}
	say("Run %s is in the outbox, frozen: %d bytes under the key %s.", shortID(r.ID), r.Bytes, r.Key)
	stop := a.startSender(ctx, &outbox.Sender{Store: s.store, Deliverer: s.hosts, Log: a.log})
	runs, err := a.await(ctx, s.store, s.hosts, []*outbox.Run{r}, 30*time.Second, false)
	if stopped := stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	history, err := s.store.History(context.WithoutCancel(ctx), r.ID)
	if err != nil {
		return err
	}
	for _, t := range history {
		say("Attempt %d: %s (%s) %s", t.Number, t.Outcome, answer(t), detail(t))
	}
	api, err := s.hosts.API(s.host)
	if err != nil {
		return err
	}
	reports, err := api.FindReports(ctx, client.Credential{}, "demo", r.StartTime, r.EndTime)
	if err != nil {
		return err
	}
	say("%s", sentence(runs[0], time.Now()))
	say("The server holds %d report for it.", len(reports))
	return exit(statusCode(runs[0], true))
}

// demoUI acts it out in the terminal UI, until the person quits.
func (a *app) demoUI(ctx context.Context, s *stage) error {
	if a.conf.uiTrouble != nil {
		return a.conf.uiTrouble
	}
	entry, err := demoRun(s.host)
	if err != nil {
		return err
	}
	if _, _, err := s.store.Enqueue(ctx, entry); err != nil {
		return err
	}
	return a.withSender(ctx, s.store, s.hosts, connection{host: s.host})
}
