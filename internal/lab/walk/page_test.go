package walk

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// TestPage holds the page to the registry, and two pages to each other.
func TestPage(t *testing.T) {
	page := Page(whole(t, Config{}))
	if !bytes.Equal(page, Page(whole(t, Config{}))) {
		t.Error("two walks give two pages")
	}
	text := string(page)
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(text, -1) {
		headings[m[1]] = true
	}
	for _, e := range nixie.Builtin().Entries() {
		title := e.Detail.String() + " " + e.Name
		if e.Name == "" {
			title = e.Detail.String() + " (deprecated)"
		}
		if !headings[title] {
			t.Errorf("there is no heading %q", title)
		}
	}
	if len(headings) != 81 {
		t.Errorf("%d headings; want 81", len(headings))
	}
	for _, want := range []string{
		"Here are the 81 codes of IANA's registry", "\n## X.7: Security or Policy Status\n",
		"`nixie lab`. 76 can be shown on the wire: 59 have a natural\ncause in the lab, 7 more are said by any SMTP server itself, and 10 by an order",
		"\n    C: MAIL FROM:<sender@lab.test>\n    C: RCPT TO:<nobody@users.lab.test>\n    S: 550 5.1.1 ",
		"\n* `550-5.1.1@lab.test` as a recipient: `550 5.1.1 ",
		"\n* `550-5.7.23@lab.test` as the sender: `550 5.7.23 ",
		"\n* `535-5.7.8` as the user's name: `535 5.7.8 ",
		"\n* `554-5.6.0_data@lab.test` as a recipient, at the end of the message: `554 5.6.0 ",
		"\n* `250-2.6.10@lab.test` as a recipient: `501 5.5.4 ",
		"Come from 127.0.0.2: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if ports := regexp.MustCompile(`127\.\d+\.\d+\.\d+:\d+`).FindAllString(text, -1); slices.ContainsFunc(ports, func(s string) bool { return s != "127.0.0.1:2525" }) {
		t.Errorf("the page names ports of the walk: %q", ports)
	}
	for line := range strings.Lines(text) {
		if strings.TrimRight(line, " \t\r\n") != strings.TrimSuffix(line, "\n") {
			t.Errorf("%q ends in a space", line)
		}
	}
}

// TestAnchors has what GitHub makes of headings with other marks than letters.
func TestAnchors(t *testing.T) {
	for title, want := range map[string]string{
		"X.1.6 Destination mailbox has moved, No forwarding address":        "x16-destination-mailbox-has-moved-no-forwarding-address",
		"X.1.7 Bad sender's mailbox address syntax":                         "x17-bad-senders-mailbox-address-syntax",
		"X.6.7 Non-ASCII addresses not permitted for that sender/recipient": "x67-non-ascii-addresses-not-permitted-for-that-senderrecipient",
		"X.6.10 (deprecated)": "x610-deprecated",
	} {
		if got := anchor(title); got != want {
			t.Errorf("%s: %s; want %s", title, got, want)
		}
	}
}

func TestShown(t *testing.T) {
	tests := []struct {
		steps []check.Step
		want  []string
	}{
		{[]check.Step{{Send: "NOOP \x01"}}, []string{`C: NOOP \x01`}},
		{[]check.Step{{Send: `VRFY "jürgen\x"`}}, []string{`C: VRFY "jürgen\x"`}},
		{[]check.Step{{Send: "STARTTLS"}, {Send: "NOOP"}, {Send: "NOOP"}}, []string{"C: STARTTLS   # then TLS, and EHLO again", "C: NOOP   # 2 times"}},
		{[]check.Step{{Send: "Subject: a\r\n\r\n.\r\nb\r\nb\r\n", Message: true}}, []string{"C: Subject: a", "C:", "C: ..", "C: b   # 2 times", "C: ."}},
		{[]check.Step{{Send: strings.Repeat("x", 120)}}, []string{"C: " + strings.Repeat("x", 120)}},
		{[]check.Step{{Send: strings.Repeat("x", 121)}}, []string{"C: " + strings.Repeat("x", 40) + "…   # 121 bytes in all"}},
		// base64, by RFC 4616, 4: "\0tim\0tanstaaftanstaaf"
		{[]check.Step{{Send: "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm"}}, []string{"C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm   # user tim, password tanstaaftanstaaf"}},
		// base64, by RFC 2195, 2
		{[]check.Step{{Send: "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"}}, []string{"C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw   # tim b913a602c7eda7a495b4e6e7334d3890"}},
	}
	for _, tt := range tests {
		if got := Shown(tt.steps); !slices.Equal(got, tt.want) {
			t.Errorf("%+v:\n%s\nwant\n%s", tt.steps, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// TestPageOfHostileReply has a lab that isn't ours say what would harm a terminal.
func TestPageOfHostileReply(t *testing.T) {
	r, err := nixie.ParseReply("550-5.1.1 \x1b[2J\r\n550 5.1.1 \x9b`x`\r\n")
	if err != nil {
		t.Fatal(err)
	}
	w := Way{By: check.Natural, Stage: order.Rcpt, Try: check.Try{Steps: []check.Step{{Send: "RCPT TO:<a@b>"}}}, Reply: r}
	page := string(Page([]Result{{Detail: nixie.BadDestinationMailboxAddress, Causes: []Way{w}}}))
	if strings.ContainsAny(page, "\x1b\r") || strings.IndexByte(page, 0x9b) >= 0 || !strings.Contains(page, "    S: 550-5.1.1 \\x1b[2J\n    S: 550 5.1.1 \\x9b`x`\n") {
		t.Errorf("%s", page[strings.Index(page, fmt.Sprintf("### %v", nixie.BadDestinationMailboxAddress)):])
	}
}
