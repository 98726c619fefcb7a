package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads "500ms", "30s" or "1m30s", up to most.
func parseDuration(s string, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > most {
		return 0, fmt.Errorf(`%s is not a length of time: want one like "500ms", "30s" or "1m30s", of at most %v`, quote(s), most)
	}
	return d, nil
}

// upTo reads a length of time that is not zero.
func upTo(most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := parseDuration(s, most)
		if err == nil && d == 0 {
			err = fmt.Errorf("%s is no time at all: leave it out", quote(s))
		}
		return d, err
	}
}

// A span is a length of time from least to most, each as likely.
type span struct{ least, most time.Duration }

// parseSpan reads "2s" or "1s..5s".
func parseSpan(s string) (span, error) {
	from, to, two := strings.Cut(s, "..")
	least, err := parseDuration(from, MaxDelay)
	if err != nil || !two {
		return span{least, least}, err
	}
	most, err := parseDuration(to, MaxDelay)
	if err == nil && most < least {
		err = fmt.Errorf("%s goes backwards: want the shorter time first", quote(s))
	}
	return span{least, most}, err
}

// draw picks a time; random is asked only where there is something to pick.
func (d span) draw(random func() float64) time.Duration {
	if d.most == d.least {
		return d.least
	}
	return d.least + time.Duration(random()*float64(d.most-d.least))
}

// A rate is a number in a period. The zero rate is none.
type rate struct {
	number int
	period time.Duration
}

// parseRate reads "10/min", "5/s", "100/h", "1000/day" or "10/30s".
func parseRate(s string) (rate, error) {
	number, period, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(number)
	var d time.Duration
	switch period {
	case "s":
		d = time.Second
	case "min":
		d = time.Minute
	case "h":
		d = time.Hour
	case "day":
		d = 24 * time.Hour
	default:
		if d, _ = parseDuration(period, MaxPeriod); d < time.Second {
			err = strconv.ErrRange
		}
	}
	if err != nil || n < 1 || n > MaxTimes {
		return rate{}, fmt.Errorf(`%s is not a rate: want one like "10/min", "5/s", "100/h", "1000/day" or "10/30s", a number up to %d in 1s up to %v`,
			quote(s), MaxTimes, MaxPeriod)
	}
	return rate{n, d}, nil
}

// parseSize reads "65536", "10kB", "1MB", "64KiB" or "1MiB".
func parseSize(s string) (int64, error) {
	unit := int64(1)
	digits := s
	for _, u := range []struct {
		name string
		size int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}} {
		if before, ok := strings.CutSuffix(s, u.name); ok {
			digits, unit = before, u.size
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf(`%s is not a size: want one like "1MB", "64KiB" or "65536"`, quote(s))
	}
	return n * unit, nil
}

// readSize reads a size that is a text or a number of bytes.
func readSize(n *node) (int64, error) {
	if v, ok := n.value.(int64); ok {
		return parseSize(strconv.FormatInt(v, 10))
	}
	return parsed(parseSize)(n)
}

// readPercent reads a number above 0, up to 100.
func readPercent(n *node) (float64, error) {
	v, ok := n.value.(float64)
	if i, whole := n.value.(int64); whole {
		v, ok = float64(i), true
	}
	if !ok {
		return 0, fmt.Errorf("want a number, not %s", n.kind)
	}
	if !(v >= 0.01 && v <= 100) { // NaN is not
		return 0, fmt.Errorf("%v is not between 0.01 and 100", v)
	}
	return v, nil
}
