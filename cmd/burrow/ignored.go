package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// ignoredFlags are those of bencher run that have no meaning here: a script
// that gives them must not fail for it.
var ignoredFlags = struct{ valued, bare map[string]string }{
	valued: map[string]string{
		"attempts":        "burrow never gives a run up",
		"retry-after":     "burrow chooses its waits",
		"max-retry-after": "burrow chooses its waits",
		"github-actions":  "burrow report --format markdown makes a comment",
		"ci-id":           "it belongs to --github-actions", "ci-number": "it belongs to --github-actions",
		"image": remoteRunner, "spec": remoteRunner, "entrypoint": remoteRunner, "env": remoteRunner,
		"job-timeout": remoteRunner, "job-poll-interval": remoteRunner, "poll-interval": remoteRunner,
	},
	bare: map[string]string{
		"strict": "burrow reads answers as far as it needs them", "native-tls": "burrow always trusts the system's roots",
		"else-branch": gone, "endif-branch": gone, "no-hash": gone, "deprecated": gone, // none takes a value: the next word is the command
		"ci-only-thresholds": "it belongs to --github-actions", "ci-only-on-alert": "it belongs to --github-actions",
		"ci-public-links": "it belongs to --github-actions", "ci-i-am-vulnerable-to-pwn-requests": "it belongs to --github-actions",
		"detach": remoteRunner,
	},
}

const (
	remoteRunner = "burrow runs benchmarks on this machine only"
	gone         = "it does nothing in bencher either"
)

// ignored collects the flags that were given for nothing.
type ignored struct{ flags *pflag.FlagSet }

func (i *ignored) register(flags *pflag.FlagSet) {
	i.flags = flags
	for name := range ignoredFlags.valued {
		flags.StringArray(name, nil, "taken and passed over")
		flags.Lookup(name).Hidden = true
	}
	for name := range ignoredFlags.bare {
		flags.Bool(name, false, "taken and passed over")
		flags.Lookup(name).Hidden = true
	}
}

// warn names those that were given, in one line.
func (i *ignored) warn(a *app) {
	if i.flags == nil {
		return
	}
	var given []string
	i.flags.Visit(func(f *pflag.Flag) {
		why, found := ignoredFlags.valued[f.Name]
		if !found {
			why, found = ignoredFlags.bare[f.Name]
		}
		if found {
			given = append(given, "--"+f.Name+" ("+why+")")
		}
	})
	if len(given) > 0 {
		slices.Sort(given)
		a.warn("passed over: %s", strings.Join(given, ", "))
	}
}
