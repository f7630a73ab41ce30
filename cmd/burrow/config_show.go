package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "The configuration",
		Args:  noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "show",
		Short:   "Print the settings in force, and where each comes from",
		Example: "  burrow config show\n  burrow config show --json",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return a.showConfig() },
	})
	return cmd
}

// setting is one setting in force.
type setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

func (a *app) showConfig() error {
	connection, err := a.connect("", "", "")
	if err != nil {
		return err
	}
	path, err := a.outboxPath()
	if err != nil {
		return err
	}
	origin := func(flag, variable, file string) string {
		switch {
		case flag != "":
			return "flag"
		case variable != "" && a.env(variable) != "":
			return variable
		case file != "":
			return a.conf.path
		}
		return "default"
	}
	credential := setting{"credential", connection.credential.String(), firstOf(connection.from, "default")}
	settings := []setting{
		{"config", firstOf(a.conf.path, "none"), origin(a.flags.config, "BURROW_CONFIG", a.conf.path)},
		{"outbox", path, origin(a.flags.outbox, "BURROW_OUTBOX", a.conf.Outbox)},
		{"host", connection.host, origin(a.flags.host, "BENCHER_HOST", a.conf.Host)},
		credential,
		{"project", firstOf(a.env("BENCHER_PROJECT"), a.conf.Project), origin("", "BENCHER_PROJECT", a.conf.Project)},
		{"branch", firstOf(a.env("BENCHER_BRANCH"), a.conf.Branch), origin("", "BENCHER_BRANCH", a.conf.Branch)},
		{"testbed", firstOf(a.env("BENCHER_TESTBED"), a.conf.Testbed), origin("", "BENCHER_TESTBED", a.conf.Testbed)},
		{"adapter", firstOf(a.env("BENCHER_ADAPTER"), a.conf.Adapter, "magic"), origin("", "BENCHER_ADAPTER", a.conf.Adapter)},
		{"mend", firstOf(a.conf.Mend, "auto"), origin("", "", a.conf.Mend)},
		{"settle", firstOf(a.conf.Settle, "60s"), origin("", "", a.conf.Settle)},
		{"keep-bodies", firstOf(a.conf.KeepBodies, "7d"), origin("", "", a.conf.KeepBodies)},
		{"keep-runs", firstOf(a.conf.KeepRuns, "90d"), origin("", "", a.conf.KeepRuns)},
		{"max-size", firstOf(a.conf.MaxSize, "4GiB"), origin("", "", a.conf.MaxSize)},
		{"log-file", firstOf(a.flags.logFile, a.conf.LogFile), origin(a.flags.logFile, "", a.conf.LogFile)},
		{"log-level", firstOf(a.flags.logLevel, a.conf.LogLevel, "info"), origin(a.flags.logLevel, "", a.conf.LogLevel)},
	}
	settings = append(settings, a.conf.UI.settings(a.conf.path)...)
	if a.flags.json {
		object := map[string]setting{}
		for _, s := range settings {
			object[s.Name] = s
		}
		return errors.Join(a.printJSON(object), a.conf.uiTrouble)
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, s := range settings {
		fmt.Fprintf(w, "%s\t%s\t(%s)\n", s.Name, firstOf(s.Value, "-"), s.From)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return a.conf.uiTrouble
}
