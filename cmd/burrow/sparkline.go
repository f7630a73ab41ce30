package main

import (
	"math"
	"slices"
)

// sparkline draws values as a line of bars, oldest first, the least as the
// lowest bar and the greatest as the highest; of more than width values the
// newest. Equal values are bars of middle height.
func sparkline(values []float64, width int) string {
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
