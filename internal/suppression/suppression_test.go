package suppression

import (
	"encoding/hex"
	"testing"
	"time"
)

// TestHash: the values are those of Python's hmac module.
func TestHash(t *testing.T) {
	t.Parallel()
	var key [32]byte
	for i := range key {
		key[i] = byte(i)
	}
	for _, tt := range []struct {
		target       Target
		normal, want string
	}{
		{Address, "bob@example.net", "3b16e350f9be2e102c94421f8401833994b8199bc03b1c1485be4598accd44aa"},
		{Domain, "example.net", "d61816c36dde2576f0d90d75addc295c8efa5bae1d4b85fab682af829b83c608"},
	} {
		if got := Hash(key, tt.target, tt.normal); hex.EncodeToString(got[:]) != tt.want {
			t.Errorf("Hash(%s, %q) = %x, want %s", tt.target, tt.normal, got, tt.want)
		}
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		s    Suppression
		now  float64
		want bool
	}{
		{"in its time", Suppression{State: Active, Since: on(1), Until: on(15)}, 2, true},
		{"at its end", Suppression{State: Active, Since: on(1), Until: on(15)}, 15, false},
		{"without end", Suppression{State: Active, Since: on(1)}, 9999, true},
		{"before it began, by a clock that went back", Suppression{State: Active, Since: on(1), Until: on(15)}, 0, true},
		{"lifted", Suppression{State: Lifted, Since: on(1)}, 2, false},
		{"the zero one", Suppression{}, 2, false},
	} {
		if got := tt.s.Holds(on(tt.now)); got != tt.want {
			t.Errorf("%s: Holds = %v", tt.name, got)
		}
	}
}

func TestStronger(t *testing.T) {
	t.Parallel()
	// From the strongest on.
	order := []Suppression{
		{Rule: ByHand, Since: on(5)},
		{Rule: ByImport, Since: on(6)},
		{Rule: ByHand, Until: on(9)},
		{Rule: "complaint", Since: on(1)},
		{Rule: "bad-address", Since: on(1), Until: on(61)},
		{Rule: "expired", Since: on(1), Until: on(8)},
		{Rule: "expired", Since: on(2), Until: on(8)},
	}
	for i := range order {
		for k := range order {
			if got := order[i].Stronger(&order[k]); got != (i < k) {
				t.Errorf("no. %d stronger than no. %d: %v", i, k, got)
			}
		}
	}
}

func TestStreamFor(t *testing.T) {
	t.Parallel()
	r := Rule{}
	if got := r.StreamFor("news"); got != "news" {
		t.Errorf("StreamFor = %q", got)
	}
	r.Everywhere = true
	if got := r.StreamFor("news"); got != AllStreams {
		t.Errorf("StreamFor of a rule for all = %q", got)
	}
}

func TestStateOfWithoutProbation(t *testing.T) {
	t.Parallel()
	var r Rules
	s := Suppression{State: Active, Since: on(1), Until: on(2)}
	if got := r.StateOf(&s, on(2)); got != Ended {
		t.Errorf("StateOf = %q, want %q", got, Ended)
	}
	s.Until = time.Time{}
	if got := r.StateOf(&s, on(9999)); got != Active {
		t.Errorf("StateOf without end = %q", got)
	}
}
