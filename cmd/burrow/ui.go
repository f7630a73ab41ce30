package main

import (
	"context"
	"sync/atomic"

	"burrow/client"
	"burrow/outbox"
	"burrow/tui"

	"github.com/spf13/cobra"
)

func (a *app) uiCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "tui",
		Short:   "The terminal UI, which also delivers (burrow alone does the same)",
		Example: "  burrow",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.openUI(cmd.Context()) },
	}
}

func (a *app) openUI(ctx context.Context) error {
	if !terminal(a.in) || !terminal(a.out) {
		return usage("%w", errNoTerminal)
	}
	connection, store, hosts, err := a.open(ctx, "", "")
	if err != nil {
		return err
	}
	if err := store.Hasten(ctx, nil); err != nil {
		return err
	}
	return a.withSender(ctx, store, hosts, connection.host)
}

// withSender shows the UI with a sender beside it.
func (a *app) withSender(ctx context.Context, store *outbox.Store, hosts *client.Hosts, host string) error {
	sender := &outbox.Sender{Store: store, Deliverer: hosts, Policy: a.policy(), Log: a.log, Retention: a.retention(), Measuring: a.quiet().Measuring}
	sending, cancel := context.WithCancel(ctx)
	defer cancel()
	var ended atomic.Pointer[error]
	done := make(chan error, 1)
	go func() {
		err := sender.Run(sending)
		ended.Store(&err)
		done <- err
	}()
	err := tui.Run(ctx, tui.Options{
		Store: store, Host: host, Ping: hosts.Ping, NoColor: a.flags.color == "never",
		Delivery: func() tui.Delivery {
			if err := ended.Load(); err != nil && *err != nil {
				return tui.Delivery{Why: (*err).Error()}
			}
			return tui.Delivery{On: true, Quiet: a.quiet().Measuring()}
		},
		Input: a.in, Output: a.out,
	})
	cancel()
	if sent := <-done; err == nil {
		err = sent
	}
	return err
}
