package main

import (
	"fmt"
	"runtime/debug"

	"burrow/client"

	"github.com/spf13/cobra"
)

// version is burrow's own.
const version = "0.1.0"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  burrow version",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			commit := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						commit = s.Value
					}
				}
			}
			if a.flags.json {
				return a.printJSON(map[string]string{"version": version, "commit": commit, "api_version": client.APIVersion})
			}
			_, err := fmt.Fprintf(a.out, "burrow %s (Bencher API %s)\n", version, client.APIVersion)
			return err
		},
	}
}
