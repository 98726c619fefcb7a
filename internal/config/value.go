package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Duration is a length of time, or [Forever].
type Duration time.Duration

// Forever is longer than any other Duration.
const Forever Duration = math.MaxInt64

// MaxDuration bounds a Duration that is not Forever.
const MaxDuration = 36500 * day

const day = Duration(24 * time.Hour)

// ParseDuration reads "14d", "36h", "1h30m", "500ms" or "forever".
func ParseDuration(s string) (Duration, error) {
	wrong := fmt.Errorf(`%q is not a length of time: want one like "500ms", "36h", "14d" or "forever", of at most 36500d`, s)
	if s == "forever" {
		return Forever, nil
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseUint(n, 10, 32)
		if err != nil || Duration(days) > MaxDuration/day {
			return 0, wrong
		}
		return Duration(days) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || Duration(d) > MaxDuration {
		return 0, wrong
	}
	return Duration(d), nil
}

// String is d as [ParseDuration] reads it.
func (d Duration) String() string {
	switch {
	case d == Forever:
		return "forever"
	case d != 0 && d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// A Size is a number of bytes.
type Size int64

// The units of a [Size].
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

var sizeUnits = []struct {
	name string
	size Size
}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"", 1}}

// ParseSize reads "64MiB", "10MB" or "65536".
func ParseSize(s string) (Size, error) {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(u.size) {
			break
		}
		return Size(n) * u.size, nil
	}
	return 0, fmt.Errorf(`%q is not a size: want one like "64MiB", "10MB" or "65536"`, s)
}

// String is n as [ParseSize] reads it.
func (n Size) String() string {
	for _, u := range sizeUnits {
		if n != 0 && n%u.size == 0 && (u.size%KiB == 0 || u.size == 1) {
			return strconv.FormatInt(int64(n/u.size), 10) + u.name
		}
	}
	return "0"
}
