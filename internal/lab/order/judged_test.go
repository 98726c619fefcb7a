package order_test

import (
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

func judge(t *testing.T, replyCode int, code nixie.Code, lines ...string) verdict.Reason {
	t.Helper()
	reply, err := nixie.NewReply(replyCode, code, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Builtin().Of(reply, verdict.Hints{}).Reason
}
