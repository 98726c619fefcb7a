package incident

import (
	"math"
	"testing"
)

func TestTail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		k, n, p, spread float64
		want            float64
	}{
		// With both parameters 1 every number of failures is as likely as another.
		{"uniform", 8, 10, 0.5, 1.0 / 3, 3.0 / 11},
		{"uniform, all", 10, 10, 0.5, 1.0 / 3, 1.0 / 11},
		{"uniform, beyond what is tested", 1e9, 2e9, 0.5, 1.0 / 3, 0.5},
		// Without a spread it is the binomial distribution.
		{"binomial", 3, 10, 0.1, 1e-9, 0.0701908264},
		{"binomial, all", 4, 4, 0.25, 1e-9, 1.0 / 256},
		{"none failed", 0, 10, 0.1, 0.01, 1},
		{"all fail anyway", 3, 10, 1, 0.01, 1},
	} {
		if got := tail(c.k, c.n, c.p, c.spread); math.Abs(got-c.want) > 1e-5*math.Max(1, c.want) {
			t.Errorf("%s: tail(%g, %g, %g, %g) = %g, want %g", c.name, c.k, c.n, c.p, c.spread, got, c.want)
		}
	}
}
