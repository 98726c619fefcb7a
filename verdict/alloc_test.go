//go:build !race

// The race detector makes sync.Pool forget at random, so this is run without it.

package verdict

import (
	"testing"

	"github.com/nixiemail/nixie"
)

func TestOfAllocates(t *testing.T) {
	r, err := nixie.ParseReply("550 5.1.1 <user@example.com>: Recipient address rejected: User unknown")
	if err != nil {
		t.Fatal(err)
	}
	j := Builtin()
	if n := testing.AllocsPerRun(100, func() { j.Of(r, Hints{}) }); n > 4 {
		t.Errorf("%v allocations a reply, want at most 4", n)
	}
}
