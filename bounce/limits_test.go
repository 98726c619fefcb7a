package bounce_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
)

// mailHead is the header of a bounce in words, and the words that say so.
const mailHead = "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.org\nTo: sender@example.org\nSubject: Undelivered mail\n\n" +
	"Your message could not be delivered to the following recipients:\n\n"

// reportHead is the header and the first parts of a report, up to its fields.
const reportHead = "From: MAILER-DAEMON@mail.example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
	"--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.org\n"

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func hasProblem(res *bounce.Result, kind string) bool {
	for _, p := range res.Problems {
		if p.Kind == kind {
			return true
		}
	}
	return false
}

func TestMaxRecipients(t *testing.T) {
	for _, c := range []struct {
		name       string
		begin, end string
		each       string
		max        int
		place      bounce.Place
	}{
		{"fields", reportHead, "\n--b--\n", "\nFinal-Recipient: rfc822; u%d@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n", dsn.MaxRecipients, bounce.Status},
		{"header", "X-Failed-Recipients: ", "\n" + mailHead, "u%d@example.net,\n ", bounce.MaxRecipients, bounce.Headers},
		{"words", mailHead, "\n", "u%d@example.net, ", bounce.MaxRecipients, bounce.Words},
	} {
		for _, n := range []int{c.max - 1, c.max, c.max + 1} {
			res, _, _ := watch(t).try(c.name, c.begin+repeat(n, c.each)+c.end)
			if want := min(n, c.max); len(res.Recipients) != want {
				t.Errorf("%s: of %d recipients %d were read, want %d", c.name, n, len(res.Recipients), want)
				continue
			}
			last := res.Recipients[len(res.Recipients)-1]
			if want := fmt.Sprintf("u%d@example.net", min(n, c.max)-1); last.Address != want || last.Taken.Address != c.place {
				t.Errorf("%s: the last is %s from %s, want %s", c.name, last.Address, last.Taken.Address, want)
			}
			if many := hasProblem(&res, "too-many-recipients") || hasProblem(&res, string(dsn.ProblemTooMany)); many != (n > c.max) {
				t.Errorf("%s: %d recipients, problems %v", c.name, n, res.Problems)
			}
		}
	}
}

// TestMaxWords has a recipient in the last bytes that are looked at, and behind them.
func TestMaxWords(t *testing.T) {
	const recipient = "\nlast@example.net\n"
	head := mailHead[strings.Index(mailHead, "\n\n")+2:]
	for _, c := range []struct {
		length int // of the words with the recipient
		want   int
	}{{bounce.MaxWords, 1}, {bounce.MaxWords + len(recipient), 0}} {
		fill := c.length - len(head) - len(recipient)
		words := strings.Repeat(strings.Repeat("x", 99)+"\n", fill/100) + strings.Repeat("y", fill%100) + recipient
		res := bounce.Parse(mailHead + words)
		if len(res.Recipients) != c.want {
			t.Errorf("%d bytes of words: %d recipients, want %d", c.length, len(res.Recipients), c.want)
		}
	}
}

func TestMaxProblems(t *testing.T) {
	for _, n := range []int{bounce.MaxProblems - 1, bounce.MaxProblems, bounce.MaxProblems + 1} {
		res := bounce.Parse(reportHead + "\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n" + strings.Repeat("X-Field : 1\n", n) + "\n--b--\n")
		if len(res.Problems) != min(n, bounce.MaxProblems) || len(res.Recipients) != 1 {
			t.Errorf("of %d problems %d are listed", n, len(res.Problems))
		}
	}
}

// spaces is a reader of n spaces behind a text.
func spaces(text string, n int64) io.Reader {
	return io.MultiReader(strings.NewReader(text), io.LimitReader(filler{}, n-int64(len(text))))
}

type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestMaxMessage(t *testing.T) {
	for _, n := range []int64{bounce.MaxMessage, bounce.MaxMessage + 1} {
		res, err := bounce.Read(spaces(mailHead+"a@example.net\n", n))
		if err != nil || len(res.Recipients) != 1 || hasProblem(&res, "too-long") != (n > bounce.MaxMessage) {
			t.Errorf("%d bytes: %v, %d recipients, problems %v", n, err, len(res.Recipients), res.Problems)
		}
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("the line is dead")
	_, err := bounce.Read(io.MultiReader(strings.NewReader(mailHead), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), fmt.Sprintf("after %d bytes", len(mailHead))) {
		t.Errorf("the error is %v", err)
	}
}

// attachment returns a report with an attachment of n bytes before or behind it.
func attachment(n int, before bool) string {
	var b bytes.Buffer
	file := "\n--b\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
	b.WriteString("From: MAILER-DAEMON@mail.example.org\nContent-Type: multipart/report; boundary=b\n\n--b\n\nIt failed.")
	if before {
		b.WriteString(file)
		encode(&b, n)
	}
	b.WriteString("\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.org\n\nFinal-Recipient: rfc822; a@example.net\n" +
		"Action: failed\nStatus: 5.2.3\nDiagnostic-Code: smtp; 552 5.2.3 message too large\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n")
	if !before {
		b.WriteString(file[len("\n--b\n"):])
		encode(&b, n)
	}
	b.WriteString("\n--c--\n--b--\n")
	return b.String()
}

// encode writes n bytes in base64, in lines of 76: RFC 2045, 6.8.
func encode(b *bytes.Buffer, n int) {
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0x17, 0xff, 0}, 76/4)) + "\n"
	for range n / (76 / 4 * 3) {
		b.WriteString(line)
	}
}

// cost reads a message once, and returns the time and the memory that took.
func cost(read func() bounce.Result) (res bounce.Result, took time.Duration, used uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	res = read()
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	return res, took, after.TotalAlloc - before.TotalAlloc
}

// TestAttachment reads a report with an attachment of 50 MB. It is not decoded:
// a message in memory takes nothing for it.
func TestAttachment(t *testing.T) {
	bounce.Builtin()
	for _, before := range []bool{false, true} {
		msg := attachment(45<<20, before)
		for name, c := range map[string]struct {
			read func() bounce.Result
			max  int // bytes
		}{
			"in memory":             {func() bounce.Result { return bounce.Parse(msg) }, maxBase},
			"of known length":       {func() bounce.Result { return mustRead(t, strings.NewReader(msg)) }, len(msg) + maxBase},
			"of a length not known": {func() bounce.Result { return mustRead(t, struct{ io.Reader }{strings.NewReader(msg)}) }, maxRead*len(msg) + maxBase},
		} {
			res, took, used := cost(c.read)
			t.Logf("%d bytes, before=%v, %s: %v, %d bytes of memory", len(msg), before, name, took, used)
			if len(res.Recipients) != 1 || res.Recipients[0].Address != "a@example.net" {
				t.Errorf("%s: recipients %+v", name, res.Recipients)
			}
			if took > 5*maxSlow || used > uint64(c.max) {
				t.Errorf("%s: %d bytes took %v and %d bytes of memory, want %d", name, len(msg), took, used, c.max)
			}
		}
	}
}

// maxRead is how many times its length a message takes that is read from a reader
// of which the length is not known: what has been read moves as it grows.
const maxRead = 6

func mustRead(t *testing.T, r io.Reader) bounce.Result {
	t.Helper()
	res, err := bounce.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// hostile are messages that could cost more than they weigh.
func hostile() []mailFile {
	const mega = 1 << 20
	fill := func(head, s string) string { return head + strings.Repeat(s, mega/len(s)) }
	nested := func(n int, format, end string) string {
		return repeat(n, format) + "\n" + mailHead + "a@example.net\n" + end
	}
	words := mailHead
	header := "From: MAILER-DAEMON@mail.example.org\nX-Failed-Recipients: a@example.net\n"
	section := "\nu%d@example.net:\n    550 5.1.1 <u%[1]d@example.net>: no such user\n"
	return []mailFile{
		{"10,000 parts", strings.Replace(reportHead, "--b\n", repeat(10_000, "--b\n\npart %d\n")+"--b\n", 1)},
		{"10,000 status parts", reportHead + repeat(10_000, "\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a%d\n")},
		{"multiparts 100 deep", nested(100, "Content-Type: multipart/mixed; boundary=n%d\n\n--n%[1]d\n", "")},
		{"multiparts 1,000 deep", nested(1000, "Content-Type: multipart/report; boundary=n%d\n\n--n%[1]d\n", "")},
		{"messages 100 deep", strings.Repeat("Content-Type: message/rfc822\n\n", 100) + words},
		{"messages 10,000 deep", strings.Repeat("Content-Type: message/rfc822\n\n", 10_000) + words},
		{"a header line of 1 MB", fill("Subject: ", "x") + "\n" + words},
		{"a From of 1 MB", fill("From: ", "MAILER-DAEMON@a.example ") + "\n\nundelivered\n"},
		{"a To of 1 MB", fill("To: ", "a@b.example, ") + "\n" + words},
		{"failed recipients of 1 MB", fill("X-Failed-Recipients: ", "a@b.example, ") + "\n" + words},
		{"the same header fields", fill("", "X-Failed-Recipients: a@b.example\n") + words},
		{"10,000 addresses", words + repeat(10_000, "u%d@example.net\n")},
		{"100,000 addresses", words + repeat(100_000, "u%d@example.net\n")},
		{"100,000 addresses to ask", words + repeat(100_000, "please contact u%d@example.net\n")},
		{"addresses in one line", words + repeat(50_000, "u%d@example.net, ")},
		{"addresses in one line, in sentences", words + repeat(50_000, "mail u%d@example.net ")},
		{"sections", words + repeat(20_000, section)},
		{"sections under a header", header + words + repeat(20_000, section)},
		{"sections under failed recipients", "X-Failed-Recipients: " + repeat(10_000, "u%d@example.net, ") + "\n" + words + repeat(10_000, section)},
		{"failed recipients of whom nothing is said", "X-Failed-Recipients: " + repeat(10_000, "v%d@example.net, ") + "\n" + words + repeat(10_000, section)},
		{"a transcript", words + repeat(20_000, ">>> RCPT To:<u%d@example.net>\n<<< 550 5.1.1 no\n")},
		{"a transcript of one reply", words + "a@example.net\n\n" + fill("", "<<< 550-5.1.1 no\n")},
		{"replies alone", words + fill("a@example.net\n\n", "550 5.1.1 no\n")},
		{"paragraphs", words + fill("a@example.net\n", "\n4 5\n")},
		{"fields in the words", words + repeat(20_000, "Final-Recipient: rfc822; u%d@example.net\nAction: failed\nStatus: 5.0.0\n\n")},
		{"fields of poor recipients", reportHead + repeat(10_000, "\nFinal-Recipient: rfc822; u%d@example.net\nAction: failed\nStatus: 5.0.0\n")},
		{"poor recipients and their words", strings.Replace(reportHead, "It failed.\n", repeat(8_000, section), 1) + repeat(10_000, "\nFinal-Recipient: rfc822; u%d@example.net\nAction: failed\nStatus: 5.0.0\n")},
		{"labels", words + fill("", "expanded from: <a@b.example> (generated from c@d.example) ")},
		{"original headers that end early", words + fill("", "From: a\nTo: b\nx\n\n")},
		{"traces of headers", words + fill("", "Received: a\nx\n")},
		{"headers that go on", words + fill("", "From: a\n")},
		{"white space", fill(words, " ")},
		{"a megabyte without a line end", fill(words, "x")},
		{"at signs", fill(words, "@")},
		{"at signs and letters", fill(words, "a@")},
		{"quotes", fill(words, "\"@")},
		{"open quotes", words + strings.Repeat("\"", mega/2) + strings.Repeat("@", mega/2)},
		{"brackets", fill(words, "a@[")},
		{"letters of 8 bits", fill(words, "\xe4@")},
		{"dots", fill(words, "a@b...")},
		{"digits", fill(words, "550 5.1.1 ")},
		{"lines of digits", fill(words, "550\n")},
		{"NULs", fill(words, "\x00")},
		{"NULs in the header", fill("Subject: ", "\x00") + "\n" + words},
		{"NULs in the fields", fill(reportHead, "\x00")},
		{"dashes", fill(words, "-")},
		{"rulers", fill(words, "-----\n")},
		{"dividers", fill(words, "this is a copy of the message ")},
		{"tags", fill("From: MAILER-DAEMON@a.example\nContent-Type: text/html\n\n", "<p>")},
		{"open tags", fill("From: MAILER-DAEMON@a.example\nContent-Type: text/html\n\n", "<")},
		{"open styles", fill("From: MAILER-DAEMON@a.example\nContent-Type: text/html\n\n", "<style>")},
		{"comments of pages", fill("From: MAILER-DAEMON@a.example\nContent-Type: text/html\n\n", "<!--")},
		{"entities", fill("From: MAILER-DAEMON@a.example\nContent-Type: text/html\n\n", "&lt;&#64;")},
		{"text parts", strings.Replace(reportHead, "--b\n", repeat(900, "--b\n\nu%d@example.net\n"+strings.Repeat("x", 200)+"\n")+"--b\n", 1)},
		{"complaints", "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n" + repeat(20_000, "Removal-Recipient: u%d@example.net\n")},
		{"a boundary as text", strings.Replace(reportHead, "It failed.", strings.Repeat("--b is no boundary\n -- b\n--bb\n", 20_000), 1) + "\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n"},
	}
}

// TestHostile holds each message to the time and the memory of any other.
func TestHostile(t *testing.T) {
	w := watch(t)
	for _, m := range hostile() {
		t.Run(m.name, func(t *testing.T) {
			w.t = t
			took, used := w.read(m.name, m.text)
			t.Logf("%d bytes took %v, and %d bytes of memory, %.1f times the message", len(m.text), took, used, float64(used)/float64(len(m.text)))
		})
		if w.hangs {
			break // it runs on, and takes the time and memory of the others
		}
	}
}
