package walk

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// heard are the stages at which an address is heard.
func heard() []order.Stage {
	return []order.Stage{order.Auth, order.Mail, order.Rcpt, order.Begin, order.Message}
}

// dashed is the name of a tag for senders that refuse other marks.
func dashed(r check.Reply) string {
	return fmt.Sprintf("bounce-%d-%s", r.ReplyCode, strings.ReplaceAll(r.Code.String(), ".", "-"))
}

// try takes a way, and reports what is wrong.
func try(t *testing.T, c *Config, w Way) Way {
	t.Helper()
	if err := c.take(t.Context(), &w); err != nil {
		t.Errorf("%s at %s: %v", w.Tag, w.Stage, err)
	}
	return w
}

// TestEveryCodeAtEveryStage asks for each code in each class that its definition allows,
// wherever an address is heard, in both forms.
func TestEveryCodeAtEveryStage(t *testing.T) {
	c := own(t)
	n := 0
	for _, e := range nixie.Builtin().Entries() {
		for _, class := range e.Classes.List() {
			if e.Deprecated {
				continue
			}
			want := check.Reply{ReplyCode: general(class), Code: e.Detail.In(class)}
			for _, stage := range heard() {
				if stage == order.Begin && class == nixie.Success {
					continue // DATA is answered with 354, or a failure
				}
				try(t, &c, tag(stage, want))
				try(t, &c, named(stage, dashed(want), want))
				n += 2
			}
		}
	}
	if n < 1000 {
		t.Errorf("%d ways; want at least 1000", n)
	}
}

// withdrawn is the one deprecated code of the registry.
func withdrawn() nixie.Detail { return nixie.MustCode("2.6.10").Detail() }

// deprecated finds it in any class.
var deprecated = regexp.MustCompile(`\b[245]\.6\.10\b`)

// TestDeprecatedIsRefused asks for X.6.10 in all ways there are.
func TestDeprecatedIsRefused(t *testing.T) {
	c := own(t)
	refused := check.Reply{ReplyCode: 501, Code: nixie.MustCode("5.5.4")}
	for _, class := range []nixie.Class{nixie.Success, nixie.Transient, nixie.Permanent} {
		code := withdrawn().In(class)
		asked := check.Reply{ReplyCode: general(class), Code: code}
		names := []string{
			code.String(), fmt.Sprintf("%d-%s", asked.ReplyCode, code), "bounce+" + code.String(), dashed(asked),
			"accept_later-" + code.String(), "delay-" + code.String(), "550-5.1.1&" + code.String(), code.String() + "~1",
		}
		for _, name := range names {
			for _, stage := range []order.Stage{order.Auth, order.Mail, order.Rcpt} {
				w := try(t, &c, named(stage, name, refused))
				if words := w.Reply.Text(); !strings.Contains(words, "deprecated") {
					t.Errorf("%s at %s: %q doesn't say why", name, stage, words)
				}
			}
		}
	}
}

// TestDeprecatedIsNowhere looks through all that the lab can say.
func TestDeprecatedIsNowhere(t *testing.T) {
	list := whole(t, Config{})
	for i := range list {
		for _, w := range append(list[i].Causes, list[i].Tags...) {
			if w.Reply.Code().Detail() == withdrawn() {
				t.Errorf("%v was sent: %q", list[i].Detail, w.Reply.String())
			}
			if w.Want.ReplyCode != 501 && deprecated.MatchString(w.Reply.String()) {
				t.Errorf("%v: %q names it", list[i].Detail, w.Reply.String())
			}
		}
	}
	for _, c := range check.Causes() {
		if c.Detail == withdrawn() && c.By != check.Never {
			t.Errorf("there is a cause: %+v", c)
		}
	}
	if deprecated.MatchString(check.BuiltinText()) {
		t.Error("a fixture has it")
	}
	for _, r := range order.RealWords() {
		if r.Code.Detail() == withdrawn() || deprecated.MatchString(strings.Join(r.Lines, "\n")) {
			t.Errorf("%s/%s has it", r.Receiver, r.Name)
		}
	}
	unregistered := nixie.MustCode("5.6.999").Detail()
	for _, class := range []nixie.Class{nixie.Success, nixie.Transient, nixie.Permanent} {
		for _, stage := range order.Stages() {
			words := order.Words(stage, 0, withdrawn().In(class))
			if unknown := order.Words(stage, 0, unregistered.In(class)); len(words) != 1 || words[0] != unknown[0] {
				t.Errorf("%s has words for it: %q", stage, words)
			}
		}
	}
}

// TestDeprecatedInScript holds that a scenario file can't have it either.
func TestDeprecatedInScript(t *testing.T) {
	for _, answer := range []string{`"252-2.6.10"`, `{ code = "5.6.10" }`, `{ reply = 550, code = "5.6.10" }`, `{ order = "accept", late = { kind = "bounce", code = "5.6.10" } }`} {
		l, err := lab.Start(t.Context(), lab.Config{HTTP: lab.Off, DNS: lab.Off, NoPeers: true, ScriptName: "old.toml", Script: []byte("[[rule]]\nname = \"old\"\nanswer = " + answer + "\n")})
		if err == nil {
			t.Errorf("%s is taken", answer)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		} else if !strings.Contains(err.Error(), "deprecated") {
			t.Errorf("%s: %v; want an error that says it is deprecated", answer, err)
		}
	}
}
