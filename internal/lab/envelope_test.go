package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// What a transaction has of recipients is bounded, refused ones too.
func TestEnvelopeBound(t *testing.T) {
	l := begin(t, alone())
	conn := dial(t, l.Addr())
	conn.hello()
	conn.do("MAIL FROM:<a@example.org>", "250 2.1.0")
	room := maxEnvelope
	for i := 0; room > 0; i++ {
		to := fmt.Sprintf("550-5.1.1@%sx%d.example", strings.Repeat(strings.Repeat("x", 60)+".", 3), i)
		room -= 128 + len(to)
		want := "550 5.1.1"
		if room < 0 {
			want = "452 4.5.3"
		}
		conn.do("RCPT TO:<"+to+">", want)
	}
	conn.do("RCPT TO:<one@more.example>", "452 4.5.3")
	conn.do("RSET", "250 2.0.0")
	conn.do("MAIL FROM:<a@example.org>", "250 2.1.0")
	conn.do("RCPT TO:<one@more.example>", "250 2.1.5")
}

// A message that the server refuses by itself is kept with its size.
func TestRefusedSize(t *testing.T) {
	c := alone()
	c.Message = 1000
	l := begin(t, c)
	conn := dial(t, l.Addr())
	conn.hello()
	conn.do("MAIL FROM:<a@example.org>", "250 2.1.0")
	conn.do("RCPT TO:<b@lab.test>", "250 2.1.5")
	conn.do("DATA", "354")
	conn.do(strings.Repeat(strings.Repeat("x", 98)+"\r\n", 11)+".", "552 5.3.4")
	m := waitFor(t, l, 0)
	if m.Size != 1100 || m.Data != nil || !strings.HasPrefix(string(m.Reply), "552 5.3.4") {
		t.Errorf("it is kept with size %d, %d bytes, %q; want 1100, none and the refusal", m.Size, len(m.Data), m.Reply)
	}
	if list, _ := l.Seen().Messages(seen.Filter{}, seen.Page{}); len(list) != 1 {
		t.Errorf("%d messages are kept", len(list))
	}
}
