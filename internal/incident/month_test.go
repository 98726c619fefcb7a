package incident

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// A month is thirty days of lifelike mail, with three incidents planted in it. It is
// made minute by minute; the same seed makes the same month.
type month struct {
	rng     *rand.Rand
	begin   time.Time
	senders []sender
	tail    []float64 // cumulated shares of the small receivers
	names   []string  // of all receivers: three large, then the small
	grey    map[int]bool
	hiccups []hiccup
	camps   []campaign
	planted []planted
	waiting map[int][]try // deferred, by the minute of the next try
	moods   map[int]float64
}

type sender struct {
	domain string
	daily  float64 // deliveries a minute at the busiest time
	dead   float64 // addresses that are none
	from   int     // the day of its first mail
}

type hiccup struct {
	receiver, from, to int // minutes
	reason             verdict.Reason
	share              float64
}

type campaign struct {
	sender, from, to int // minutes
	rate             float64
	dead, spam, slow float64 // dead addresses; refused as spam by gmail; throttled by yahoo
}

// planted is an incident that must be found.
type planted struct {
	name     string
	from, to int // minutes
	group    Group
	share    float64
}

// try is one delivery on its way.
type try struct {
	receiver, sender int
	again            bool
	camp             *campaign
}

const (
	gmail = iota
	microsoft
	yahoo
	large // how many of them

	small     = 200
	days      = 30
	dayLength = 24 * 60
)

// newMonth makes the plan of a month. The first sender mails more times as much as it
// would.
func newMonth(seed uint64, more float64) *month {
	m := &month{
		rng: rand.New(rand.NewPCG(seed, 16)), begin: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), // a Monday
		senders: []sender{
			{"example.com", 60 * more, 0.004, 0}, {"shop.example.net", 8, 0.008, 0}, {"news.example.org", 0.5, 0.01, 0},
			{"new.example.com", 6, 0.01, 12},
		},
		names: []string{"gmail", "microsoft", "yahoo"}, grey: map[int]bool{}, waiting: map[int][]try{}, moods: map[int]float64{},
	}
	sum := 0.0
	for i := range small {
		m.names = append(m.names, "mx"+string(rune('a'+i/26))+string(rune('a'+i%26))+".example")
		sum += 1 / float64(i+3)
		m.tail = append(m.tail, sum)
		m.grey[large+i] = m.rng.Float64() < 0.4
	}
	for day := range days {
		m.planDay(day)
	}
	m.plant()
	return m
}

// planDay adds a day's hiccups and campaigns.
func (m *month) planDay(day int) {
	reasons := []verdict.Reason{verdict.Timeout, verdict.SystemDown, verdict.ConnectFailure, verdict.DNSFailure, verdict.RateLimited}
	for range 1 + m.rng.IntN(6) {
		r := m.rng.IntN(large)
		if m.rng.IntN(2) == 0 {
			r = large + m.rng.IntN(small)
		}
		from := day*dayLength + m.rng.IntN(dayLength)
		m.hiccups = append(m.hiccups, hiccup{
			r, from, from + 1 + m.rng.IntN(9), reasons[m.rng.IntN(len(reasons))], 0.2 + 0.8*m.rng.Float64(),
		})
	}
	if day%7 >= 5 {
		return
	}
	for s, often := range []float64{0.1, 0.2, 0.7} {
		if m.rng.Float64() < often {
			from := day*dayLength + 7*60 + m.rng.IntN(10*60)
			m.camps = append(m.camps, campaign{
				s, from, from + 30 + m.rng.IntN(90), 80 + 160*m.rng.Float64(),
				0.03, 0.02 * m.rng.Float64(), 0.05 + 0.1*m.rng.Float64(),
			})
		}
	}
}

// plant chooses when the three incidents are, on three working days of the second
// to fourth week.
func (m *month) plant() {
	workday := func(week int) int { return (7*week + m.rng.IntN(5)) * dayLength }
	at := func(from, to int) int { return from*60 + m.rng.IntN((to-from)*60) }
	dmarc := workday(1) + 10*60 + 2
	burn := workday(2) + at(9, 15)
	block := workday(3) + at(9, 17)
	m.planted = []planted{
		{"gmail refuses for DMARC", dmarc, dmarc + 180, Group{"gmail", verdict.AuthFailed, "example.com"}, 0.97},
		{"microsoft slows down one in five", burn, burn + 480, Group{"microsoft", verdict.RateLimited, "example.com"}, 0.2},
		{"our address is on a blocklist", block, block + 300, Group{Many, verdict.IPReputation, ""}, 0.6},
	}
}

// busy is how much of the busiest time's mail there is: by night a twelfth, at the
// weekend two fifths.
func busy(minute int) float64 {
	hour := float64(minute%dayLength) / 60
	b := 1/12.0 + 11/12.0*math.Pow(math.Max(0, math.Sin((hour-5)/17*math.Pi)), 1.5)
	if hour < 5 || hour > 22 {
		b = 1 / 12.0
	}
	if minute/dayLength%7 >= 5 {
		b *= 0.4
	}
	return b
}

// poisson draws a number with that mean.
func (m *month) poisson(mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*m.rng.NormFloat64())))
	}
	n, p, limit := 0, m.rng.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= m.rng.Float64()
	}
	return n
}

// minute returns the tries of a minute.
func (m *month) minute(now int) []try {
	tries := m.waiting[now]
	delete(m.waiting, now)
	for i, s := range m.senders {
		if now >= s.from*dayLength {
			tries = m.mail(tries, i, s.daily*busy(now), nil)
		}
	}
	for i := range m.camps {
		if c := &m.camps[i]; c.from <= now && now < c.to {
			tries = m.mail(tries, c.sender, c.rate, c)
		}
	}
	return tries
}

func (m *month) mail(tries []try, sender int, rate float64, c *campaign) []try {
	for range m.poisson(rate) {
		tries = append(tries, try{receiver: m.receiver(), sender: sender, camp: c})
	}
	return tries
}

// receiver draws one: large ones have three quarters of the mail.
func (m *month) receiver() int {
	u := m.rng.Float64()
	switch {
	case u < 0.4:
		return gmail
	case u < 0.65:
		return microsoft
	case u < 0.75:
		return yahoo
	}
	x := m.rng.Float64() * m.tail[small-1]
	lo, hi := 0, small-1
	for lo < hi {
		if mid := (lo + hi) / 2; m.tail[mid] < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return large + lo
}

// outcome is the reason for which a try fails, "" if it doesn't.
func (m *month) outcome(now int, t try) verdict.Reason {
	for i := range m.planted {
		if p := &m.planted[i]; p.from <= now && now < p.to && m.hits(p, t) && m.rng.Float64() < p.share {
			return p.group.Reason
		}
	}
	for i := range m.hiccups {
		if h := &m.hiccups[i]; h.receiver == t.receiver && h.from <= now && now < h.to && m.rng.Float64() < h.share {
			return h.reason
		}
	}
	return m.ordinary(now, t)
}

// hits reports whether a planted incident is about a try. A blocklist is asked by
// three small receivers in four.
func (m *month) hits(p *planted, t try) bool {
	if p.group.Receiver == Many {
		return t.receiver >= large && t.receiver%4 != 0
	}
	return m.names[t.receiver] == p.group.Receiver && m.senders[t.sender].domain == p.group.Sender
}

// ordinary is what happens every day.
func (m *month) ordinary(now int, t try) verdict.Reason {
	u := m.rng.Float64()
	less := func(p float64) bool { u -= p; return u < 0 }
	dead := m.senders[t.sender].dead
	if t.camp != nil {
		dead = t.camp.dead
	}
	switch {
	case less(dead):
		return verdict.BadMailbox
	case less(0.002):
		return verdict.MailboxFull
	case less(0.001):
		return verdict.Timeout
	case less(0.001):
		return verdict.Policy
	case t.receiver >= large && less(0.001):
		return verdict.IPReputation
	case t.receiver == gmail && less(0.003):
		return verdict.AuthFailed
	case t.receiver == gmail && t.camp != nil && less(t.camp.spam):
		return verdict.SpamContent
	case t.receiver == yahoo && t.camp != nil && less(t.camp.slow):
		return verdict.RateLimited
	case t.receiver == microsoft && less(m.mood(now)):
		return verdict.RateLimited
	case m.grey[t.receiver] && !t.again && less(0.5):
		return verdict.Greylisted
	case t.receiver%67 == 5 && less(0.9): // three receivers have never taken our mail
		return verdict.SystemConfig
	}
	return ""
}

// mood is how much microsoft puts off on a day: up to two in a hundred.
func (m *month) mood(now int) float64 {
	day := now / dayLength
	if _, ok := m.moods[day]; !ok {
		m.moods[day] = 0.02 * m.rng.Float64()
	}
	return m.moods[day]
}

// bucket returns the month's bucket i.
func (m *month) bucket(i int) Bucket {
	minutes := int(Width / time.Minute)
	total, failed := map[[2]int]int64{}, map[[2]int]map[verdict.Reason]int64{}
	for now := i * minutes; now < (i+1)*minutes; now++ {
		for _, t := range m.minute(now) {
			key := [2]int{t.receiver, t.sender}
			total[key]++
			reason := m.outcome(now, t)
			if reason == "" {
				continue
			}
			if failed[key] == nil {
				failed[key] = map[verdict.Reason]int64{}
			}
			failed[key][reason]++
			switch reason {
			case verdict.Timeout, verdict.SystemDown, verdict.ConnectFailure, verdict.DNSFailure, verdict.RateLimited, verdict.Greylisted:
				next := now + 15
				m.waiting[next] = append(m.waiting[next], try{t.receiver, t.sender, true, t.camp})
			}
		}
	}
	b := Bucket{At: m.begin.Add(time.Duration(i) * Width)}
	for key, n := range total {
		r, s := m.names[key[0]], m.senders[key[1]].domain
		b.Totals = append(b.Totals, Total{r, s, n})
		for reason, k := range failed[key] {
			b.Failures = append(b.Failures, Failures{Group{r, reason, s}, k})
		}
	}
	return b
}
