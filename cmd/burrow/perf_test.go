package main

import (
	"fmt"
	"testing"

	"burrow/client"

	"github.com/google/uuid"
)

// TestAQuestionIsSplitIntoWhatAServerAnswers: each part within the bound, and
// every series in exactly one.
func TestAQuestionIsSplitIntoWhatAServerAnswers(t *testing.T) {
	some := func(n int) []uuid.UUID {
		ids := make([]uuid.UUID, n)
		for i := range ids {
			ids[i] = uuid.New()
		}
		return ids
	}
	for _, c := range [][4]int{{1, 1, 1, 1}, {0, 1, 1, 1}, {1, 1, 255, 1}, {1, 1, 256, 1}, {3, 2, 418, 2}, {60, 1, 1, 30}, {7, 9, 11, 2}, {255, 1, 1, 8}, {1, 300, 1, 1}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			whole := client.PerfQuery{Branches: some(c[0]), Testbeds: some(c[1]), Benchmarks: some(c[2]), Measures: some(c[3])}
			seen := map[[4]uuid.UUID]int{}
			for _, part := range whole.Parts() {
				if n := part.Permutations(); n < 1 || n > client.MaxPermutations {
					t.Errorf("a part of %d series", n)
				}
				for _, b := range part.Branches {
					for _, tb := range part.Testbeds {
						for _, bm := range part.Benchmarks {
							for _, m := range part.Measures {
								seen[[4]uuid.UUID{b, tb, bm, m}]++
							}
						}
					}
				}
			}
			if len(seen) != whole.Permutations() {
				t.Errorf("%d series are asked for, of %d", len(seen), whole.Permutations())
			}
			for _, times := range seen {
				if times != 1 {
					t.Errorf("a series is asked for %d times", times)
				}
			}
		})
	}
}
