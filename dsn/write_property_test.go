package dsn

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
)

// pick returns one of the choices.
func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// word is a word of small letters.
func word(r *rand.Rand) string {
	b := make([]byte, 1+r.IntN(12))
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}

func words(r *rand.Rand) string {
	n := 1 + r.IntN(8)
	if r.IntN(20) == 0 {
		n = 400 // a line that must be folded
	}
	b := make([]string, n)
	for i := range b {
		b[i] = word(r) + pick(r, "", "", ".", "=", ";", ":", "<x@y>", "+2B", "@")
	}
	return strings.Join(b, " ")
}

func randomAddress(r *rand.Rand) Typed {
	local := pick(r, word(r), word(r)+"+"+word(r), word(r)+"."+word(r), word(r)+"="+word(r)+".org", strings.ToUpper(word(r)))
	domain := word(r) + pick(r, ".example", ".example.net", ".EXAMPLE.org")
	if r.IntN(4) == 0 {
		return Typed{"utf-8", pick(r, "jürgen", "用户", "x😀y") + local + "@" + pick(r, "é", "例え") + domain}
	}
	return Typed{"rfc822", local + "@" + domain}
}

func randomHost(r *rand.Rand) Typed {
	return pick(r, Typed{"dns", word(r) + ".example.com"}, Typed{"dns", "[192.0.2.1]"}, Typed{"x-local-hostname", word(r)})
}

func randomDate(r *rand.Rand) time.Time {
	if r.IntN(3) == 0 {
		return time.Time{}
	}
	zone := time.FixedZone("", (r.IntN(57)-28)*1800)
	return time.Unix(1e9+r.Int64N(1e9), 0).In(zone)
}

// randomOutcome has nothing in it that Write refuses. It reports whether the
// outcome is due.
func randomOutcome(t testing.TB, r *rand.Rand) (o Outcome, due bool) {
	action := pick(r, Failed, Failed, Delayed, Delivered, Relayed, Expanded)
	class := map[Action]int{Failed: pick(r, 4, 5), Delayed: 4}[action]
	if class == 0 {
		class = 2
	}
	o = Outcome{
		Request:     RecipientRequest{Notify: pick(r, 0, Never, Success|Failure|Delay, Success|Failure|Delay, Success, Failure, Delay)},
		Final:       randomAddress(r),
		Action:      action,
		Status:      nixie.MustCode(fmt.Sprintf("%d.%d.%d", class, r.IntN(8), r.IntN(9))),
		LastAttempt: randomDate(r),
		FinalLogID:  pick(r, "", word(r)),
		NextHopDSN:  r.IntN(3) == 0,
	}
	if action == Delayed {
		o.RetryUntil = randomDate(r)
	}
	if r.IntN(2) == 0 {
		o.Request.Original = randomAddress(r)
	}
	switch r.IntN(4) {
	case 0:
		o.Diagnostic = Typed{"x-nixie", words(r)}
	case 1:
		o.RemoteMTA = randomHost(r)
	default:
		o.RemoteMTA = randomHost(r)
		lines := make([]string, 1+r.IntN(3))
		for i := range lines {
			lines[i] = fmt.Sprintf("%d50%c%d.1.1 %s", class, pick2(i == len(lines)-1, ' ', '-'), class, words(r))
		}
		o.Reply = mustReply(t, strings.Join(lines, "\r\n"))
	}
	if r.IntN(3) == 0 {
		o.Extensions = []Field{{"X-" + word(r), word(r) + "; " + word(r) + " (" + word(r) + ")"}}
	}
	asked := o.Request.Notify
	switch action {
	case Failed:
		due = asked == 0 || asked&Failure != 0
	case Delayed:
		due = asked == 0 || asked&Delay != 0
	case Relayed:
		due = asked&Success != 0 && !o.NextHopDSN
	default:
		due = asked&Success != 0
	}
	return o, due
}

func pick2[T any](cond bool, yes, no T) T {
	if cond {
		return yes
	}
	return no
}

// TestReadBack: what Write makes, Parse reads back equal, and without a problem.
func TestReadBack(t *testing.T) {
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := &Notification{
			Request:         Request{From: "ann@example.com", EnvelopeID: pick(r, "", "QQ314159", "a b+c=d"), Return: pick(r, 0, Full, Headers)},
			ReportingMTA:    randomHost(r),
			ReceivedFromMTA: randomHost(r),
			ArrivalDate:     randomDate(r),
			From:            "postmaster@example.com",
			Path:            Path{EightBitMIME: r.IntN(2) == 0, SMTPUTF8: r.IntN(2) == 0},
			Text:            pick(r, "", words(r)+"\n", "Grüße\n"),
			Original:        strings.NewReader(pick(r, plainMail, "Subject: Grüße\n\nx\n", "Message-ID: <a@b.example>\n\nGr\xfc\xdfe\n")),
		}
		var want []Outcome
		for range 1 + r.IntN(4) {
			o, due := randomOutcome(t, r)
			n.Outcomes = append(n.Outcomes, o)
			if due {
				want = append(want, o)
			}
		}
		var b bytes.Buffer
		_, err := Write(&b, n)
		if len(want) == 0 {
			if err != ErrNothingDue {
				t.Fatalf("seed %d: %v, want ErrNothingDue", seed, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		written := b.String()
		checkMessage(t, written, n.Path)
		got, err := Parse(&b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := readBackDiff(n, want, got); diff != "" {
			t.Fatalf("seed %d: %s in\n%s", seed, diff, written)
		}
	}
}

// readBackDiff says in what a report differs from the notification it was read from.
func readBackDiff(n *Notification, want []Outcome, got *Report) string {
	for _, p := range got.Problems {
		return fmt.Sprintf("problem %v", p)
	}
	if got.EnvelopeID != n.Request.EnvelopeID || got.ReportingMTA != n.ReportingMTA || got.ReceivedFromMTA != n.ReceivedFromMTA ||
		!got.ArrivalDate.Equal(n.ArrivalDate) || len(got.Recipients) != len(want) || got.Original.IsZero() || got.Text == "" {
		return fmt.Sprintf("the message's fields are %+v", *got)
	}
	for i, o := range want {
		g := got.Recipients[i]
		if g.Original != o.Request.Original || g.Final != o.Final || g.Action != o.Action || g.Status != o.Status || g.RemoteMTA != o.RemoteMTA ||
			!g.LastAttempt.Equal(o.LastAttempt) || g.FinalLogID != o.FinalLogID || !g.RetryUntil.Equal(o.RetryUntil) {
			return fmt.Sprintf("recipient %d is %+v, want %+v,", i, g, o)
		}
		diagnostic := o.Diagnostic
		if len(o.Reply.Lines) > 0 {
			diagnostic = Typed{"smtp", strings.ReplaceAll(o.Reply.String(), "\r\n", "\n")}
		}
		// A line that was too long was folded where a space stood.
		flat := func(s string) string { return strings.ReplaceAll(s, "\n", " ") }
		if g.Diagnostic.Type != diagnostic.Type || flat(g.Diagnostic.Text) != flat(diagnostic.Text) {
			return fmt.Sprintf("diagnostic %d is %q, want %q,", i, g.Diagnostic, diagnostic)
		}
		for _, x := range o.Extensions {
			found := false
			for _, f := range g.Fields {
				found = found || f.Name == x.Name && flat(strings.TrimSpace(f.Value)) == x.Value
			}
			if !found {
				return fmt.Sprintf("extension %v of %d is lost", x, i)
			}
		}
	}
	return ""
}

// checkMessage holds a written message to what its path can take: lines, bytes,
// the fields of its header, its parts. Go's own readers must take it apart.
func checkMessage(t testing.TB, s string, path Path) {
	t.Helper()
	for line := range strings.Lines(s) {
		body, ok := strings.CutSuffix(line, "\r\n")
		if !ok || len(body) > maxLine || strings.ContainsAny(body, "\r\x00") {
			t.Fatalf("line %.80q has %d bytes, or its end or a byte in it is wrong", line, len(body))
		}
	}
	if !isASCII(s) && !path.EightBitMIME && !path.SMTPUTF8 {
		t.Fatalf("not 7-bit:\n%s", s)
	}
	m, err := mail.ReadMessage(strings.NewReader(s))
	if err != nil {
		t.Fatalf("%v in\n%s", err, s)
	}
	for name, values := range m.Header {
		switch name {
		case "From", "To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "Auto-Submitted", "Mime-Version", "Content-Type", "Content-Transfer-Encoding":
		default:
			t.Fatalf("the header has a field %s: %q", name, values)
		}
		if len(values) != 1 {
			t.Fatalf("the header has %d fields %s", len(values), name)
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for i := 0; ; i++ {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			if i != 2 && i != 3 {
				t.Fatalf("%d parts in\n%s", i, s)
			}
			return
		}
		if err != nil {
			t.Fatalf("part %d: %v in\n%s", i, err, s)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		encoding := p.Header.Get("Content-Transfer-Encoding")
		if !isASCII(string(content)) && (encoding != "8bit" || m.Header.Get("Content-Transfer-Encoding") != "8bit") {
			t.Fatalf("part %d is not ASCII and undeclared in\n%s", i, s)
		}
		if i == 1 && p.Header.Get("Content-Type") != "message/"+params["report-type"] {
			t.Fatalf("part 1 is %s, report-type %s", p.Header.Get("Content-Type"), params["report-type"])
		}
	}
}

// FuzzWrite: whatever the values, Write refuses them or writes a message that is
// whole: 7-bit where it must be, no long line, no field that nobody asked for, and
// as many recipients as were given.
func FuzzWrite(f *testing.F) {
	f.Add("ann@example.com", "mx.example.com", "QQ1", "bob@example.net", "rfc822", "carl@x.example", "550 5.1.1 no", "X-A", "b", "Subject: x\n\ny\n", uint8(0))
	f.Add("ann@example.com", "mx.example.com", "", "böb@example.net", "utf-8", "é@x.example", "550-5.1.1 a\r\n550 5.1.1 \xff\x00b", "X-A", "é", "Subject: \xff\n\r\ny\r", uint8(0xff))
	f.Add("a b@example.com", "[1.2.3.4]", "a\r\nb", "\"a b\"@c", "x400", "/a=b/", "421 x", "Status", " ", "--=_\n", uint8(7))
	f.Fuzz(func(t *testing.T, from, mta, id, final, origType, orig, reply, extName, extValue, message string, flags uint8) {
		parsed, err := nixie.ParseReply(reply)
		if err != nil {
			return
		}
		n := &Notification{
			Request:      Request{From: from, EnvelopeID: id, Return: Return(flags & 3), RequireTLS: flags&4 != 0},
			ReportingMTA: Typed{Text: mta},
			Original:     strings.NewReader(message),
			Path:         Path{EightBitMIME: flags&8 != 0, SMTPUTF8: flags&16 != 0},
			Date:         day, MessageID: "1@mx.example.com",
			Outcomes: []Outcome{{
				Final: Typed{Text: final}, Action: Failed, RemoteMTA: Typed{Text: mta}, Reply: parsed,
				Request: RecipientRequest{Original: Typed{origType, orig}},
			}},
		}
		if flags&32 != 0 {
			n.Outcomes[0].Extensions = []Field{{extName, extValue}}
			n.Extensions = []Field{{extName, extValue}}
		}
		if flags&64 != 0 {
			n.Subject, n.Text = extValue, extValue
		}
		var b bytes.Buffer
		if _, err := Write(&b, n); err != nil {
			if b.Len() > 0 {
				t.Fatalf("refused with %v, but wrote\n%s", err, b.String())
			}
			return
		}
		checkMessage(t, b.String(), n.Path)
		got, err := Parse(&b)
		if err != nil || len(got.Recipients) != 1 || got.Recipients[0].Action != Failed || got.Recipients[0].Status.IsZero() {
			t.Fatalf("read back as %+v, %v", got, err)
		}
	})
}
