package app

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/policy"
	"github.com/nixiemail/nixie/internal/suppression"
)

// dropping is an App that ann@example.net has been refused to.
func dropping(t *testing.T, mode string) *App {
	c := testConfig(t)
	c.Gate.Mode = mode
	a := opened(t, c, at(today))
	if r := post(t, a, refusal("ann@example.net", "<1@example.org>")); !r.News[0].Suppressed {
		t.Fatalf("the refusal drops nobody: %+v", r)
	}
	return a
}

var asked = policy.Asked{Recipient: "Ann@Example.NET", Sender: "shop@example.org", Client: "192.0.2.7", Instance: "123.456.7", State: "RCPT"}

func drops(t *testing.T, a *App) []delivery.Entry {
	page, err := a.store.Events(t.Context(), delivery.Filter{Kinds: []delivery.Kind{delivery.Drop}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

func TestGate(t *testing.T) {
	for _, c := range []struct {
		mode      string
		do, look  policy.Do
		events    int
		replyCode int
	}{
		{config.ModeRefuse, policy.Refuse, policy.Refuse, 1, 550},
		{config.ModeDiscard, policy.Refuse, policy.Discard, 1, 550},
		{config.ModeNote, policy.Note, policy.Note, 0, 0},
	} {
		t.Run(c.mode, func(t *testing.T) {
			a := dropping(t, c.mode)
			g := a.gate()
			first, err := g.Check(t.Context(), asked)
			if err != nil || first.Do != c.do {
				t.Fatalf("told to %s, %v; want %s", first.Do, err, c.do)
			}
			for _, words := range []string{"bad-mailbox", "first on 2026-11-22", "550 5.1.1 <ann@example.net>: User unknown"} {
				if !strings.Contains(first.Text, words) {
					t.Errorf("the answer %q lacks %q", first.Text, words)
				}
			}
			// Asked again about the same message: one event, the same answer.
			if again, err := g.Check(t.Context(), asked); err != nil || again != first {
				t.Errorf("then told %+v, %v; at first %+v", again, err, first)
			}
			events := drops(t, a)
			if len(events) != c.events {
				t.Fatalf("%d events, want %d", len(events), c.events)
			}
			if c.events > 0 {
				e := events[0]
				if ref, ok := delivery.DropRef(delivery.DropWords + first.Text); !ok || ref != e.Delivery {
					t.Errorf("the answer %q refers to %s, the event is about %s", first.Text, ref, e.Delivery)
				}
				if e.Event.ReplyCode != c.replyCode || e.Event.Told != delivery.Dropped || e.Recipient != asked.Recipient {
					t.Errorf("the event is %+v", e)
				}
			}
			if look, err := g.Look(t.Context(), "ann@example.net"); err != nil || look.Do != c.look || !strings.Contains(look.Text, "bad-mailbox") {
				t.Errorf("the map says %+v, %v", look, err)
			}
		})
	}
}

// TestGateInstances: another message is another drop, and without an instance every
// question is about another message.
func TestGateInstances(t *testing.T) {
	a := dropping(t, config.ModeRefuse)
	g := a.gate()
	other, none := asked, asked
	other.Instance, none.Instance = "123.456.8", ""
	texts := map[string]bool{}
	for _, q := range []policy.Asked{asked, other, none, none} {
		answer, err := g.Check(t.Context(), q)
		if err != nil || answer.Do != policy.Refuse {
			t.Fatalf("told %+v, %v", answer, err)
		}
		texts[answer.Text] = true
	}
	if n := len(drops(t, a)); n != 4 || len(texts) != 4 {
		t.Errorf("%d events and %d answers, want 4 of both", n, len(texts))
	}
}

// TestGateOthers: who is not dropped is mailed, and nothing is kept of it.
func TestGateOthers(t *testing.T) {
	a := dropping(t, config.ModeRefuse)
	g := a.gate()
	for _, recipient := range []string{"bob@example.net", "", "ann", "ann@sub.example.net", "ann@example.net.evil.example"} {
		q := asked
		q.Recipient = recipient
		if answer, err := g.Check(t.Context(), q); err != nil || answer.Do != policy.GoOn {
			t.Errorf("%q: told %+v, %v", recipient, answer, err)
		}
		if answer, err := g.Look(t.Context(), recipient); err != nil || answer.Do != policy.GoOn {
			t.Errorf("%q: the map says %+v, %v", recipient, answer, err)
		}
	}
	if n := len(drops(t, a)); n != 0 {
		t.Errorf("%d events", n)
	}
}

// TestGateStream: who is dropped in one stream is mailed in another.
func TestGateStream(t *testing.T) {
	c := testConfig(t)
	c.Streams = []config.Stream{{Name: "invoices", Senders: []string{"*@invoices.example.org"}}}
	a := opened(t, c, at(today))
	p := refusal("ann@example.net", "<1@example.org>")
	p.Sender = "shop@example.org"
	post(t, a, p)
	g := a.gate()
	q := asked
	q.Sender = "robot@invoices.example.org"
	if answer, err := g.Check(t.Context(), q); err != nil || answer.Do != policy.GoOn {
		t.Errorf("in another stream: told %+v, %v", answer, err)
	}
	if answer, err := g.Check(t.Context(), asked); err != nil || answer.Do != policy.Refuse {
		t.Errorf("in its stream: told %+v, %v", answer, err)
	}
}

// unkept finds everybody dropped, and keeps nothing.
type unkept struct{ memory }

func (u *unkept) Check(_ context.Context, _ string, addresses []string) ([]*suppression.Suppression, error) {
	return []*suppression.Suppression{{Rule: "bad-address", Since: today}}, nil
}

// TestGateUnwell: a drop that can't be kept is an error, at which the caller lets
// the mail go on.
func TestGateUnwell(t *testing.T) {
	a := opened(t, testConfig(t), at(today))
	g := a.gate()
	g.store = &unkept{memory{err: errUnwell}}
	if answer, err := g.Check(t.Context(), asked); !errors.Is(err, errUnwell) || answer.Do != policy.GoOn {
		t.Errorf("told %+v, %v", answer, err)
	}
}

// TestGateAtOnce: the first question after a start has no time for reading whom not to
// mail; that was done before.
func TestGateAtOnce(t *testing.T) {
	a := opened(t, testConfig(t), at(today))
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if answer, err := a.gate().Check(late, asked); err != nil || answer.Do != policy.GoOn {
		t.Errorf("told %+v, %v", answer, err)
	}
}

func TestWhy(t *testing.T) {
	two := []suppression.Strike{
		{At: today, Reason: "bad-mailbox", Reply: "550 5.1.1 first"},
		{At: today.AddDate(0, 0, 1), Reason: "mailbox-disabled", Reply: "550 5.2.1 second"},
	}
	for want, s := range map[string]*suppression.Suppression{
		"bad-mailbox, first on 2026-11-22: 550 5.1.1 first": {Rule: "bad-address", Evidence: two},
		"manual since 2026-11-22":                           {Rule: suppression.ByHand, Since: today},
		"complaint, first on 2026-11-22":                    {Evidence: []suppression.Strike{{At: today, Reason: "complaint"}}},
	} {
		if got := why(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
