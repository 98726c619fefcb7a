package smtpserver_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// unlisted are pairs of reply code and code that RFC 5321 or this server's purpose asks for
// and IANA's list does not have. 452 for too many recipients is RFC 5321, 4.5.3.1.10;
// 421 may be said at any time, whatever the reason is; 502 is RFC 5321, 4.2.4 for
// a command that is not implemented, which is what X.5.1 describes. 452 4.2.2 is the keeper's own.
var unlisted = []string{"452 4.2.2", "452 4.5.3", "421 4.3.2", "421 4.7.0", "502 5.5.1"}

// checkReplies reads all that a server said and holds each reply against RFC 2034
// and RFC 5321 by nixie's own list of what replies can do wrong. It returns how many there are.
func checkReplies(t *testing.T, said string) int {
	t.Helper()
	n := 0
	for said != "" {
		end := 0
		for { // a reply ends with the line that has no hyphen
			lf := strings.Index(said[end:], "\r\n")
			if lf < 4 {
				t.Fatalf("the server says %q, which is no whole reply", said)
			}
			line := said[end : end+lf]
			end += lf + 2
			if line[3] == ' ' {
				break
			}
		}
		checkReply(t, said[:end], n == 0)
		said = said[end:]
		n++
	}
	return n
}

func checkReply(t *testing.T, text string, greeting bool) {
	t.Helper()
	r, err := nixie.ParseReply(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if strings.ContainsFunc(strings.ReplaceAll(text, "\r\n", ""), func(c rune) bool { return c < ' ' || c > '~' }) {
		t.Errorf("%q is not printable ASCII", text)
	}
	for _, p := range r.Problems() {
		known := slices.ContainsFunc(unlisted, func(u string) bool { return strings.HasPrefix(text, u) })
		if p.Kind != nixie.ProblemReplyCode || !known {
			t.Errorf("%q: %s (%s)", text, p.Text, p.Rule)
		}
	}
	switch class := nixie.ClassOf(r.ReplyCode()); {
	case greeting && !r.Code().IsZero():
		t.Errorf("the greeting %q has a code", text)
	case !greeting && class != 0 && r.Code().IsZero() && !helloAnswer(r):
		t.Errorf("%q has no code", text)
	}
}

// helloAnswer tells the answers to EHLO and its like, which have no code, by their words.
func helloAnswer(r nixie.Reply) bool {
	switch r.ReplyCode() {
	case 250:
		return strings.HasPrefix(r.Text(), name)
	case 500:
		return r.Text() == "Command unknown" || strings.HasPrefix(r.Text(), "Control character")
	case 501:
		return strings.HasPrefix(r.Text(), "Your name is")
	}
	return false
}

// converse sends bytes to a server of its own and returns all it says until it closes.
func converse(t *testing.T, c smtpserver.Config, sent []byte, seed uint64) string {
	t.Helper()
	c.Name = name
	server, err := smtpserver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l := newPipeListener()
	done := make(chan error, 1)
	go func() { done <- server.Serve(t.Context(), l) }()
	mine, theirs := net.Pipe()
	l.conns <- theirs
	go func() { // the server may close in the middle
		r := rand.New(rand.NewPCG(seed, 0))
		for len(sent) > 0 {
			n := min(len(sent), 1+r.IntN(200))
			if _, err := mine.Write(sent[:n]); err != nil {
				return
			}
			sent = sent[n:]
		}
		_, _ = mine.Write([]byte("\r\n.\r\nQUIT\r\n"))
	}()
	_ = mine.SetReadDeadline(time.Now().Add(20 * time.Second))
	said, err := io.ReadAll(mine)
	_ = mine.Close()
	if err != nil {
		t.Fatalf("the server says nothing more and does not close: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	return string(said)
}

// Whatever a client sends: no panic, every answer keeps the rules, and what the
// handler is given keeps its promises.
func FuzzSession(f *testing.F) {
	for _, s := range []string{
		"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@bounces.example.net>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
		"HELO a\r\nMAIL FROM:<a@[IPv6:::1]> SIZE=3\r\nRCPT TO:<\"a@b\"@c>\r\nDATA\r\nRSET\r\nVRFY x\r\nEXPN\r\nHELP\r\n",
		"LHLO a\r\nMAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<\xc3\xa9@bounces.example.net>\r\nRCPT TO:<full@bounces.example.net>\r\nDATA\r\nx\n.\r\n",
		"EHLO\r\nSTARTTLS\r\nAUTH PLAIN\r\nNOOP\x00\r\n\xff\xfe\r\n",
		"EHLO a\nMAIL\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "BDAT 3 LAST\r\nabc",
		"EHLO a\r\n" + strings.Repeat("X\r\n", 30), strings.Repeat("y", 20<<10),
	} {
		f.Add([]byte(s), false, uint64(1))
		f.Add([]byte(s), true, uint64(7))
	}
	f.Fuzz(func(t *testing.T, sent []byte, lmtp bool, seed uint64) {
		k := &keeper{}
		limits := smtpserver.Limits{Message: 4 << 10, Recipients: 3}
		said := converse(t, smtpserver.Config{Handler: k, LMTP: lmtp, Limits: limits}, sent, seed)
		if checkReplies(t, said) == 0 {
			t.Error("the server says nothing")
		}
		for _, e := range k.kept() {
			checkEnvelope(t, &e, limits)
		}
	})
}

// FuzzAuth is FuzzSession for a whole dialogue with AUTH: besides, nobody is logged in who
// was not let in.
func FuzzAuth(f *testing.F) {
	for _, s := range []string{
		"EHLO a\r\nAUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=\r\nMAIL FROM:<> AUTH=<>\r\nRCPT TO:<b@bounces.example.net>\r\nDATA\r\nx\r\n.\r\n",
		"EHLO a\r\nAUTH PLAIN\r\ndGVzdAB0ZXN0ADEyMzQ=\r\nAUTH PLAIN AAAA\r\nMAIL FROM:<a@b> AUTH=e+3Dmc2@example.com\r\n",
		"EHLO a\r\nAUTH LOGIN\r\ndGVzdA==\r\n*\r\nAUTH LOGIN dGVzdA==\r\nMTIzNA==\r\n", "EHLO a\r\nauth login\r\n",
		"EHLO a\r\nAUTH CRAM-MD5\r\ndGVzdCBiOTEz\r\nAUTH CRAM-MD5 AAAA\r\nAUTH EXTERNAL =\r\nRSET\r\n",
		"AUTH PLAIN\r\nHELO a\r\nAUTH\r\nEHLO a\r\nMAIL FROM:<>\r\nAUTH PLAIN =\r\n", "EHLO a\r\nAUTH PLAIN\r\n=AAA\nx",
		"EHLO a\r\nAUTH PLAIN\r\n" + strings.Repeat("A", 13_000) + "\r\nAUTH PLAIN " + strings.Repeat("A", 3000) + "\r\n",
	} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, sent []byte, seed uint64) {
		h, r := &logins{}, &transcript{}
		said := converse(t, smtpserver.Config{Handler: h, Auth: newDoorman(), Heard: r.hear, Limits: smtpserver.Limits{Message: 4 << 10}}, sent, seed)
		if checkReplies(t, said) == 0 {
			t.Error("the server says nothing")
		}
		for _, login := range h.names {
			if login != "" && (login != "test" || !strings.Contains(said, "\r\n235 ")) {
				t.Errorf("%q is logged in; the server says %q", login, said)
			}
		}
		if n := strings.Count(said, "\r\n235 "); n > 1 {
			t.Errorf("a client logs in %d times", n)
		}
	})
}

// checkEnvelope holds an envelope against what its comments promise.
func checkEnvelope(t *testing.T, e *smtpserver.Envelope, l smtpserver.Limits) {
	t.Helper()
	if len(e.To) == 0 || len(e.To) > l.Recipients || len(e.Data) > l.Message {
		t.Errorf("%d recipients, %d bytes", len(e.To), len(e.Data))
	}
	if strings.ContainsAny(strings.ReplaceAll(string(e.Data), "\r\n", ""), "\r\n") {
		t.Errorf("the message %q has a CR or LF by itself", e.Data)
	}
	if len(e.Data) > 0 && !strings.HasSuffix(string(e.Data), "\r\n") {
		t.Errorf("the message %q does not end in CRLF", e.Data)
	}
	for _, p := range append([]smtpserver.Path{e.From}, e.To...) {
		for _, c := range p.Address {
			if c < ' ' || c == 0x7f || c > 0x7f && !e.UTF8 || c >= 0x80 && c < 0xa0 || c == 0xfffd {
				t.Errorf("the address %q has the character %U", p.Address, c)
			}
		}
	}
}
