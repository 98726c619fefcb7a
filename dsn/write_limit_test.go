package dsn

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nixiemail/nixie"
)

// writeParse writes a notification and reads it back.
func writeParse(t *testing.T, n *Notification) (text string, r *Report) {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(&b, n); err != nil {
		t.Fatal(err)
	}
	text = b.String()
	checkMessage(t, text, n.Path)
	r, err := Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return text, r
}

// TestReturned: how much is given back, in which form. RFC 3461, 4.3.
func TestReturned(t *testing.T) {
	mail := func(size int) string {
		const header = "Subject: x\r\n\r\n"
		return header + strings.Repeat(strings.Repeat("a", 78)+"\r\n", size/80+1)[:size-len(header)-2] + "\r\n"
	}
	manyFields := strings.Repeat("X-A: b\r\n", MaxReturnedHeader/8)
	for _, c := range []struct {
		name, mail string
		change     func(n *Notification)
		kind       string // of the part
		encoding   string
		size       int // of what is returned, 0: none of the test's business
	}{
		{"not asked", mail(1000), func(n *Notification) {}, "text/rfc822-headers", "", 12},
		{"HDRS", mail(1000), func(n *Notification) { n.Request.Return = Headers }, "text/rfc822-headers", "", 12},
		{"FULL", mail(1000), func(n *Notification) { n.Request.Return = Full }, "message/rfc822", "", 1000},
		{"FULL and REQUIRETLS", mail(1000), func(n *Notification) { n.Request.Return, n.Request.RequireTLS = Full, true }, "text/rfc822-headers", "", 12},
		{"FULL and delayed", mail(1000), func(n *Notification) {
			n.Request.Return, n.Outcomes[0].Action, n.Outcomes[0].Status = Full, Delayed, nixie.MustCode("4.4.1")
		}, "text/rfc822-headers", "", 12},
		{"at the limit", mail(MaxReturned), func(n *Notification) { n.Request.Return = Full }, "message/rfc822", "", MaxReturned},
		{"above the limit", mail(MaxReturned + 1), func(n *Notification) { n.Request.Return = Full }, "text/rfc822-headers", "", 12},
		{"header at the limit", manyFields + "\r\nx", func(n *Notification) {}, "text/rfc822-headers", "", MaxReturnedHeader},
		{"header above the limit", manyFields + "X-B: c\r\n\r\nx", func(n *Notification) {}, "text/rfc822-headers", "", MaxReturnedHeader},
		{"line of 998", "Subject: x\n\n" + strings.Repeat("a", 998), func(n *Notification) { n.Request.Return = Full }, "message/rfc822", "", 1014},
		{"line of 999", "Subject: x\n\n" + strings.Repeat("a", 999), func(n *Notification) { n.Request.Return = Full }, "message/global", "base64", 1015},
		{"header line of 999", "X: " + strings.Repeat("a", 996) + "\n\nx\n", func(n *Notification) { n.Request.Return = Full }, "text/rfc822-headers", "quoted-printable", 1001},
		{"NUL", "Subject: x\n\n\x00\n", func(n *Notification) { n.Request.Return = Full }, "message/global", "base64", 17},
		{"bare CR", "Subject: x\n\na\rb\n", func(n *Notification) { n.Request.Return, n.Path.SMTPUTF8 = Full, true }, "message/global", "base64", 19},
		{"bare CR in the header", "Subject: x\ry\n\na\n", func(n *Notification) {}, "text/rfc822-headers", "quoted-printable", 14},
		{"UTF-8 header", "Subject: é\n\na\n", func(n *Notification) {}, "text/rfc822-headers", "quoted-printable", 13},
		{"UTF-8 header, SMTPUTF8", "Subject: é\n\na\n", func(n *Notification) { n.Path.SMTPUTF8 = true }, "message/global-headers", "8bit", 13},
		{"UTF-8 header, 8BITMIME", "Subject: é\n\na\n", func(n *Notification) { n.Request.Return, n.Path.EightBitMIME = Full, true }, "message/global", "base64", 18},
		{"body only", "\n\nx\n", func(n *Notification) {}, "", "", 0},
		{"empty", "", func(n *Notification) { n.Request.Return = Full }, "", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := failure(t)
			n.Outcomes[0].Request.Notify = Failure | Delay
			n.Original = strings.NewReader(c.mail)
			c.change(n)
			text, r := writeParse(t, n)
			kind, _, _ := strings.Cut(text[strings.LastIndex(text, "Content-Type: ")+len("Content-Type: "):], "\r\n")
			if c.kind == "" {
				if kind != "message/delivery-status" || !r.Original.IsZero() {
					t.Errorf("returned as %s: %+v", kind, r.Original)
				}
				return
			}
			var encoding string
			if _, rest, ok := strings.Cut(text[strings.LastIndex(text, "Content-Type: "):], "\r\nContent-Transfer-Encoding: "); ok {
				encoding, _, _ = strings.Cut(rest, "\r\n")
			}
			if kind != c.kind || encoding != c.encoding || len(r.Original.Raw) != c.size {
				t.Errorf("returned as %s, %q, %d bytes; want %s, %q, %d", kind, encoding, len(r.Original.Raw), c.kind, c.encoding, c.size)
			}
		})
	}
}

// TestLimits: what stands at a limit is written; TestRefused has what is above.
func TestLimits(t *testing.T) {
	n := failure(t)
	for len(n.Outcomes) < MaxOutcomes {
		n.Outcomes = append(n.Outcomes, n.Outcomes[0])
	}
	n.Outcomes = append(n.Outcomes, Outcome{Request: RecipientRequest{Notify: Never}, Action: Failed}) // not due: not counted
	n.Subject = strings.Repeat("a", maxValue)
	n.Text = strings.Repeat("a", MaxText)
	n.From = strings.Repeat("a", maxValue-len("@example.com")) + "@example.com"
	n.Request.From = n.From
	n.MessageID = n.From
	n.Extensions = make([]Field, maxExtensions)
	for i := range n.Extensions {
		n.Extensions[i] = Field{strings.Repeat("X", maxExtensionName), strings.Repeat("a", maxValue)}
	}
	if _, r := writeParse(t, n); len(r.Recipients) != MaxOutcomes || len(r.Problems) > 0 {
		t.Errorf("%d recipients, problems %v", len(r.Recipients), r.Problems)
	}
	if MaxOutcomes > MaxRecipients {
		t.Errorf("%d can be written, %d are read", MaxOutcomes, MaxRecipients)
	}
}

// TestBoundary: no boundary is in the content, even if somebody guesses one.
func TestBoundary(t *testing.T) {
	m := writer{parts: [][]byte{[]byte("a")}}
	first, _ := m.boundary()
	again, _ := m.boundary()
	m.parts = [][]byte{[]byte("a"), []byte("--" + first + "--")}
	second, _ := m.boundary()
	if first != again || second == first || len(second) > 70 {
		t.Errorf("boundaries %q, %q, %q", first, again, second)
	}
}

func TestQuotedPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"a=b\r\n":                     "a=3Db\r\n",
		"a \r\nb\t":                   "a=20\r\nb=09",
		"a\rb\nc":                     "a=0Db=0Ac",
		"\xff\x00":                    "=FF=00",
		strings.Repeat("a", 76):       strings.Repeat("a", 75) + "=\r\na",
		strings.Repeat("a", 73) + "é": strings.Repeat("a", 73) + "=\r\n=C3=A9",
	} {
		if got := string(quotedPrintable([]byte(in))); got != want {
			t.Errorf("quotedPrintable(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestWriteErrors: errors of others come through.
func TestWriteErrors(t *testing.T) {
	broken := errors.New("broken")
	n := failure(t)
	n.Original = iotest.ErrReader(broken)
	var b bytes.Buffer
	if _, err := Write(&b, n); !errors.Is(err, broken) || b.Len() > 0 {
		t.Errorf("a broken original: %v, %d bytes", err, b.Len())
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if _, err := Write(w, failure(t)); !errors.Is(err, broken) {
		t.Errorf("a broken writer: %v", err)
	}
}

// TestGenerated: what is made up if it is not given.
func TestGenerated(t *testing.T) {
	n := failure(t)
	n.MessageID = ""
	n.Request.From = `a..b@example.com`
	a, _ := writeParse(t, n)
	b, _ := writeParse(t, n)
	if a == b {
		t.Error("two notifications have the same Message-ID")
	}
	for _, want := range []string{"@mx.example.com>\r\n", "\r\nTo: <\"a..b\"@example.com>\r\n", "From: Mail Delivery System <postmaster@mx.example.com>\r\n"} {
		if !strings.Contains(a, want) {
			t.Errorf("%q is not in\n%s", want, a)
		}
	}
	n.Outcomes[0].Reply = mustReply(t, "421 Try later")
	if _, r := writeParse(t, n); r.Recipients[0].Status != nixie.MustCode("4.0.0") {
		t.Errorf("a reply without a code gives status %v, want 4.0.0 (RFC 3461, 6.3)", r.Recipients[0].Status)
	}
}
