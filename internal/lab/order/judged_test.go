package order_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/verdict"
)

// TestWordsAreJudged shows that our words say what their code says: with them a reply
// means the same to nixie as with words that mean nothing. The details that end in 0
// are left out: they say nothing definite, and words may then well count for more.
func TestWordsAreJudged(t *testing.T) {
	for _, e := range nixie.Builtin().Entries() {
		for _, class := range e.Classes.List() {
			if e.Deprecated || class == nixie.Success || e.Detail.Number() == 0 {
				continue
			}
			c := e.Detail.In(class)
			replyCode := order.Usual(order.Rcpt, c)
			want := judge(t, replyCode, c, "xyzzy")
			if got := judge(t, replyCode, c, order.Words(order.Rcpt, replyCode, c)...); got != want {
				t.Errorf("%d %v with %q is judged %s; the code alone %s", replyCode, c, order.Words(order.Rcpt, replyCode, c), got, want)
			}
		}
	}
}

// TestRealWordsAreJudged shows that what is said in a receiver's words is understood as
// it is meant.
func TestRealWordsAreJudged(t *testing.T) {
	stages := map[order.Stage]verdict.Stage{
		order.Connect: verdict.StageConnect, order.Auth: verdict.StageAuth, order.Mail: verdict.StageMail,
		order.Rcpt: verdict.StageRcpt, order.Message: verdict.StageEnd,
	}
	ask := &order.Ask{
		Client: netip.MustParseAddr("192.0.2.25"), Hello: "mx.example.com",
		From: "sender@example.com", To: "user@lab.test", Recipients: []string{"user@lab.test"},
	}
	receivers := map[string]bool{}
	for _, r := range order.RealWords() {
		stage, ok := stages[r.Stage]
		if !ok {
			t.Errorf("%s/%s is said at %s, where no case is known", r.Receiver, r.Name, r.Stage)
		}
		reply, err := nixie.NewReply(r.ReplyCode, r.Code, order.Expand(r.Lines, ask)...)
		if err != nil {
			t.Errorf("%s/%s: %v", r.Receiver, r.Name, err)
			continue
		}
		got := verdict.Builtin().Of(reply, verdict.Hints{Receiver: r.Receiver, Stage: stage}).Reason
		if string(got) != r.Reason {
			t.Errorf("%s/%s is judged %s; want %s\n%s", r.Receiver, r.Name, got, r.Reason, reply)
		}
		receivers[r.Receiver] = true
	}
	for _, want := range strings.Fields("gmail microsoft yahoo apple gmx t-online mail.ru yandex proofpoint mimecast barracuda spamhaus orange comcast qq postfix exim qmail sendmail exchange") {
		if !receivers[want] {
			t.Errorf("%s says nothing", want)
		}
	}
	if n := len(order.RealWords()); n < 150 {
		t.Errorf("%d cases; there were more", n)
	}
}

func judge(t *testing.T, replyCode int, code nixie.Code, lines ...string) verdict.Reason {
	t.Helper()
	reply, err := nixie.NewReply(replyCode, code, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Builtin().Of(reply, verdict.Hints{}).Reason
}
