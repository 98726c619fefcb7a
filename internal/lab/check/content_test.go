package check_test

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/check"
)

// delivered sends a message to a domain and returns what it is answered.
func delivered(t *testing.T, domain, text string) check.Reply {
	t.Helper()
	s := newSession(t, newChecker(t, nil))
	s.step(line("MAIL FROM:<a@lab.test>"))
	s.step(line("RCPT TO:<user@" + domain + ">"))
	o := s.do(mailOf(text))
	return check.Reply{ReplyCode: o.ReplyCode, Code: o.Code}
}

// part is a multipart message of one part.
func part(header string) string {
	return "Content-Type: multipart/mixed;\r\n boundary=\"b c\"\r\n\r\nFor others\r\n--b c\r\n" + header + "\r\n\r\nMZ\r\n--b c--\r\n"
}

func TestAttachments(t *testing.T) {
	forbidden, none := want(554, "5.6.1"), check.Reply{}
	nested := "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Disposition: inline; filename=A.ScR\r\n\r\nMZ\r\n--c--\r\n"
	tests := map[string]struct {
		text string
		want check.Reply
	}{
		"plain":        {plain, none},
		"name":         {part("Content-Type: application/octet-stream; name=\"Set up.EXE\""), forbidden},
		"filename":     {part("Content-Disposition: attachment;\r\n filename=setup.exe"), forbidden},
		"RFC 2231":     {part("Content-Disposition: attachment; filename*=utf-8''gr%C3%BC%C3%9Fe.exe"), forbidden},
		"type":         {part("Content-Type: application/x-msdownload"), forbidden},
		"another type": {part("Content-Type: application/pdf; name=setup.exe.pdf"), none},
		"nested":       {part(nested), forbidden},
		"no multipart": {"Content-Type: application/octet-stream; name=a.exe\r\n\r\nMZ\r\n", forbidden},
		"in the text":  {part("Content-Type: text/plain\r\n\r\nContent-Type: application/x-msdownload"), none},
		"the word":     {"Subject: a\r\n\r\nnixie-refuse-6.0\r\n", want(554, "5.6.0")},
		"nothing":      {"Subject: a\r\n\r\n", none},
	}
	for name, tt := range tests {
		if got := delivered(t, "filter.lab.test", tt.text); got != tt.want {
			t.Errorf("%s: %d %s; want %d %s", name, got.ReplyCode, got.Code, tt.want.ReplyCode, tt.want.Code)
		}
		if got := delivered(t, "lab.test", tt.text); !got.IsZero() {
			t.Errorf("%s: lab.test says %d %s; want silence", name, got.ReplyCode, got.Code)
		}
	}
}

// TestOnlySoMuchIsLookedAt holds the limits of what a filter reads.
func TestOnlySoMuchIsLookedAt(t *testing.T) {
	const mebi = 1 << 20
	head := "Subject: a\r\n\r\n"
	fits := head + strings.Repeat("x", mebi-len(head)-len(check.RefuseWord)) + check.RefuseWord
	if got := delivered(t, "filter.lab.test", fits); got.IsZero() {
		t.Error("the word at the end of the first MiB was not seen")
	}
	if got := delivered(t, "filter.lab.test", head+"x"+fits[len(head):]); !got.IsZero() {
		t.Error("the word behind the first MiB was seen")
	}
	endless := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nü" + strings.Repeat("x", mebi)
	if got := delivered(t, "converts.lab.test", endless); !got.IsZero() {
		t.Errorf("%s of a message whose end was not looked at", got.Code)
	}
	parts := func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", n) +
			"--b\r\nContent-Type: application/x-msdownload\r\n\r\nMZ\r\n--b--\r\n"
	}
	if got := delivered(t, "filter.lab.test", parts(98)); got.IsZero() { // and one, and the whole
		t.Error("the 100th part was not seen")
	}
	if got := delivered(t, "filter.lab.test", parts(99)); !got.IsZero() {
		t.Error("the 101st part was seen")
	}
}

// TestOnlySoMuchOfAHeaderIsLookedAt holds the limits of where fields are searched: a
// header of many MiB may come, and reading an address of that size takes seconds.
func TestOnlySoMuchOfAHeaderIsLookedAt(t *testing.T) {
	const program = "application/x-msdownload"
	field := "Content-Type: " + program + "\r\n"
	behind := func(n int) string {
		return "X: " + strings.Repeat("x", n-len("X: \r\n")) + "\r\n" + field + "\r\n"
	}
	value := func(n int) string {
		return "Content-Type:" + strings.Repeat(" ", n-len(program)) + program + "\r\n\r\n"
	}
	tests := map[string]struct {
		text string
		seen bool
	}{
		"a field that ends with the first 256 KiB": {behind(256<<10 - len(field)), true},
		"a field that ends behind them":            {behind(256<<10 - len(field) + len("d\r\n")), false},
		"a value that ends with its first 4 KiB":   {value(4 << 10), true},
		"a value that ends behind them":            {value(4<<10 + 1), false},
	}
	for name, tt := range tests {
		if got := delivered(t, "filter.lab.test", tt.text); got.IsZero() == tt.seen {
			t.Errorf("%s: %d %s; want it seen: %v", name, got.ReplyCode, got.Code, tt.seen)
		}
	}
}

func TestConversion(t *testing.T) {
	whole := strings.Replace(part("Content-Type: text/plain; charset=utf-8"), "MZ", "Grüße", 1)
	broken := strings.Replace(whole, "--b c--\r\n", "", 1)
	tests := []struct {
		domain, text, want string
	}{
		{"converts.lab.test", whole, ""},
		{"converts.lab.test", broken, "5.6.5"},
		{"converts.lab.test", strings.Replace(whole, "boundary=", "b=", 1), "5.6.5"},
		{"converts.lab.test", strings.Replace(broken, "Grüße", "Gruss", 1), ""}, // 7 bits: nothing to convert
		{"cannot-convert.lab.test", plain, ""},
		{"lossy.lab.test", plain, ""},
		{"lossy.lab.test", whole, "2.6.4"},
		{"lossless.lab.test", whole, "5.6.4"},
	}
	for _, tt := range tests {
		if got := delivered(t, tt.domain, tt.text); got.Code.String() != tt.want {
			t.Errorf("%s: %d %s; want %s of\n%s", tt.domain, got.ReplyCode, got.Code, tt.want, tt.text)
		}
	}
}

func TestSignatures(t *testing.T) {
	const from = "From: \"A, B\" <a@News.Example.net>\r\n\r\nHello\r\n"
	signature := func(tags string) string { return "DKIM-Signature: " + tags + "\r\n" }
	good := signature("v=1; a=rsa-sha256;\r\n d = example.net ; s=s; b=")
	sha1 := signature("v=1; a=rsa-sha1; d=example.net; s=s; b=")
	stranger := signature("v=1; a=ed25519-sha256; d=ample.net; s=s; b=")
	for text, code := range map[string]string{
		good + from:            "",
		sha1 + good + from:     "",
		stranger + good + from: "",
		from:                   "5.7.20",
		sha1 + from:            "5.7.21",
		stranger + from:        "5.7.22",
		sha1 + stranger + from: "5.7.22",
		good + "From: nobody at all\r\n\r\nHello\r\n":                 "5.7.22",
		"DKIM-Signature-Not: a\r\n" + from:                            "5.7.20",
		strings.Repeat(stranger, 10) + good + from:                    "5.7.22", // ten are looked at
		strings.Repeat(stranger, 9) + good + from:                     "",
		signature("v=1; a=rsa-sha256; d=news.example.net.") + from:    "5.7.22",
		signature("v=1; a=rsa-sha256; d=; s=s") + from:                "5.7.22",
		signature("v=1; a=rsa-sha256; D=example.net; s=s") + from:     "5.7.22", // RFC 6376, 3.2: names have a case
		signature("v=1; a=rsa-sha256; d=EXAMPLE.NET; s=s; b=") + from: "",
	} {
		if got := delivered(t, "dkim.lab.test", text); got.Code.String() != code {
			t.Errorf("%d %s; want %q of\n%s", got.ReplyCode, got.Code, code, text)
		}
	}
	for seal, code := range map[string]string{"cv=none": "", "cv=pass": "", "cv=fail": "5.7.29", "CV=fail": ""} {
		if got := delivered(t, "arc.lab.test", "ARC-Seal: i=1; "+seal+"; b=\r\n"+from); got.Code.String() != code {
			t.Errorf("%s: %s; want %q", seal, got.Code, code)
		}
	}
}

func TestEitherSPFOrDKIM(t *testing.T) {
	for sender, code := range map[string]string{"a@spf-pass.lab.test": "", "a@spf-softfail.lab.test": "5.7.26", "": "5.7.26", "a@example.net": "5.7.26"} {
		s := newSession(t, newChecker(t, nil))
		s.step(line("MAIL FROM:<" + sender + ">"))
		s.step(line("RCPT TO:<user@dmarc.lab.test>"))
		if o := s.do(mailOf(plain)); o.Code.String() != code {
			t.Errorf("%q: %s; want %q", sender, o.Code, code)
		}
		if o := s.do(mailOf("DKIM-Signature: v=1; d=lab.test\r\n" + plain)); o.Says() {
			t.Errorf("%q, signed: %s; want silence", sender, o.Code)
		}
	}
}

// TestFirstCauseOfAll holds that a message to many is refused for one of them, each
// domain being looked at once.
func TestFirstCauseOfAll(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	s.step(line("MAIL FROM:<a@lab.test>"))
	for _, to := range []string{"a@lab.test", "short@users.lab.test", "a@filter.lab.test", "b@filter.lab.test", "unwritable@users.lab.test"} {
		s.step(line("RCPT TO:<" + to + ">"))
	}
	s.step(check.Step{Send: plain + check.RefuseWord, Message: true, Want: want(554, "5.6.0")})
	s.step(check.Step{Send: plain + strings.Repeat("x", 1000), Message: true, Want: want(552, "5.2.3")})
	s.step(check.Step{Send: plain, Message: true, Want: want(451, "4.2.0")})
}
