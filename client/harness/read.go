package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Reading is what burrow reads from one iteration's output.
type Reading struct {
	Results  Results
	Warnings []Warning
	// Known is false where only the server can read the adapter's format;
	// Results are empty then and say nothing.
	Known bool
}

// ErrNoBenchmark says that an output holds no benchmark: the server would
// refuse it, or keep a report without results.
var ErrNoBenchmark = errors.New("no benchmark result in the output")

// Read reads one iteration's output as the adapter does on the server. Formats
// that burrow can't read come back as not Known, without an error; an output
// that surely holds no benchmark is an error that wraps ErrNoBenchmark or says
// where its JSON breaks.
func Read(adapter Adapter, text string) (Reading, error) {
	if strings.TrimSpace(text) == "" {
		return Reading{}, fmt.Errorf("%w: it is empty", ErrNoBenchmark)
	}
	switch adapter {
	case JSON:
		return readJSON(text)
	case GoBench:
		return readGo(text)
	case Magic, Go:
		return readMagic(adapter, text)
	default:
		return Reading{}, nil
	}
}

func readJSON(text string) (Reading, error) {
	results, err := ReadBMF(text)
	if err != nil {
		return Reading{}, err
	}
	if len(results) == 0 {
		return Reading{}, fmt.Errorf("%w: the JSON document is empty", ErrNoBenchmark)
	}
	return Reading{Results: results, Known: true}, nil
}

func readGo(text string) (Reading, error) {
	results, warnings := ReadGoBench(text)
	if len(results) == 0 {
		return Reading{Warnings: warnings}, fmt.Errorf("%w: no line of Go benchmark results (`go test` needs -bench)", ErrNoBenchmark)
	}
	return Reading{Results: results, Warnings: warnings, Known: true}, nil
}

// readMagic tries what burrow can read, in the server's order. JSON of another
// harness and other text are the server's to read.
func readMagic(adapter Adapter, text string) (Reading, error) {
	trimmed := strings.TrimSpace(text)
	if adapter == Magic && strings.HasPrefix(trimmed, "{") {
		reading, err := readJSON(text)
		if err == nil || errors.Is(err, ErrNoBenchmark) || !isJSON(trimmed) || tooLarge(err) {
			return reading, err
		}
		return Reading{}, nil
	}
	results, warnings := ReadGoBench(text)
	if len(results) > 0 {
		return Reading{Results: results, Warnings: warnings, Known: true}, nil
	}
	if adapter == Go || looksLikeGoTest(text) {
		return readGo(text)
	}
	return Reading{}, nil
}

// tooLarge tells the error of a number that no float64 holds: servers take
// finite values only.
func tooLarge(err error) bool {
	var kind *json.UnmarshalTypeError
	return errors.As(err, &kind) && strings.HasPrefix(kind.Value, "number ") && kind.Type.Kind() == reflect.Float64
}
