package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"burrow/client"
	"burrow/outbox"
	"burrow/tui"

	"github.com/spf13/cobra"
)

type verifyFlags struct {
	repair, yes bool
	request     requestFlags
}

func (a *app) verifyCommand() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [ID...]",
		Short: "Are the acknowledged reports still on their servers, whole?",
		Long: `Reads the report of each acknowledged run again. A server can lose one that it
acknowledged (it syncs its disk less than burrow does), or somebody deletes it.
With --repair, what is gone is sent again under the same key, after asking: the
deletion may have been meant.

Exit status: 0 all there, 4 some not, 3 a server could not be asked.`,
		Example: "  burrow verify\n  burrow verify --repair 7b31a9c3",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), &flags, args) },
	}
	f := cmd.Flags()
	f.BoolVar(&flags.repair, "repair", false, "send again what is gone, after asking")
	f.BoolVarP(&flags.yes, "yes", "y", false, "don't ask")
	f.StringVar(&flags.request.wait, "wait", "", "with --repair: wait so `LONG` for the acknowledgment")
	f.StringVar(&flags.request.key, "key", "", "the API `KEY` (BENCHER_API_KEY)")
	f.StringVar(&flags.request.token, "token", "", "the API `TOKEN` (BENCHER_API_TOKEN)")
	flags.request.format = "human"
	return cmd
}

func (a *app) verify(ctx context.Context, f *verifyFlags, ids []string) error {
	wait, err := a.waitFlag(&f.request)
	if err != nil {
		return err
	}
	_, store, hosts, err := a.open(ctx, f.request.key, f.request.token)
	if err != nil {
		return err
	}
	runs, err := a.chosen(ctx, store, ids, outbox.Sent, outbox.Deduplicated)
	if err != nil {
		return err
	}
	host, err := a.namedHost()
	if err != nil {
		return err
	}
	if len(ids) == 0 && host != "" {
		runs = slices.DeleteFunc(runs, func(r *outbox.Run) bool { return r.Host != host })
	}
	var lost []outbox.Verification
	var codes []int // of what no repair brings back
	for _, r := range runs {
		v, err := store.Verify(ctx, hosts, r.ID)
		if err != nil {
			return err
		}
		if err := a.tellVerification(v); err != nil {
			return err
		}
		switch {
		case v.State.Repairable():
			lost = append(lost, v)
		case v.State == outbox.VerifiedNot:
			codes = append(codes, exitPending)
		case v.State != outbox.VerifiedWhole:
			codes = append(codes, exitRefused)
		}
	}
	if len(runs) == 0 {
		a.notice("Nothing is acknowledged yet: there is nothing to verify.")
	}
	if len(lost) > 0 {
		code, err := exitRefused, error(nil)
		if f.repair {
			code, err = a.repair(ctx, store, hosts, lost, f, wait)
		}
		if err != nil {
			return err
		}
		codes = append(codes, code)
	}
	return exit(worst(codes))
}

func (a *app) tellVerification(v outbox.Verification) error {
	if a.flags.json {
		return a.printJSON(map[string]any{"run": v.Run.ID, "report": v.Run.Report.UUID, "state": v.State, "message": v.Message})
	}
	text := string(v.State)
	if v.Message != "" {
		text += ": " + client.Plain(v.Message, 160)
	}
	_, err := fmt.Fprintf(a.out, "%s  run %s  report %s  %s\n", tui.Sign(v.Run.Status), shortID(v.Run.ID), v.Run.Report.UUID, text)
	return err
}

// repair sends again what is gone, if the person agrees, and returns the exit
// status of that.
func (a *app) repair(ctx context.Context, store *outbox.Store, hosts *client.Hosts, lost []outbox.Verification, f *verifyFlags, wait time.Duration) (int, error) {
	if !f.yes {
		if !terminal(a.in) || !terminal(a.err) {
			a.warn("--repair asks before it sends again, since a deletion may have been meant: add --yes where nobody can answer")
			return exitRefused, nil
		}
		if answer := a.ask(fmt.Sprintf("Send %s again, under the same key? [y/N] ", counted(len(lost), "run"))); answer != "y" && answer != "yes" {
			return exitRefused, nil
		}
	}
	var runs []*outbox.Run
	for _, v := range lost {
		run, err := store.Repair(ctx, v.Run.ID)
		if err != nil {
			return 0, err
		}
		runs = append(runs, run)
	}
	err := a.deliver(ctx, store, hosts, f.request.delivery(runs, wait))
	var coded *exitError
	if errors.As(err, &coded) && coded.err == nil {
		return coded.code, nil
	}
	return exitOK, err
}
