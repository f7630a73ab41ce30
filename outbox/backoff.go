package outbox

import "time"

// Bounds of the exponential backoff. It never gives up.
const (
	backoffBase = time.Second
	backoffCap  = 5 * time.Minute
)

// backoff is the wait after so many failures in a row: exponential with full
// jitter, so that a fleet that lost its server does not come back as one wave.
// The draw is from [0, 1).
func backoff(failures int, draw float64) time.Duration {
	window := backoffCap
	if failures < 10 {
		window = min(backoffCap, backoffBase<<max(failures-1, 0))
	}
	return time.Duration(draw * float64(window))
}
