package lab

import (
	"strconv"
	"testing"
)

// TestTurns: an order that holds a number of times is carried out so often, for each by
// itself, and begins anew when it is forgotten.
func TestTurns(t *testing.T) {
	var c counts
	a, b := turn{"address 4.2.2~2", "a@example.org", "b@lab.test"}, turn{"address 4.2.2~2", "c@example.org", "b@lab.test"}
	for i, want := range []bool{true, true, false, false} {
		if got := c.add(a, 2); got != want {
			t.Errorf("turn %d: %v, want %v", i, got, want)
		}
	}
	if !c.add(b, 2) {
		t.Error("another sender has the first one's turns")
	}
	c.forget(a)
	if !c.add(a, 2) || !c.add(b, 2) || c.add(b, 2) {
		t.Error("what is forgotten is not what was asked for")
	}
}

// TestTurnsAreBounded: of maxTurns that are counted the last half is known for sure, and
// never more than maxTurns are.
func TestTurnsAreBounded(t *testing.T) {
	var c counts
	nth := func(i int) turn { return turn{"address 5.1.1~1", "a@example.org", strconv.Itoa(i)} }
	for i := range 2 * maxTurns {
		c.add(nth(i), 1)
		if n := len(c.now) + len(c.old); n > maxTurns {
			t.Fatalf("after %d turns %d are remembered, want at most %d", i+1, n, maxTurns)
		}
	}
	for i := 2*maxTurns - maxTurns/2; i < 2*maxTurns; i++ {
		if c.add(nth(i), 1) {
			t.Fatalf("turn %d of %d was forgotten", i, 2*maxTurns)
		}
	}
	if !c.add(nth(0), 1) {
		t.Error("the first one of all is still known")
	}
}
