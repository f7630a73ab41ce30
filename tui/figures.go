package tui

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"burrow/client"
)

// Value writes a measured number with its units so that a person can compare
// it: times in the unit that leaves one to three digits before the point,
// others as they are.
func Value(v float64, units string) string {
	if units == client.Nanoseconds {
		for _, step := range []struct {
			from float64
			unit string
		}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
			if math.Abs(v) >= step.from {
				return figures(v/step.from) + " " + step.unit
			}
		}
		return figures(v) + " ns"
	}
	if short := unitSign(units); short != "" {
		return figures(v) + " " + short
	}
	return figures(v)
}

// figures keeps four significant digits of small numbers and all of large ones,
// but for those that no column holds.
func figures(v float64) string {
	const longest = 1e12
	if math.Abs(v) >= 1000 && math.Abs(v) < longest {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// unitSign is what stands in brackets in a measure's units: "bytes (B)" is B.
func unitSign(units string) string {
	units = client.Plain(units, 32)
	for i, r := range units {
		if r == '(' && units[len(units)-1] == ')' {
			return units[i+1 : len(units)-1]
		}
	}
	return units
}

// Percent is a part of a whole in percent; false where it is no number.
func Percent(part, whole float64) (float64, bool) {
	percent := part / whole * 100
	return percent, whole != 0 && !math.IsInf(percent, 0) && !math.IsNaN(percent)
}

// Change is a value's change against another one: "+12.50%", or "".
func Change(v, before float64) string {
	percent, ok := Percent(v-before, before)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%+.2f%%", percent)
}

// Sparkline draws values as a line of bars, oldest first, the least as the
// lowest bar and the greatest as the highest; of more than width values the
// newest. Equal values are bars of middle height.
func Sparkline(values []float64, width int) string {
	if len(values) > width {
		values = values[len(values)-width:]
	}
	if len(values) == 0 {
		return ""
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	least, most := slices.Min(values), slices.Max(values)
	line := make([]rune, len(values))
	for i, v := range values {
		// Halves, since the distance of two huge numbers is beyond all numbers.
		height := (v/2 - least/2) / (most/2 - least/2)
		if math.IsNaN(height) { // all are equal
			height = 0.5
		}
		line[i] = bars[min(int(height*float64(len(bars))), len(bars)-1)]
	}
	return string(line)
}
