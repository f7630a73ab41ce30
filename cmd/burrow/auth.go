package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"burrow/client"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
)

func (a *app) authCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "Store credentials by host: in the system's keyring, or a file where there is none",
		Long: `Stores the API key or token of a host, so that it need not stand in a variable.
It goes into the system's keyring or, where there is none, into a file that only
you can read; BURROW_KEYRING=off takes the file always. Flags and variables
stand before what is stored. The host is that of --host, BENCHER_HOST or the
configuration, else Bencher Cloud.`,
		Example: "  burrow auth set --host https://bencher.example.com\n  burrow auth list",
		Args:    noCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "set",
			Short: "Store the credential of a host: read from standard input, or asked for",
			Example: "  burrow auth set\n" +
				"  printenv MY_KEY | burrow auth set --host https://bencher.example.com",
			Args: noSecretArguments,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.authSet(cmd.Context()) },
		},
		&cobra.Command{
			Use:     "list",
			Short:   "List the hosts that have a credential, with its fingerprint",
			Example: "  burrow auth list\n  burrow auth list --json",
			Args:    noArguments,
			RunE:    func(*cobra.Command, []string) error { return a.authList() },
		},
		&cobra.Command{
			Use:     "remove",
			Short:   "Forget the credential of a host",
			Example: "  burrow auth remove --host https://bencher.example.com",
			Args:    noArguments,
			RunE:    func(cmd *cobra.Command, _ []string) error { return a.authRemove(cmd.Context()) },
		},
	)
	return cmd
}

// noSecretArguments refuses arguments without repeating them: one may be the
// credential.
func noSecretArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("burrow auth set takes no argument, since other users of the machine can see a command's arguments: " +
			"pipe the key in, or enter it when asked")
	}
	return nil
}

func (a *app) authSet(ctx context.Context) error {
	host, err := a.authHost()
	if err != nil {
		return err
	}
	text, err := a.readSecret(ctx, host)
	if err != nil {
		return err
	}
	credential, err := client.ParseCredential(text)
	switch {
	case err != nil:
		return usage("%w", err)
	case credential.None():
		return usage("there is no credential in the input: nothing was stored")
	}
	store := a.credentialStore()
	place, why, err := store.Set(ctx, host, credential)
	if err != nil {
		return err
	}
	if why != nil {
		a.notice("The system's keyring was not used: %s.", client.Plain(why.Error(), 200))
	}
	a.warnPlain(host)
	stored := client.StoredCredential{Host: host, Fingerprint: credential.Fingerprint(), Place: place}
	if a.flags.json {
		return a.printJSON(stored)
	}
	_, err = fmt.Fprintf(a.out, "Stored %s for %s in %s.\n", credential, host, placeOf(place, store.Path()))
	return err
}

// readSecret reads a credential from a pipe, or from a person without showing
// it.
func (a *app) readSecret(ctx context.Context, host string) (string, error) {
	const limit = 64 << 10
	if !terminal(a.in) {
		text, err := io.ReadAll(io.LimitReader(a.in, limit))
		if err != nil {
			return "", fmt.Errorf("reading the credential: %w", err)
		}
		return string(text), nil
	}
	file, _ := a.in.(*os.File)
	before, err := term.GetState(file.Fd())
	if err != nil {
		return "", fmt.Errorf("asking for the credential: %w", err)
	}
	fmt.Fprintf(a.err, "API key or token for %s (it is not shown): ", host)
	type reply struct {
		text []byte
		err  error
	}
	replied := make(chan reply, 1)
	go func() { // a read of a terminal can't be stopped; the process ends soon after
		text, err := term.ReadPassword(file.Fd())
		replied <- reply{text, err}
	}()
	defer fmt.Fprintln(a.err)
	select {
	case r := <-replied:
		if errors.Is(r.err, io.EOF) {
			return "", nil
		}
		return string(r.text), r.err
	case <-ctx.Done():
		_ = term.Restore(file.Fd(), before)
		return "", ctx.Err()
	}
}

func (a *app) authList() error {
	store := a.credentialStore()
	list, err := store.List()
	if err != nil {
		return err
	}
	if a.flags.json {
		for _, c := range list {
			if err := a.printJSON(c); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		a.notice("No credentials are stored. Store one: burrow auth set --host URL")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tFINGERPRINT\tIN")
	for _, c := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", client.Plain(c.Host, 0), client.Plain(c.Fingerprint, 8), placeOf(c.Place, store.Path()))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}

func (a *app) authRemove(ctx context.Context) error {
	host, err := a.authHost()
	if err != nil {
		return err
	}
	removed, err := a.credentialStore().Remove(ctx, host)
	switch {
	case err != nil:
		return err
	case !removed:
		return fmt.Errorf("no credential is stored for %s: see burrow auth list", host)
	}
	a.notice("The credential of %s is forgotten.", host)
	return nil
}
