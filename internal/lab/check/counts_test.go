package check

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestCountsAreBounded(t *testing.T) {
	c := newCounts[int](3)
	add := func(name string) { c.change(keyOf(name), func(n int, _ bool) int { return n + 1 }) }
	for _, name := range []string{"a", "b", "c", "a"} {
		add(name)
	}
	if got := c.get(keyOf("A")); got != 2 {
		t.Errorf("a was counted %d times; want 2, in any case", got)
	}
	add("d")
	if c.len() != 3 || c.get(keyOf("a")) != 0 || c.get(keyOf("b")) != 1 {
		t.Errorf("%d values, a %d, b %d; want 3, and a forgotten as the first that came", c.len(), c.get(keyOf("a")), c.get(keyOf("b")))
	}
	for i := range 100 {
		add(fmt.Sprint(i))
	}
	if c.len() != 3 || c.get(keyOf("99")) != 1 || c.get(keyOf("97")) != 1 || c.get(keyOf("96")) != 0 {
		t.Errorf("%d values; want the last three", c.len())
	}
	c.clear()
	if c.len() != 0 || c.get(keyOf("99")) != 0 {
		t.Error("not empty after clear")
	}
	for i := range 5 {
		add(fmt.Sprint(i))
	}
	if c.len() != 3 {
		t.Errorf("%d values after clear; want 3", c.len())
	}
}

func TestKeyOfKeepsPartsApart(t *testing.T) {
	if keyOf("a", "bc") == keyOf("ab", "c") {
		t.Error("a, bc and ab, c are one key")
	}
}

func TestNetwork(t *testing.T) {
	tests := []struct{ client, want string }{
		{"192.0.2.77", "192.0.2.0/24"},
		{"::ffff:192.0.2.77", "192.0.2.0/24"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	}
	for _, tt := range tests {
		if got := network(netip.MustParseAddr(tt.client)); got != tt.want {
			t.Errorf("network(%s) is %q; want %q", tt.client, got, tt.want)
		}
	}
	if got := network(netip.Addr{}); got != "" {
		t.Errorf("of a Unix socket it is %q; want none", got)
	}
}

func TestSecondsRoundUp(t *testing.T) {
	for d, want := range map[time.Duration]int{time.Nanosecond: 1, time.Second: 1, time.Second + 1: 2, 30 * time.Second: 30} {
		if got := seconds(d); got != want {
			t.Errorf("seconds(%v) is %d; want %d", d, got, want)
		}
	}
}

func TestPriorityValues(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "9": 9, "-9": -9, "-1": -1} {
		if got, ok := parsePriority(text); !ok || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "-", "-0", "10", "-10", "+1", "--1", "x", "1 "} {
		if got, ok := parsePriority(text); ok {
			t.Errorf("%q is %d; want none", text, got)
		}
	}
}

func TestFields(t *testing.T) {
	header := []byte("RECEIVED : one\r\nReceived-SPF: no\r\nreceived:\r\n two\r\n\tlines\r\nX: Received: no\r\nReceived: three")
	got := fields(header, "received", 10)
	if want := []string{"one", "two\tlines", "three"}; fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("fields are %q; want %q", got, want)
	}
	if got := len(fields(header, "received", 2)); got != 2 {
		t.Errorf("%d fields; want 2 at most", got)
	}
	if got := countReceived(header); got != 3 {
		t.Errorf("%d Received fields; want 3", got)
	}
}
