package smtpserver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// lineEnds is what other software takes, or took, for the end of a line before or
// after the dot: CVE-2023-51764 to -51766, CVE-2023-52354, CVE-2024-27305.
var lineEnds = []string{"\n", "\r", "\r\n", "\n\n", "\r\r", "\n\r", "\r\r\n", "\r\n\r", "\r\n\x00", "\x00\r\n", "\x00", "\n\x00", "\r\x00", "\r\n ", " \r\n", "\x85", "\u2028", "\v", "\f", ""}

// Between all pairs of these stands a dot, and behind it a whole second
// transaction. Only CRLF.CRLF may end the message; then the second transaction
// is the client's own, in all other cases it is part of the message, or refused with it.
func TestSmuggling(t *testing.T) {
	for _, before := range lineEnds {
		for _, after := range lineEnds {
			t.Run(fmt.Sprintf("%q", before+"."+after), func(t *testing.T) {
				t.Parallel()
				smuggle(t, before+"."+after)
			})
		}
	}
}

const (
	outer    = "Subject: outer\r\n\r\nouter"
	smuggled = "MAIL FROM:<admin@example.org>\r\nRCPT TO:<evil@bounces.example.net>\r\nDATA\r\nSubject: smuggled\r\n"
)

func smuggle(t *testing.T, dot string) {
	k := &keeper{}
	_, dial := start(t, smtpserver.Config{Handler: k})
	c := dial()
	c.hello()
	c.data()
	text := outer + dot + smuggled
	c.send(text + "\r\n.\r\n")
	ends := strings.Index(text, "\r\n.\r\n") // where RFC 5321, 4.1.1.4 says so
	message := text + "\r\n"
	if ends >= 0 {
		message = text[:ends+2]
	}
	if strings.ContainsAny(strings.ReplaceAll(message, "\r\n", ""), "\r\n") {
		c.want("550 5.5.2")
		c.wantClosed()
		if got := k.kept(); len(got) != 0 {
			t.Fatalf("the handler got %d messages, want none: %q", len(got), got[0].Data)
		}
		return
	}
	c.want("250 2.0.0")
	want := 1
	switch {
	case ends >= 0 && strings.HasPrefix(text[ends:], "\r\n.\r\nMAIL"):
		c.want("250 2.1.0", "250 2.1.5", "354", "250 2.0.0")
		want = 2
	case ends >= 0: // the second transaction begins with a broken command
		if r := c.reply(); !strings.HasPrefix(r, "5") {
			t.Fatalf("to the command behind %q the server says %q, want a refusal", dot, r)
		}
	default:
		c.do("QUIT", "221")
	}
	got := k.kept()
	if len(got) != want {
		t.Fatalf("the handler got %d messages, want %d", len(got), want)
	}
	if undotted := strings.ReplaceAll(message, "\r\n.", "\r\n"); string(got[0].Data) != undotted {
		t.Errorf("the handler got %q, want %q", got[0].Data, undotted)
	}
}
