package main

import (
	"context"

	"burrow/outbox"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

func (a *app) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Give the disk back what the outbox's file no longer needs",
		Long: `Copies the outbox into a file without free pages, checks it, and puts it in the
old one's place. Other burrow processes wait meanwhile. Burrow does this by
itself when it is idle and over a quarter and over 64 MiB of the file is free.`,
		Example: "  burrow compact",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := a.store(cmd.Context())
			if err != nil {
				return err
			}
			return a.compact(cmd.Context(), store)
		},
	}
}

func (a *app) compact(ctx context.Context, store *outbox.Store) error {
	before, after, err := store.Compact(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(map[string]any{"bytes_before": before.File, "bytes": after.File})
	}
	a.notice("Compacted: %s before, %s now.", mebibytes(before.File), mebibytes(after.File))
	return nil
}

func mebibytes(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }
