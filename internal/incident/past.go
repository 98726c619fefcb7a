package incident

import (
	"math"

	"github.com/nixiemail/nixie/verdict"
)

// A past is how a group used to fail; the older, the less it counts. The zero past
// knows nothing.
type past struct {
	At     int64   `json:"at,omitempty"` // the bucket up to which it reaches
	Failed float64 `json:"failed,omitempty"`
	Total  float64 `json:"total,omitempty"`
	// Spread over Scale is how much the rate varied beyond chance.
	Spread float64 `json:"spread,omitempty"`
	Scale  float64 `json:"scale,omitempty"`
}

// fade lets the past grow older.
func (p *past) fade(s *Settings, to int64) {
	if to <= p.At {
		return
	}
	keep := math.Exp2(-float64(to-p.At) * float64(Width) / float64(s.HalfLife))
	if p.At == 0 {
		keep = 0
	}
	p.At = to
	p.Failed, p.Total, p.Spread, p.Scale = p.Failed*keep, p.Total*keep, p.Spread*keep, p.Scale*keep
}

// rate is how often it fails, as far as the past tells.
func (p *past) rate(s *Settings, r verdict.Reason) float64 {
	return max((p.Failed+s.ordinary(r)*s.PriorTotal)/(p.Total+s.PriorTotal), s.Least)
}

// priorScale is what [Settings.PriorSpread] weighs.
const priorScale = 5

// spread is how much the rate varies by itself, as far as the past tells.
func (p *past) spread(s *Settings) float64 {
	v := (p.Spread + s.PriorSpread*priorScale) / (p.Scale + priorScale)
	return max(s.MinSpread, min(v, s.MaxSpread))
}

// doubt is the spread to test with: what is known too little varies as well.
func (p *past) doubt(s *Settings) float64 {
	return min(p.spread(s)+1/(p.Total+s.PriorTotal+1), 0.5)
}

// outlier is by how many standard deviations a bucket may pull the past, so that a
// hiccup doesn't make the next one ordinary at once.
const outlier = 4

// take adds a bucket to the past.
func (p *past) take(s *Settings, r verdict.Reason, bucket int64, k, n float64) {
	p.fade(s, bucket)
	if n <= 0 {
		return
	}
	rate, spread := p.rate(s, r), p.spread(s)
	chance := n * rate * (1 - rate)
	pairs := max(n-1, 0)
	most := outlier*math.Sqrt(chance*(1+pairs*spread)) + 1
	off := min(k-n*rate, most)
	p.Spread = max(p.Spread+off*off-chance, 0)
	p.Scale += chance * pairs
	p.Failed += max(n*rate+off, 0)
	p.Total += n
}

// average is how many deliveries a flow had in a bucket, quiet ones included, in the
// past that is remembered.
func (f *flow) average(s *Settings, now int64) float64 {
	p := f.past
	p.fade(s, now-ring)
	half := float64(buckets(s.HalfLife))
	remembered := half / math.Ln2 * (1 - math.Exp2(-float64(now-ring-f.first)/half))
	return p.Total / max(remembered, 1)
}
