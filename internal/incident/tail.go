package incident

import "math"

// tail is the probability that of n deliveries k or more fail if each fails with
// probability p and any two of them are correlated by spread: the beta-binomial
// distribution's upper tail. Both k and n may be sums of weights. It is meant for
// k above n·p, where it takes few steps.
func tail(k, n, p, spread float64) float64 {
	if k <= 0 || p >= 1 {
		return 1
	}
	if n > maxTested {
		k, n = k*maxTested/n, maxTested
	}
	m := 1/spread - 1
	a, b := p*m, (1-p)*m
	term := math.Exp(choose(n, k) + beta(k+a, n-k+b) - beta(a, b))
	sum := 0.0
	for term > 0 {
		sum += term
		if term < sum*1e-9 || k+1 > n {
			break
		}
		term *= (n - k) * (k + a) / ((k + 1) * (n - k - 1 + b))
		k++
	}
	return min(sum, 1)
}

// maxTested bounds how many deliveries are tested, and so how many terms a tail adds
// up. More are taken for a sample of that size, which only makes them less telling.
const maxTested = 100_000

// choose is the logarithm of the binomial coefficient.
func choose(n, k float64) float64 { return logGamma(n+1) - logGamma(k+1) - logGamma(n-k+1) }

// beta is the logarithm of the beta function.
func beta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
