package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"burrow/client"
	"burrow/tui"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

type perfFlags struct {
	browseFlags
	branches, testbeds, benchmarks, measures []string
}

func (a *app) perfCommand() *cobra.Command {
	var flags perfFlags
	cmd := &cobra.Command{
		Use:   "perf",
		Short: "Show how metrics went from version to version",
		Long: `Shows a project's metrics from version to version: a line for each measure of
each benchmark on each branch and testbed. Names, slugs and UUIDs choose them;
what is left out means all. With no network it comes from the cache, marked with
its age.`,
		Example: `  burrow perf --project demo --branch main
  burrow perf --project demo --benchmark BenchmarkIndex-8 --measure latency --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.perf(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	flags.register(f)
	f.StringArrayVar(&flags.branches, "branch", nil, "only this `BRANCH`; repeatable")
	f.StringArrayVar(&flags.testbeds, "testbed", nil, "only this `TESTBED`; repeatable")
	f.StringArrayVar(&flags.benchmarks, "benchmark", nil, "only this `BENCHMARK`; repeatable")
	f.StringArrayVar(&flags.measures, "measure", nil, "only this `MEASURE`; repeatable")
	return cmd
}

// maxSeries is how many series one command asks for: eight questions.
const maxSeries = 8 * client.MaxPermutations

func (a *app) perf(ctx context.Context, f perfFlags) error {
	b, err := a.browse(f.browseFlags)
	if err != nil {
		return err
	}
	project, err := b.project(ctx, f.browseFlags)
	if err != nil {
		return err
	}
	query, err := b.resolve(ctx, project, f)
	if err != nil {
		return err
	}
	if n := query.Permutations(); n > maxSeries {
		return usage("that asks for %d series (%d branches × %d testbeds × %d benchmarks × %d measures), more than %d: narrow it with --branch, --testbed, --benchmark or --measure",
			n, len(query.Branches), len(query.Testbeds), len(query.Benchmarks), len(query.Measures), maxSeries)
	}
	var series []client.Series
	for _, part := range query.Parts() {
		found, source, err := b.Perf(ctx, project, part)
		if err != nil {
			return err
		}
		b.from(source)
		series = append(series, found.Results...)
	}
	series = slices.DeleteFunc(series, func(s client.Series) bool { return len(s.Metrics) == 0 })
	b.tellAge()
	if a.flags.json {
		for _, s := range series {
			if err := a.printJSON(s); err != nil {
				return err
			}
		}
		return nil
	}
	if len(series) == 0 {
		a.notice("No metrics.")
		return nil
	}
	return a.seriesTable(series)
}

// resolve finds the UUIDs of what the flags name.
func (b *browsing) resolve(ctx context.Context, project string, f perfFlags) (q client.PerfQuery, err error) {
	if q.Branches, err = named(ctx, b, "branch", f.branches, b.Branches, project,
		func(x client.Branch) thing { return thing{x.UUID, x.Name, x.Slug} }); err != nil {
		return q, err
	}
	if q.Testbeds, err = named(ctx, b, "testbed", f.testbeds, b.Testbeds, project,
		func(x client.Testbed) thing { return thing{x.UUID, x.Name, x.Slug} }); err != nil {
		return q, err
	}
	if q.Measures, err = named(ctx, b, "measure", f.measures, b.Measures, project,
		func(x client.Measure) thing { return thing{x.UUID, x.Name, x.Slug} }); err != nil {
		return q, err
	}
	q.Benchmarks, err = named(ctx, b, "benchmark", f.benchmarks, b.Benchmarks, project,
		func(x client.Benchmark) thing { return thing{x.UUID, x.Name, x.Slug} })
	return q, err
}

// thing is what a project has by name.
type thing struct {
	id         uuid.UUID
	name, slug string
}

// lister reads one page of a project's things of one kind.
type lister[T any] func(ctx context.Context, project string, f client.NameFilter, p client.Paging) (client.Page[T], error)

// named finds the UUIDs of things by UUID, name or slug; of all, where none is
// named. A server finds names by itself; slugs are looked for in the list.
func named[T any](ctx context.Context, b *browsing, kind string, texts []string, list lister[T], project string, of func(T) thing) (ids []uuid.UUID, err error) {
	all := func(filter client.NameFilter, wanted func(thing) bool) (found []uuid.UUID, err error) {
		page := func(ctx context.Context, p client.Paging) (client.Page[T], error) {
			return list(ctx, project, filter, p)
		}
		for item, err := range client.Each(ctx, client.MaxPerPage, page, b.from) {
			if err != nil {
				return nil, err
			}
			if thing := of(item); wanted(thing) {
				found = append(found, thing.id)
			}
			if len(found) > maxSeries {
				break // more than can be asked for
			}
		}
		return found, nil
	}
	if len(texts) == 0 {
		return all(client.NameFilter{}, func(thing) bool { return true })
	}
	for _, text := range texts {
		if id, err := uuid.Parse(text); err == nil {
			ids = append(ids, id)
			continue
		}
		found, err := all(client.NameFilter{Name: text}, func(t thing) bool { return t.name == text })
		if err == nil && len(found) == 0 {
			found, err = all(client.NameFilter{}, func(t thing) bool { return t.slug == text })
		}
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("project %s has no %s %q: give its name, slug or UUID", client.Plain(project, 64), kind, text)
		}
		ids = append(ids, found...)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

func (a *app) seriesTable(series []client.Series) error {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "BRANCH\tTESTBED\tBENCHMARK\tMEASURE\tPOINTS\tFIRST\tLAST\tCHANGE\tALERTS\tHISTORY")
	for _, s := range series {
		first, last := s.Metrics[0].Metric.Value, s.Metrics[len(s.Metrics)-1].Metric.Value
		change := "-"
		if words := tui.Change(last, first); words != "" && len(s.Metrics) > 1 {
			change = words
		}
		values, alerts := make([]float64, len(s.Metrics)), 0
		for i, m := range s.Metrics {
			values[i] = m.Metric.Value
			if m.Alert != nil {
				alerts++
			}
		}
		sign := "-"
		if alerts > 0 {
			sign = fmt.Sprint(alerts)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", shown(s.Branch.Name, 24), shown(s.Testbed.Name, 24),
			shown(s.Benchmark.Name, 48), shown(s.Measure.Name, 24), len(s.Metrics),
			tui.Value(first, s.Measure.Units), tui.Value(last, s.Measure.Units), change, sign, tui.Sparkline(values, 40))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	return nil
}
