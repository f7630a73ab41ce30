package tui

import (
	"math"
	"testing"
	"unicode/utf8"
)

func TestASparklineShowsTheCourse(t *testing.T) {
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 10, ""},
		{[]float64{5}, 10, "▅"},
		{[]float64{5, 5, 5}, 10, "▅▅▅"},
		{[]float64{0, 1}, 10, "▁█"},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 10, "▁▂▃▄▅▆▇█"},
		{[]float64{9, 0, 1}, 2, "▁█"},
		{[]float64{-1, 0, 1}, 10, "▁▅█"},
		{[]float64{-math.MaxFloat64, 0, math.MaxFloat64}, 10, "▁▅█"},
		{[]float64{math.SmallestNonzeroFloat64, 1e300}, 10, "▁█"},
	} {
		if got := Sparkline(c.values, c.width); got != c.want {
			t.Errorf("%v: %s, want %s", c.values, got, c.want)
		}
	}
	long := make([]float64, 500)
	if got := utf8.RuneCountInString(Sparkline(long, 40)); got != 40 {
		t.Errorf("%d bars", got)
	}
}
