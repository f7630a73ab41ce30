package local

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is what goes wrong under a Fault.
type Kind string

// The kinds of faults. All but the last four hold for a number of run
// requests; those hold all the time.
const (
	LoseResponse Kind = "lose-response" // commit, then drop the connection
	Refuse       Kind = "refuse"        // drop the connection before reading
	Status       Kind = "status"        // answer Code, do nothing
	Throttle     Kind = "throttle"      // 429 with Retry-After
	ThrottleBare Kind = "throttle-bare" // 429 with the interval in the message, as Bencher does
	SlowCommit   Kind = "slow-commit"   // the report's row at once, the connection dropped, its results later
	Truncate     Kind = "truncate"      // commit, then half a response
	Incomplete   Kind = "incomplete"    // create the report, answer 500 without its results
	Partial      Kind = "partial"       // the same with the first Iterations stored
	Race         Kind = "race"          // create, then answer the real server's 409 for the key
	HTML         Kind = "html"          // a proxy's 502 page, nothing done
	Latency      Kind = "latency"       // every request waits
	NoKeys       Kind = "no-keys"       // ignore idempotency keys and say version 0.6.0
	Skew         Kind = "skew"          // the server's clock is off by For
	Forget       Kind = "forget"        // Open loses all reports
)

// syntax says how each kind is ordered.
var syntax = map[Kind]struct{ value, example string }{
	LoseResponse: {"", "lose-response=1"}, Refuse: {"", "refuse=3"}, Truncate: {"", "truncate=1"},
	Incomplete: {"", "incomplete=1"}, Race: {"", "race=1"}, HTML: {"", "html=2"}, ThrottleBare: {"", "throttle-bare=1"},
	Status: {"code", "status=503:2"}, Throttle: {"seconds", "throttle=30:1"}, Partial: {"iterations", "partial=1:1"},
	SlowCommit: {"duration", "slow-commit=5s:1"}, Latency: {"duration", "latency=200ms"}, Skew: {"duration", "skew=-1h"},
	NoKeys: {"none", "no-keys"}, Forget: {"none", "forget"},
}

// Fault is one thing that goes wrong to order. The zero value is none.
type Fault struct {
	Kind       Kind
	Times      int           // the run requests it takes; 0: all that come
	Code       int           // HTTP status, of Status
	Iterations int           // stored, of Partial
	For        time.Duration // of Throttle (whole seconds), SlowCommit, Latency, Skew (may be negative)
}

// ParseFault reads a fault as `burrow serve --fault` takes it: "refuse=3",
// "status=503:2", "latency=200ms".
func ParseFault(spec string) (Fault, error) {
	name, rest, given := strings.Cut(strings.TrimSpace(spec), "=")
	f := Fault{Kind: Kind(name)}
	form, known := syntax[f.Kind]
	if !known {
		return Fault{}, fmt.Errorf("fault %q: unknown; there are %s", spec, kinds())
	}
	bad := func(why string) (Fault, error) {
		return Fault{}, fmt.Errorf("fault %q: %s; as in %s", spec, why, form.example)
	}
	if form.value == "none" {
		if given {
			return bad("it takes no value")
		}
		return f, nil
	}
	if form.value == "" {
		if !given {
			return f, nil
		}
		times, err := strconv.Atoi(rest)
		if err != nil || times < 1 {
			return bad("the number of requests must be 1 or more")
		}
		f.Times = times
		return f, nil
	}
	value, count, counted := strings.Cut(rest, ":")
	if value == "" {
		return bad("it needs its " + form.value)
	}
	if counted {
		if f.Kind == Latency || f.Kind == Skew {
			return bad("it holds for every request and takes no number")
		}
		times, err := strconv.Atoi(count)
		if err != nil || times < 1 {
			return bad("the number of requests must be 1 or more")
		}
		f.Times = times
	}
	if why := f.parse(form.value, value); why != "" {
		return bad(why)
	}
	return f, nil
}

// parse reads a fault's own value; it returns what is wrong with it, or "".
func (f *Fault) parse(kind, value string) string {
	if kind == "duration" {
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 && f.Kind != Skew {
			return fmt.Sprintf("%q is no duration", value)
		}
		f.For = d
		return ""
	}
	number, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no number", value)
	case kind == "code" && (number < 200 || number > 599):
		return "the status must be from 200 to 599"
	case kind == "seconds" && (number < 0 || number > 86400):
		return "the seconds must be from 0 to 86400"
	case kind == "iterations" && number < 0:
		return "the iterations must be 0 or more"
	}
	switch kind {
	case "code":
		f.Code = number
	case "seconds":
		f.For = time.Duration(number) * time.Second
	default:
		f.Iterations = number
	}
	return ""
}

// String is the fault as ParseFault reads it, "" for none.
func (f Fault) String() string {
	text := string(f.Kind)
	switch syntax[f.Kind].value {
	case "code":
		text += "=" + strconv.Itoa(f.Code)
	case "seconds":
		text += "=" + strconv.Itoa(int(f.For/time.Second))
	case "iterations":
		text += "=" + strconv.Itoa(f.Iterations)
	case "duration":
		text += "=" + f.For.String()
	}
	switch {
	case f.Times == 0:
		return text
	case strings.Contains(text, "="):
		return text + ":" + strconv.Itoa(f.Times)
	default:
		return text + "=" + strconv.Itoa(f.Times)
	}
}

func kinds() string {
	names := []string{}
	for _, k := range []Kind{LoseResponse, Refuse, Status, Throttle, ThrottleBare, Latency, SlowCommit, Truncate, Incomplete, Partial, Race, HTML, NoKeys, Skew, Forget} {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// faults are a server's: those that hold all the time, and the rest in order.
type faults struct {
	latency, skew  time.Duration
	noKeys, forget bool

	mu    sync.Mutex
	queue []Fault
	taken int // times that the first of the queue was taken
}

func newFaults(ordered []Fault) *faults {
	f := &faults{}
	for _, fault := range ordered {
		switch fault.Kind {
		case Latency:
			f.latency = fault.For
		case Skew:
			f.skew = fault.For
		case NoKeys:
			f.noKeys = true
		case Forget:
			f.forget = true
		default:
			f.queue = append(f.queue, fault)
		}
	}
	return f
}

// take is the fault of the next run request.
func (f *faults) take() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		return Fault{}
	}
	first := f.queue[0]
	f.taken++
	if f.taken == first.Times {
		f.queue, f.taken = f.queue[1:], 0
	}
	return first
}
