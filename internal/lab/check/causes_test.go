package check_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// TestCausesAreWhole holds the table against the registry: each of its 81 codes is
// there, and all but five can be on the wire.
func TestCausesAreWhole(t *testing.T) {
	by := map[nixie.Detail]map[check.By]int{}
	for _, c := range check.Causes() {
		if by[c.Detail] == nil {
			by[c.Detail] = map[check.By]int{}
		}
		by[c.Detail][c.By]++
		if c.How == "" || !strings.HasSuffix(c.How, ".") {
			t.Errorf("%v: how is %q; want a sentence", c.Detail, c.How)
		}
		if (c.By == check.Never) != c.Code().IsZero() || (c.By == check.Never) != (len(c.Try.Steps) == 0) {
			t.Errorf("%v by %s: code %q, %d steps", c.Detail, c.By, c.Code(), len(c.Try.Steps))
		}
	}
	natural, wire := 0, 0
	for _, e := range nixie.Builtin().Entries() {
		switch how := by[e.Detail]; {
		case len(how) == 0:
			t.Errorf("no cause for %v", e.Detail)
		case how[check.Never] > 0 && len(how) > 1:
			t.Errorf("%v is never on the wire, and has a cause", e.Detail)
		case how[check.Natural]+how[check.Server] > 0:
			natural++
			wire++
		case how[check.Address] > 0:
			wire++
		}
	}
	if len(by) != 81 || wire != 76 || natural < 65 {
		t.Errorf("%d codes, %d on the wire, %d by a natural cause; want 81, 76, at least 65", len(by), wire, natural)
	}
	for _, d := range []nixie.Detail{
		nixie.MessageRelayedToNonCompliantMailer, nixie.OtherOrUndefinedNetworkOrRoutingStatus, nixie.NoAnswerFromHost,
		nixie.DeliveryTimeExpired,
		//lint:ignore SA1019 the table has all codes
		nixie.UTF8ReplyRequiredDuplicate,
	} {
		if by[d][check.Never] != 1 {
			t.Errorf("%v should never be on the wire", d)
		}
	}
}

// unlisted are replies that the registry doesn't have, and why they are said anyway.
func unlisted() map[string]string {
	return map[string]string{
		"452 4.2.2": "the registry has 552 only, and the class of a transient code is 4",
		"550 5.1.8": "the registry has 451 and 501, which is for syntax; Postfix says 450 or, if told so, 550",
		"452 4.5.3": "RFC 5321, 4.5.3.1.10",
		"550 5.5.3": "the registry has 451 only, and the class of a permanent code is 5",
		"554 5.6.4": "the registry has 250 only, and the class of a permanent code is 5",
	}
}

func TestCausesFitTheRegistry(t *testing.T) {
	for _, c := range check.Causes() {
		if c.By == check.Never {
			continue
		}
		reply := check.Reply{ReplyCode: c.ReplyCode, Code: c.Code()}
		if _, err := nixie.NewReply(reply.ReplyCode, reply.Code, "Words"); err != nil {
			t.Errorf("%v: %v", c.Detail, err)
		}
		text := fmt.Sprintf("%d %s", c.ReplyCode, c.Code())
		fits := nixie.Builtin().Entry(c.Detail).FitsReplyCode(c.ReplyCode)
		switch why := unlisted()[text]; {
		case why == "" && !fits:
			t.Errorf("the registry has no %s", text)
		case why != "" && fits:
			t.Errorf("the registry has %s, and it stands among the unlisted", text)
		}
	}
}

// TestCausesOfAddresses holds that a tag asks for what it is said to.
func TestCausesOfAddresses(t *testing.T) {
	n := 0
	for _, c := range check.Causes() {
		if c.By != check.Address {
			continue
		}
		n++
		_, address, _ := strings.Cut(c.Try.Steps[1].Send, "<")
		local, _, _ := strings.Cut(address, "@")
		orders, tagged, err := order.Parse(local)
		if err != nil || !tagged || len(orders) != 1 {
			t.Errorf("%s: %v, %v, %v", local, orders, tagged, err)
			continue
		}
		o := orders[0]
		stage := o.Stage
		if stage == "" {
			stage = order.Rcpt
		}
		if o.ReplyCode != c.ReplyCode || o.Code != c.Code() || stage != c.Stage {
			t.Errorf("%s asks for %d %s at %q; want %d %s at %q", local, o.ReplyCode, o.Code, stage, c.ReplyCode, c.Code(), c.Stage)
		}
	}
	if n == 0 {
		t.Error("no cause by address")
	}
}

// TestNaturalCauses says to a Checker what each Try says, as the engine would.
func TestNaturalCauses(t *testing.T) {
	n := 0
	for _, c := range check.Causes() {
		if c.By != check.Natural {
			continue
		}
		n++
		t.Run(c.Code().String()+" "+string(c.Stage), func(t *testing.T) {
			s := newSession(t, newChecker(t, nil))
			if c.Try.Client.IsValid() {
				s.ask.Client = c.Try.Client
			}
			for _, step := range c.Try.Steps {
				s.step(step)
			}
		})
	}
	if n < 60 {
		t.Errorf("%d natural causes; want at least 60", n)
	}
}
