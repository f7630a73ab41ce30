package main

import (
	"strconv"
	"strings"

	"burrow/client"

	"github.com/spf13/pflag"
)

// thresholdFlags are the thresholds that a run sets. The flags of a threshold
// belong together by their order; _ stands for a value that is left out.
type thresholdFlags struct {
	measures, tests, minSizes, maxSizes, windows, lower, upper []string
	reset                                                      bool
}

func (f *thresholdFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.measures, "threshold-measure", nil, "set a threshold on this `MEASURE`; repeatable, as all threshold flags are, in order; _ leaves a value out")
	flags.StringArrayVar(&f.tests, "threshold-test", nil, "the threshold's `TEST`: static, percentage, z_score (z), t_test (t), log_normal, iqr or delta_iqr")
	flags.StringArrayVar(&f.minSizes, "threshold-min-sample-size", nil, "the least `NUMBER` of metrics to test against")
	flags.StringArrayVar(&f.maxSizes, "threshold-max-sample-size", nil, "the largest `NUMBER` of metrics to test against")
	flags.StringArrayVar(&f.windows, "threshold-window", nil, "test against metrics of the last so many `SECONDS`")
	flags.StringArrayVar(&f.lower, "threshold-lower-boundary", nil, "the lower `BOUNDARY`")
	flags.StringArrayVar(&f.upper, "threshold-upper-boundary", nil, "the upper `BOUNDARY`")
	flags.BoolVar(&f.reset, "thresholds-reset", false, "remove the thresholds that are not named")
}

// thresholds puts the flags together, and checks them: a server refuses a bad
// one only once the report's row is stored.
func (f *thresholdFlags) thresholds() (*client.NewThresholds, error) {
	for _, list := range []struct {
		flag   string
		values []string
	}{
		{"test", f.tests}, {"min-sample-size", f.minSizes}, {"max-sample-size", f.maxSizes}, {"window", f.windows},
		{"lower-boundary", f.lower}, {"upper-boundary", f.upper},
	} {
		if len(list.values) > len(f.measures) {
			return nil, usage("--threshold-%s is given %d times for %d --threshold-measure", list.flag, len(list.values), len(f.measures))
		}
	}
	if len(f.measures) == 0 && !f.reset {
		return nil, nil
	}
	all := &client.NewThresholds{Reset: f.reset}
	for i, measure := range f.measures {
		for other := range all.Models {
			if client.SameMeasure(other, measure) {
				return nil, usage("--threshold-measure %s and %s are one measure, which takes one threshold", other, measure)
			}
		}
		model, err := f.model(i)
		if err != nil {
			return nil, usage("the threshold of %s: %w", measure, err)
		}
		if all.Models == nil {
			all.Models = map[string]client.NewModel{}
		}
		all.Models[measure] = model
	}
	return all, nil
}

func (f *thresholdFlags) model(i int) (m client.NewModel, err error) {
	test := nth(f.tests, i)
	if test == "" {
		return m, usage("--threshold-test is missing (one of %s)", strings.Join(client.ModelTests(), ", "))
	}
	if m.Test, err = client.ParseModelTest(test); err != nil {
		return m, err
	}
	for _, size := range []struct {
		flag, text string
		into       **uint32
	}{
		{"min-sample-size", nth(f.minSizes, i), &m.MinSampleSize}, {"max-sample-size", nth(f.maxSizes, i), &m.MaxSampleSize},
		{"window", nth(f.windows, i), &m.Window},
	} {
		if size.text == "" {
			continue
		}
		n, err := strconv.ParseUint(size.text, 10, 32)
		if err != nil {
			return m, usage("--threshold-%s %q is no whole number", size.flag, size.text)
		}
		short := uint32(n)
		*size.into = &short
	}
	for _, boundary := range []struct {
		flag, text string
		into       **float64
	}{{"lower-boundary", nth(f.lower, i), &m.Lower}, {"upper-boundary", nth(f.upper, i), &m.Upper}} {
		if boundary.text == "" {
			continue
		}
		b, err := strconv.ParseFloat(boundary.text, 64)
		if err != nil {
			return m, usage("--threshold-%s %q is no number", boundary.flag, boundary.text)
		}
		*boundary.into = &b
	}
	return m, m.Check()
}

// nth is a repeated flag's value, or "" where it is left out.
func nth(values []string, i int) string {
	if i >= len(values) || values[i] == "_" {
		return ""
	}
	return values[i]
}
