package script

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// FuzzParse reads any file, and asks whatever can be read at every stage.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"examples/*.toml", "testdata/*.toml", "testdata/bad/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: no seeds: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, "a@x", "b@y", "Subject: z\r\n", int64(1000), uint8(10))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, from, to, header string, size int64, chance uint8) {
		s, err := Parse("fuzz.toml", text)
		if err != nil {
			checkError(t, err, strings.Count(string(text), "\n")+1)
			return
		}
		state := NewState(5)
		random := func() float64 { return float64(chance) / 256 }
		for i := range 3 {
			for _, stage := range order.Stages() {
				ask := order.Ask{
					Stage: stage, Now: begin().Add(time.Duration(i) * 10 * time.Second), Client: netip.AddrFrom4([4]byte{127, 0, 0, chance}),
					Hello: from, Login: to, Line: header, From: from, To: to, Recipients: []string{to, from}, Size: size, Header: []byte(header),
				}
				o, decided := s.Order(&ask, state, random)
				checkOrder(t, stage, o, decided)
			}
		}
		if n := state.Counters(); n > 5 {
			t.Errorf("%d counters, want at most 5", n)
		}
	})
}

// checkError wants problems that stand in the file and are fit for a terminal.
func checkError(t *testing.T, err error, lines int) {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		var p *Problem
		if !errors.As(err, &p) {
			t.Fatalf("%v is no Problem", err)
		}
		if p.Line < 0 || p.Line > lines || p.Text == "" || printable(p.Error()) != p.Error() {
			t.Errorf("of %d lines: %q", lines, p.Error())
		}
	}
}

func checkOrder(t *testing.T, stage order.Stage, o order.Order, decided bool) {
	if !decided && o.Answers() {
		t.Errorf("%s: an answer that decides nothing: %+v", stage, o)
	}
	if o.Cause == "" {
		if decided || o.Stall != 0 || o.Late.Kind != order.NoLate {
			t.Errorf("%s: an order without cause: %+v", stage, o)
		}
		return
	}
	if o.Stage != stage || o.Times != 0 || o.Percent != 0 || o.Stall < 0 || o.Stall > MaxDelay || o.Late.After < 0 || o.Late.After > MaxLate {
		t.Errorf("%s: %+v", stage, o)
	}
	if o.ReplyCode != 0 && len(o.Raw) == 0 && !strings.Contains(strings.Join(o.Lines, ""), "{") {
		if _, err := nixie.NewReply(o.ReplyCode, o.Code, o.Lines...); err != nil {
			t.Errorf("%s: %v", stage, err)
		}
	}
}
