package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"burrow/outbox"

	"github.com/spf13/cobra"
)

func (a *app) exportCommand() *cobra.Command {
	var flags listFlags
	output := "-"
	cmd := &cobra.Command{
		Use:   "export [QUERY]",
		Short: "Write runs to a file that another machine imports",
		Long: `Writes runs with their results and histories, oldest first, as gzip over JSON
Lines: carry the file to a machine that reaches the server, burrow import and
burrow sync there, and bring an export of that back to have the acknowledgments
here. Nothing is sent twice, however often and wherever it is imported: the keys
go along (servers before 0.6.1 know none). Credentials do not. QUERY is that of burrow list.`,
		Example: `  burrow export --status pending -o runs.jsonl.gz
  burrow export since:1w | ssh elsewhere burrow import -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.export(cmd.Context(), flags, strings.Join(args, " "), output)
		},
	}
	flags.filters(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "-", "write to this `FILE`; -: standard output")
	return cmd
}

func (a *app) export(ctx context.Context, f listFlags, text, output string) error {
	query, err := a.query(f, text)
	if err != nil {
		return err
	}
	if output == "-" && terminal(a.out) {
		return usage("an export is compressed: name a file with -o, or pipe it")
	}
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	runs, damaged := 0, []error(nil)
	write := func(to io.Writer) error {
		runs, damaged, err = store.Export(ctx, query, to)
		return err
	}
	if output == "-" {
		err = write(a.out)
	} else {
		err = writeWhole(output, write)
	}
	if err != nil {
		return err
	}
	for _, one := range damaged {
		a.warn("left out: %v", one)
	}
	if a.flags.json && output != "-" {
		return a.printJSON(map[string]any{"runs": runs, "file": output})
	}
	a.notice("%s exported.", counted(runs, "run"))
	if len(damaged) > 0 {
		return exit(exitFailure)
	}
	return nil
}

// writeWhole writes a file beside its place, syncs and renames it, so that a
// file of that name is always whole. It is the person's alone: results may be
// secret.
func writeWhole(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInto(path, write)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	err = write(buffered)
	if err == nil {
		err = errors.Join(buffered.Flush(), file.Sync())
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// writeInto writes to a device or a pipe, which a rename would replace.
func writeInto(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	if err := errors.Join(write(buffered), buffered.Flush(), file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func (a *app) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE...|-",
		Short: "Take in the runs of an export; twice changes nothing",
		Long: `Takes in the runs of burrow export's files. A run that is here already, or was
deleted here, is passed over; one that another machine delivered is acknowledged
here too. The others wait in the outbox as they were: burrow sync delivers them.`,
		Example: "  burrow import runs.jsonl.gz\n  burrow import laptop.jsonl.gz ci.jsonl.gz",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("no export: name files, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.importAll(cmd.Context(), args) },
	}
}

func (a *app) importAll(ctx context.Context, names []string) error {
	store, err := a.store(ctx)
	if err != nil {
		return err
	}
	refused := 0
	for _, name := range names {
		done, err := a.importOne(ctx, store, name)
		for _, why := range done.Refused {
			a.warn("%s: not taken in: %v", name, why)
		}
		refused += len(done.Refused)
		if a.flags.json {
			if err := a.printJSON(map[string]any{
				"file": name, "added": done.Added, "acknowledged": done.Acknowledged, "there": done.There,
				"deleted": done.Deleted, "refused": len(done.Refused),
			}); err != nil {
				return err
			}
		} else if done.Total() > 0 || err == nil {
			a.notice("%s: %s added, %d acknowledged by it, %d were here already, %d were deleted here, %d refused.",
				name, counted(done.Added, "run"), done.Acknowledged, done.There, done.Deleted, len(done.Refused))
		}
		switch {
		case errors.Is(err, outbox.ErrCutShort):
			return fmt.Errorf("%s: %w; what is proven is taken in, import a whole copy for the rest (what is here is not added twice)", name, err)
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if refused > 0 {
		return exit(exitFailure)
	}
	return nil
}

func (a *app) importOne(ctx context.Context, store *outbox.Store, name string) (outbox.Imported, error) {
	from := a.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return outbox.Imported{}, fmt.Errorf("reading the export: %w", err)
		}
		defer file.Close()
		from = file
	}
	shown := terminal(a.err) && !a.flags.quiet && !a.flags.json
	done, err := store.Import(ctx, from, func(i outbox.Imported) {
		if shown {
			fmt.Fprintf(a.err, "\r\x1b[K%s read", counted(i.Total(), "run"))
		}
	})
	if shown {
		fmt.Fprint(a.err, "\r\x1b[K")
	}
	return done, err
}
