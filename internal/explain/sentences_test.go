package explain

import (
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

var classes = []nixie.Class{nixie.Success, nixie.Transient, nixie.Permanent}

// Every verdict that the vocabulary allows has its four sentences, none of them
// the one for what is not known.
func TestEveryVerdictHasSentences(t *testing.T) {
	const longest = 130
	for _, reason := range verdict.Reasons() {
		for _, scope := range verdict.Scopes() {
			for _, action := range verdict.Actions() {
				for _, class := range classes {
					v := verdict.Verdict{Reason: reason, Scope: scope, Action: action, Permanence: class}
					for what, text := range map[string]string{
						"headline": headline(&v), "finality": finality(&v, class, false),
						"concerns": concerns(&v), "next": next(&v, false),
					} {
						if text == "" || strings.HasPrefix(text, "There is no telling") || text == "Unknown." || strings.HasPrefix(text, "Unknown: neither") || text == "Read the server's own words." {
							t.Errorf("%s %s %s %s: no %s: %q", reason, class, scope, action, what, text)
						}
						if len(text) > longest || !strings.HasSuffix(text, ".") || text[0] < 'A' || text[0] > 'Z' {
							t.Errorf("%s %s %s %s: the %s is no short sentence: %q", reason, class, scope, action, what, text)
						}
					}
				}
			}
		}
	}
}

// A row is of use only if some verdict leads to it.
func TestEveryRowIsReached(t *testing.T) {
	said := map[string]bool{}
	for _, reason := range verdict.Reasons() {
		for _, scope := range verdict.Scopes() {
			for _, action := range verdict.Actions() {
				for _, class := range classes {
					v := verdict.Verdict{Reason: reason, Scope: scope, Action: action, Permanence: class}
					said[headline(&v)], said[concerns(&v)], said[next(&v, false)] = true, true, true
				}
			}
		}
	}
	for _, row := range happened {
		if !said[row.final] || !said[row.temporary] {
			t.Errorf("the headlines of %s, scope %q, are never used", row.reason, row.scope)
		}
	}
	for _, row := range whose {
		if !said[row.text] {
			t.Errorf("never used: %q", row.text)
		}
	}
	for _, row := range todo {
		if !said[row.text] {
			t.Errorf("never used: %q", row.text)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, c := range []struct {
		v                                verdict.Verdict
		class                            nixie.Class
		gaveUp                           bool
		headline, finality, whose, next_ string
	}{
		{
			verdict.Verdict{Reason: verdict.BadMailbox, Permanence: nixie.Permanent, Scope: verdict.ScopeRecipient, Action: verdict.Suppress},
			nixie.Permanent, false,
			"The mailbox does not exist.", "Final: ", "The recipient's: ", "Stop mailing this address.",
		},
		{
			verdict.Verdict{Reason: verdict.AuthFailed, Permanence: nixie.Permanent, Scope: verdict.ScopeSender, Action: verdict.FixDNSAuth},
			nixie.Permanent, false,
			"The message is not authenticated", "Final as it stands: ", "The sender's: ", "Put SPF, DKIM and DMARC",
		},
		{
			verdict.Verdict{Reason: verdict.RateLimited, Permanence: nixie.Transient, Scope: verdict.ScopeRecipient, Action: verdict.SlowDown},
			nixie.Transient, false,
			"The mailbox is getting too much mail", "Temporary: ", "The recipient's: ", "Send less to this mailbox",
		},
		{
			verdict.Verdict{Reason: verdict.MailboxDisabled, Permanence: nixie.Permanent, Scope: verdict.ScopeDomain, Action: verdict.Suppress},
			nixie.Permanent, false,
			"Mail is switched off for the recipient's whole domain.", "Final: ", "The recipient's domain: ", "Stop mailing the addresses at this domain",
		},
		{
			verdict.Verdict{Reason: verdict.MailboxFull, Permanence: nixie.Transient, Scope: verdict.ScopeRecipient, Action: verdict.Retry},
			nixie.Permanent, false,
			"The mailbox is full.", "Temporary, although the code begins with 5", "The recipient's: ", "Wait: ",
		},
		{
			verdict.Verdict{Reason: verdict.MailboxFull, Permanence: nixie.Transient, Scope: verdict.ScopeRecipient, Action: verdict.Retry},
			nixie.Transient, true,
			"The mailbox is full.", "Temporary in itself, but ", "The recipient's: ", "Send it again later: the sending server has stopped trying.",
		},
		{
			verdict.Verdict{Reason: verdict.Expired, Permanence: nixie.Permanent, Scope: verdict.ScopeMessage, Action: verdict.Retry},
			nixie.Transient, false,
			"The message waited too long", "Final, although the code begins with 4", "The delivery's: ", "Send it again later",
		},
		{
			verdict.Verdict{Reason: verdict.Greylisted, Permanence: nixie.Transient, Scope: verdict.ScopeConnection, Action: verdict.Retry, RetryAfter: 5 * time.Minute},
			nixie.Transient, false,
			"Greylisted: ", "Temporary: ", "Nobody's: ", "Wait: the sending server tries again by itself. The server asks to wait 5 minutes.",
		},
		{
			verdict.Verdict{Reason: verdict.Delivered, Permanence: nixie.Success, Scope: verdict.ScopeMessage, Action: verdict.NoAction},
			nixie.Success, false,
			"The server accepted it.", "Done: ", "Nobody's: nothing is wrong.", "Nothing: all is well.",
		},
	} {
		for _, s := range []struct{ got, want string }{
			{headline(&c.v), c.headline}, {finality(&c.v, c.class, c.gaveUp), c.finality},
			{concerns(&c.v), c.whose}, {next(&c.v, c.gaveUp), c.next_},
		} {
			if !strings.HasPrefix(s.got, s.want) {
				t.Errorf("%s: got %q, want %q", c.v.Reason, s.got, s.want)
			}
		}
	}
}

// What digits alone do not tell is not told, and no advice goes against them.
func TestSentencesOfDigits(t *testing.T) {
	for _, c := range []struct{ text, headline, finality, concerns, next string }{
		{"550", "The commonest permanent refusal.", "Final: ", "Not told: it can be about the address,", "Read the server's own words"},
		{"554 no", "The server says no, and the reply code alone", "Final: ", "Not told: it can be about the address,", "Read the server's own words"},
		{"354", "The go-ahead after DATA.", "Neither: ", "Nobody's: ", "Nothing: "},
		{"354 End data with <CR><LF>.<CR><LF>", "The server waits ", "Neither: ", "Nobody's: ", "Nothing: "},
		{"220 mx.example.net ESMTP", "The server accepted it.", "Done: nothing failed.", "Nobody's: ", "Nothing: "},
		{"5.1.1", "There is no mailbox of this name", "Final: ", "The recipient's: ", "Check the address"},
		{"4.1.1", "The mailbox was not found, for now.", "Temporary: ", "The recipient's: ", "Wait: "},
		{"2.1.5", "The server takes mail for this recipient.", "Done: ", "Nobody's: ", "Nothing needs doing."},
		{"2.7.0", "The server accepted it.", "Done: ", "Nobody's: ", "Nothing: all is well."},
		{"5.1.0", "Something is wrong with an address", "Final", "Not told: it can be the sender's address", "Find out"},
		{"550 5.1.0 no", "One of the addresses", "Final", "Not told: it can be the sender's address", "Find out"},
		{"5.1.x", "It is about an address", "Final", "Not told: it can be the sender's address", "Find out"},
	} {
		found, err := Text(c.text, Options{})
		if err != nil || len(found) != 1 {
			t.Errorf("%q: %d explanations, error %v", c.text, len(found), err)
			continue
		}
		e := found[0]
		for _, s := range []struct{ got, want string }{
			{e.Headline, c.headline}, {e.Finality, c.finality}, {e.Concerns, c.concerns}, {e.Next, c.next},
		} {
			if !strings.HasPrefix(s.got, s.want) {
				t.Errorf("%q: got %q, want %q", c.text, s.got, s.want)
			}
		}
	}
}

func TestInWords(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{time.Second, "1 second"}, {90 * time.Second, "90 seconds"}, {1500 * time.Millisecond, "2 seconds"},
		{time.Minute, "1 minute"}, {time.Hour, "1 hour"}, {90 * time.Minute, "90 minutes"}, {48 * time.Hour, "2 days"},
	} {
		if got := inWords(c.d); got != c.want {
			t.Errorf("inWords(%v) = %q, want %q", c.d, got, c.want)
		}
	}
}
