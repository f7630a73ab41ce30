package main

import (
	"context"

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
	_ = ctx
	return errNoTerminal
}
