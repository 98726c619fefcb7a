package verdict

import (
	"testing"
	"time"

	"github.com/nixiemail/nixie"
)

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		text string
		want time.Duration
	}{
		{"450 4.2.0 <user@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example.org/help/example.com.html", 0},
		{"451 4.7.1 Greylisting in action, please come back in 00:05:00", 5 * time.Minute},
		{"450 4.7.1 Greylisted for 300 seconds", 300 * time.Second},
		{"421 4.7.0 Try again in 5 minutes, closing connection.", 5 * time.Minute},
		{"421 4.7.0 Please wait 1 hour before sending more mail", time.Hour},
		{"451 Retry after 90s", 90 * time.Second},
		{"451 limit of 100 messages in 60 minutes reached. Try again later", 0},
		{"451 4.3.0 try again in 99999999 minutes", 0},
		{"451 4.3.0 try again in 9999999 minutes", MaxRetryAfter},
		{"450 4.2.1 user@example.com wait for mx5min.example.net", 0},
		{"550 5.7.1 Try again in 5 minutes", 0}, // permanent: there is nothing to wait for
		{"451 Bitte versuchen Sie es in 10 Minuten erneut, frühestens erneut in 10 Minuten", 10 * time.Minute},
		{"450 4.7.1 请在300秒后重试", 300 * time.Second},
		{"451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited. wait 24:00 then", 0},
		{"450 4.7.1 delay 30 min then retry", 30 * time.Minute},
		{"450 4.7.1 RETRY IN 30 MIN", 30 * time.Minute},
		{"450 4.7.1 ПОВТОРИТЕ ЧЕРЕЗ 2 ЧАСА", 2 * time.Hour},
		{"450 4.7.1 повторите через 5", 0},
		{"450 4.7.1 retry in 5 x", 0},
	} {
		r, err := nixie.ParseReply(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := retryAfter(&r, nixie.ClassOf(r.ReplyCode())); got != tt.want {
			t.Errorf("retryAfter(%q) = %v, want %v", tt.text, got, tt.want)
		}
	}
}
