package dsn

import (
	"testing"
	"time"
)

// TestUsualDate reads dates in both ways: white space before one keeps it from
// being read as usual.
func TestUsualDate(t *testing.T) {
	central := time.FixedZone("", -6*3600)
	for value, want := range map[string]time.Time{
		"Fri, 21 Nov 1997 09:55:06 -0600":       time.Date(1997, 11, 21, 9, 55, 6, 0, central), // RFC 5322, A.1.1
		"Fri, 21 Nov 1997 09:55:06 -0600 (CST)": time.Date(1997, 11, 21, 9, 55, 6, 0, central),
		"21 Nov 1997 09:55:06 -0600":            time.Date(1997, 11, 21, 9, 55, 6, 0, central),
		"TUE, 1 jul 2003 00:00:00 +0000":        time.Date(2003, 7, 1, 0, 0, 0, 0, time.UTC),
		"Tue, 01 Jul 2003 10:52:37 +0200":       time.Date(2003, 7, 1, 10, 52, 37, 0, time.FixedZone("", 2*3600)), // A.1.1
		"Thu, 29 Feb 2024 23:59:59 +0530":       time.Date(2024, 2, 29, 23, 59, 59, 0, time.FixedZone("", 5*3600+1800)),
		"Thu, 13 Feb 1969 23:32:54 -0330 (NST)": time.Date(1969, 2, 13, 23, 32, 54, 0, time.FixedZone("", -3*3600-1800)), // A.5, unfolded
	} {
		got, ok := usualDate(value)
		if !ok || !got.Equal(want) || got.Format(time.RFC3339) != want.Format(time.RFC3339) {
			t.Errorf("%q: %v, %v; want %v", value, got, ok, want)
		}
		other, strict := readDate(" " + value)
		if !strict || !other.Equal(want) {
			t.Errorf("%q, word by word: %v, %v; want %v", value, other, strict, want)
		}
	}
}

// TestUnusualDate has dates that something is wrong with, or that are only written
// otherwise.
func TestUnusualDate(t *testing.T) {
	for _, value := range []string{
		"", "Fri, ", "Fri, 21", "21 Nov 1997 09:55:06",
		"Sat, 21 Nov 1997 09:55:06 -0600", "Xyz, 21 Nov 1997 09:55:06 -0600",
		"31 Nov 1997 09:55:06 -0600", "0 Nov 1997 09:55:06 -0600", "121 Nov 1997 09:55:06 -0600",
		"21 Nox 1997 09:55:06 -0600", "21 Nov 0000 09:55:06 -0600", "21 Nov 97 09:55:06 -0600", "21 Nov 199x 09:55:06 -0600",
		"21 Nov 1997 24:55:06 -0600", "21 Nov 1997 09:60:06 -0600", "21 Nov 1997 09:55:60 -0600", "21 Nov 1997 9:55:06 -0600", "21 Nov 1997 09.55.06 -0600",
		"21 Nov 1997 09:55:06 -2400", "21 Nov 1997 09:55:06 -0660", "21 Nov 1997 09:55:06 00600", "21 Nov 1997 09:55:06 -06:00",
		"21 Nov 1997 09:55:06 -06000", "21 Nov 1997 09:55:06 -0600 (a (b))", "21 Nov 1997 09:55:06 -0600 (a) b", "21  Nov 1997 09:55:06 -0600",
	} {
		if got, ok := usualDate(value); ok {
			t.Errorf("%q is usual: %v", value, got)
		}
	}
}
