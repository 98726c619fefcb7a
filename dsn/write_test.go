package dsn

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
)

var update = flag.Bool("update", false, "write the golden messages of testdata/write anew")

// TestDuty is the table of every NOTIFY and action. RFC 3461, 4.1 and 5.2.
func TestDuty(t *testing.T) {
	const (
		no  = MustNot
		may = May
		yes = Must
	)
	for _, c := range []struct {
		notify                                                Notify
		failed, delayed, delivered, relayed, handed, expanded Duty // handed: relayed to a server with DSN
	}{
		{0, yes, may, no, no, no, no},
		{Never, no, no, no, no, no, no},
		{Failure, yes, no, no, no, no, no},
		{Delay, no, may, no, no, no, no},
		{Success, no, no, yes, yes, no, yes},
		{Failure | Delay, yes, may, no, no, no, no},
		{Success | Failure, yes, no, yes, yes, no, yes},
		{Success | Delay, no, may, yes, yes, no, yes},
		{Success | Failure | Delay, yes, may, yes, yes, no, yes},
		{Never | Success, no, no, no, no, no, no}, // not valid
	} {
		from := Request{From: "a@example.com"}
		for _, x := range []struct {
			action Action
			dsn    bool
			want   Duty
		}{
			{Failed, false, c.failed}, {Failed, true, c.failed}, {Delayed, false, c.delayed}, {Delivered, false, c.delivered},
			{Relayed, false, c.relayed}, {Relayed, true, c.handed}, {Expanded, false, c.expanded}, {"lost", false, no},
		} {
			if got := from.Duty(c.notify, x.action, x.dsn); got != x.want {
				t.Errorf("NOTIFY=%v, %s, next hop with DSN %v: duty %d, want %d", c.notify, x.action, x.dsn, got, x.want)
			}
			if got := (Request{}).Duty(c.notify, x.action, x.dsn); got != MustNot {
				t.Errorf("NOTIFY=%v, %s, null return path: duty %d", c.notify, x.action, got)
			}
		}
	}
}

func mustReply(t testing.TB, s string) nixie.Reply {
	t.Helper()
	r, err := nixie.ParseReply(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var day = time.Date(2026, 3, 2, 14, 5, 6, 0, time.FixedZone("", 3600))

// failure is a notification of one refused recipient.
func failure(t testing.TB) *Notification {
	return &Notification{
		Request:      Request{From: "ann@example.com"},
		ReportingMTA: Typed{Text: "mx.example.com"},
		MessageID:    "1@mx.example.com",
		Date:         day,
		Outcomes: []Outcome{{
			Final:     Typed{Text: "bob@example.net"},
			Action:    Failed,
			RemoteMTA: Typed{Text: "mx.example.net"},
			Reply:     mustReply(t, "550 5.1.1 User unknown"),
		}},
	}
}

const plainMail = "Received: from a by b\r\nMessage-ID: <orig@example.com>\r\nSubject: Hi\r\n\r\nHello\r\n"

// notifications are what the golden messages are made from.
func notifications(t testing.TB) map[string]*Notification {
	all := map[string]*Notification{}
	add := func(name string, change func(n *Notification, o *Outcome)) {
		n := failure(t)
		n.Original = strings.NewReader(plainMail)
		change(n, &n.Outcomes[0])
		all[name] = n
	}
	add("failed", func(*Notification, *Outcome) {})
	add("failed-full", func(n *Notification, o *Outcome) { n.Request.Return = Full })
	add("failed-requiretls", func(n *Notification, o *Outcome) { n.Request.Return, n.Request.RequireTLS = Full, true })
	add("failed-all-fields", func(n *Notification, o *Outcome) {
		n.Request.EnvelopeID = "QQ 314159+"
		n.Gateway, n.ReceivedFromMTA = Typed{"x400", "gw"}, Typed{Text: "[192.0.2.1]"}
		n.ArrivalDate = day.Add(-time.Hour)
		n.Extensions = []Field{{"X-Queue-Id", "4ABC"}}
		n.Subject = "Unzustellbar: die Nachricht an Jürgen und an alle anderen, die sie nie bekommen haben"
		n.Text = "Ihre Nachricht kam nicht an: Grüße vom Server.\n"
		n.Outcomes = append(n.Outcomes, Outcome{
			Request: RecipientRequest{Notify: Success | Delay, Original: Typed{"rfc822", "Carl+x@Example.net"}},
			Final:   Typed{Text: "carl@example.net"}, Action: Delayed, Status: nixie.MustCode("4.4.1"),
			Diagnostic:  Typed{"x-nixie", "connect to mx.example.net: Connection timed out"},
			LastAttempt: day, FinalLogID: "4ABC", RetryUntil: day.Add(96 * time.Hour),
			Extensions: []Field{{"X-Try", "7"}},
		}, Outcome{
			Request: RecipientRequest{Notify: Failure}, // may not be told of success
			Final:   Typed{Text: "dora@example.net"}, Action: Delivered, Status: nixie.MustCode("2.1.5"),
		})
	})
	add("success", func(n *Notification, o *Outcome) {
		n.Request.Return = Full
		n.Outcomes = append(n.Outcomes[:0],
			Outcome{Request: RecipientRequest{Notify: Success}, Final: Typed{Text: "bob@example.net"}, Action: Delivered, Status: nixie.MustCode("2.1.5")},
			Outcome{Request: RecipientRequest{Notify: Success}, Final: Typed{Text: "carl@example.net"}, Action: Relayed,
				RemoteMTA: Typed{Text: "mx.example.net"}, Reply: mustReply(t, "250 2.1.5 Ok")},
			Outcome{Request: RecipientRequest{Notify: Success}, Final: Typed{Text: "team@example.com"}, Action: Expanded, Status: nixie.MustCode("2.0.0")})
	})
	add("reply-lines", func(n *Notification, o *Outcome) {
		o.Reply = mustReply(t, "550-5.7.1 first\r\n550-5.7.1 \r\n550 5.7.1 Zugang \xfcber \x01 Gr\u00fc\u00dfe")
	})
	add("utf8-recipient-7bit", func(n *Notification, o *Outcome) {
		o.Final.Text = "用户@例え.example"
		o.Request.Original = Typed{"utf-8", "a+b@é.example"}
	})
	add("utf8-recipient-smtputf8", func(n *Notification, o *Outcome) {
		n.Path.SMTPUTF8 = true
		n.Request.From = "änn@example.com"
		n.Request.Return = Full
		n.Original = strings.NewReader("Subject: Grüße\n\nHallo Jürgen\n")
		o.Final.Text = `"a\b c"@é.example`
		o.Request.Original = Typed{"utf-8", "a+b@é.example"}
		o.Localized = []Localized{{"de", "Unbekannter Empfänger"}}
	})
	add("eightbit-full-7bit-path", func(n *Notification, o *Outcome) {
		n.Request.Return = Full
		n.Original = strings.NewReader("Subject: Hi\n\nHallo J\xfcrgen\n")
	})
	add("eightbit-full-8bit-path", func(n *Notification, o *Outcome) {
		n.Request.Return, n.Path.EightBitMIME = Full, true
		n.Original = strings.NewReader("Subject: Hi\n\nHallo J\xfcrgen\n")
	})
	add("broken-header", func(n *Notification, o *Outcome) {
		n.Request.Return = Full
		n.Original = strings.NewReader("Subject: Gr\xfc\xdfe \nMessage-ID:\n <x@example.com>\n\nHallo\n")
	})
	return all
}

func TestGolden(t *testing.T) {
	for name, n := range notifications(t) {
		var got bytes.Buffer
		if _, err := Write(&got, n); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := filepath.Join("testdata", "write", name+".eml")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: got\n%s\nwant\n%s\n%v", name, got.String(), want, err)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "write", "*.eml"))
	if err != nil || len(files) != len(notifications(t)) {
		t.Errorf("%d golden messages, %d notifications (%v)", len(files), len(notifications(t)), err)
	}
}

func TestEnvelope(t *testing.T) {
	for name, want := range map[string]Envelope{
		"failed":                  {To: "ann@example.com", Notify: Never},
		"failed-requiretls":       {To: "ann@example.com", Notify: Never, RequireTLS: true},
		"eightbit-full-7bit-path": {To: "ann@example.com", Notify: Never},
		"eightbit-full-8bit-path": {To: "ann@example.com", Notify: Never, EightBit: true},
		"utf8-recipient-7bit":     {To: "ann@example.com", Notify: Never},
		"utf8-recipient-smtputf8": {To: "änn@example.com", Notify: Never, EightBit: true, SMTPUTF8: true},
	} {
		if got, err := Write(new(bytes.Buffer), notifications(t)[name]); err != nil || got != want {
			t.Errorf("%s: envelope %+v, %v, want %+v", name, got, err, want)
		}
	}
}

// TestActionStatus is the table of actions and classes. RFC 3464, 2.3.3 and 2.3.4.
func TestActionStatus(t *testing.T) {
	for action, want := range map[Action]string{Failed: "45", Delayed: "4", Delivered: "2", Relayed: "2", Expanded: "2"} {
		for _, class := range []string{"2", "4", "5"} {
			n := failure(t)
			o := &n.Outcomes[0]
			o.Request.Notify, o.Action, o.Status = Success|Failure|Delay, action, nixie.MustCode(class+".0.0")
			_, err := Write(new(bytes.Buffer), n)
			if ok := strings.Contains(want, class); ok != (err == nil) || !ok && !errors.Is(err, ErrInvalid) {
				t.Errorf("%s with class %s: %v", action, class, err)
			}
		}
	}
}

func TestWriteNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(n *Notification)
		want   error
	}{
		"null return path": {func(n *Notification) { n.Request.From = "" }, ErrNullReturnPath},
		"never":            {func(n *Notification) { n.Outcomes[0].Request.Notify = Never }, ErrNothingDue},
		"success only":     {func(n *Notification) { n.Outcomes[0].Request.Notify = Success }, ErrNothingDue},
		"no outcome":       {func(n *Notification) { n.Outcomes = nil }, ErrNothingDue},
		"utf-8 sender":     {func(n *Notification) { n.Request.From = "é@example.com" }, ErrNeedsSMTPUTF8},
	} {
		n, w := failure(t), new(bytes.Buffer)
		c.change(n)
		if _, err := Write(w, n); !errors.Is(err, c.want) || w.Len() > 0 {
			t.Errorf("%s: %v and %d bytes, want %v", name, err, w.Len(), c.want)
		}
	}
}

// TestRefused: nothing is written, and the error names the field.
func TestRefused(t *testing.T) {
	long := strings.Repeat("a", maxValue)
	for name, c := range map[string]struct {
		field  string
		change func(n *Notification, o *Outcome)
	}{
		"sender injects":       {"Request.From", func(n *Notification, o *Outcome) { n.Request.From = "a@b>\r\nBcc: c@d" }},
		"sender no mailbox":    {"Request.From", func(n *Notification, o *Outcome) { n.Request.From = "ann" }},
		"envelope id":          {"Request.EnvelopeID", func(n *Notification, o *Outcome) { n.Request.EnvelopeID = "a\nb" }},
		"envelope id long":     {"Request.EnvelopeID", func(n *Notification, o *Outcome) { n.Request.EnvelopeID = long }},
		"return":               {"Request.Return", func(n *Notification, o *Outcome) { n.Request.Return = 7 }},
		"no reporting MTA":     {"ReportingMTA", func(n *Notification, o *Outcome) { n.ReportingMTA = Typed{} }},
		"short reporting MTA":  {"ReportingMTA", func(n *Notification, o *Outcome) { n.ReportingMTA.Text = "localhost" }},
		"reporting MTA CR":     {"ReportingMTA", func(n *Notification, o *Outcome) { n.ReportingMTA = Typed{"x-a", "a\rb"} }},
		"MTA type":             {"ReceivedFromMTA", func(n *Notification, o *Outcome) { n.ReceivedFromMTA = Typed{"a b", "c"} }},
		"MTA type in capitals": {"Gateway", func(n *Notification, o *Outcome) { n.Gateway = Typed{"DNS", "mx.example.com"} }},
		"arrival":              {"ArrivalDate", func(n *Notification, o *Outcome) { n.ArrivalDate = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"from":                 {"From", func(n *Notification, o *Outcome) { n.From = "x\n@example.com" }},
		"from, no dns":         {"From", func(n *Notification, o *Outcome) { n.ReportingMTA = Typed{"x-local-hostname", "gw"} }},
		"subject":              {"Subject", func(n *Notification, o *Outcome) { n.Subject = "a\r\nBcc: x" }},
		"subject NUL":          {"Subject", func(n *Notification, o *Outcome) { n.Subject = "a\x00" }},
		"subject long":         {"Subject", func(n *Notification, o *Outcome) { n.Subject = long + "a" }},
		"text NUL":             {"Text", func(n *Notification, o *Outcome) { n.Text = "a\x00b" }},
		"text long":            {"Text", func(n *Notification, o *Outcome) { n.Text = strings.Repeat("a", MaxText+1) }},
		"message ID":           {"MessageID", func(n *Notification, o *Outcome) { n.MessageID = "<a@b>" }},
		"message ID line":      {"MessageID", func(n *Notification, o *Outcome) { n.MessageID = "a@b\r\nX: y" }},
		"extension name":       {"Extensions", func(n *Notification, o *Outcome) { n.Extensions = []Field{{"X:Y", "z"}} }},
		"extension line":       {"Extensions", func(n *Notification, o *Outcome) { n.Extensions = []Field{{"X-Y", "z\nAction: failed"}} }},
		"extension defined":    {"Extensions", func(n *Notification, o *Outcome) { o.Extensions = []Field{{"ACTION", "failed"}} }},
		"extension utf-8":      {"Extensions", func(n *Notification, o *Outcome) { o.Extensions = []Field{{"X-A", "é"}} }},
		"extensions":           {"Extensions", func(n *Notification, o *Outcome) { o.Extensions = make([]Field, maxExtensions+1) }},
		"action":               {"Action", func(n *Notification, o *Outcome) { o.Action = "Failed\n" }},
		"notify":               {"Request.Notify", func(n *Notification, o *Outcome) { o.Request.Notify = Never | Success }},
		"no recipient":         {"Final", func(n *Notification, o *Outcome) { o.Final = Typed{} }},
		"recipient line":       {"Final", func(n *Notification, o *Outcome) { o.Final.Text = "a@b\r\nStatus: 2.0.0" }},
		"recipient brackets":   {"Final", func(n *Notification, o *Outcome) { o.Final.Text = "<a@b>" }},
		"recipient type":       {"Final", func(n *Notification, o *Outcome) { o.Final = Typed{"rfc822", "é@b"} }},
		"recipient long":       {"Final", func(n *Notification, o *Outcome) { o.Final.Text = long + "@b" }},
		"original recipient":   {"Request.Original", func(n *Notification, o *Outcome) { o.Request.Original = Typed{"rfc822", "a\nb"} }},
		"no status":            {"Status", func(n *Notification, o *Outcome) { o.Reply = nixie.Reply{} }},
		"2.1.9": {"Status", func(n *Notification, o *Outcome) {
			o.Request.Notify, o.Action, o.Status = Success, Delivered, nixie.MustCode("2.1.9")
		}},
		"reply, no remote MTA": {"RemoteMTA", func(n *Notification, o *Outcome) { o.RemoteMTA = Typed{} }},
		"no server's reply": {"Reply", func(n *Notification, o *Outcome) {
			o.Reply, o.Status = mustReply(t, "Connection refused"), nixie.MustCode("5.4.1")
		}},
		"reply not its own":    {"Reply", func(n *Notification, o *Outcome) { o.Reply.Lines = []nixie.Line{{End: 99, ReplyCode: 550}} }},
		"reply and diagnostic": {"Diagnostic", func(n *Notification, o *Outcome) { o.Diagnostic = Typed{"x-a", "b"} }},
		"diagnostic smtp": {"Diagnostic", func(n *Notification, o *Outcome) {
			o.Status, o.Reply, o.Diagnostic = nixie.MustCode("5.0.0"), nixie.Reply{}, Typed{"SMTP", "550 x"}
		}},
		"diagnostic line": {"Diagnostic", func(n *Notification, o *Outcome) {
			o.Status, o.Reply, o.Diagnostic = nixie.MustCode("5.0.0"), nixie.Reply{}, Typed{"x-a", "a\nb"}
		}},
		"retry until":         {"RetryUntil", func(n *Notification, o *Outcome) { o.RetryUntil = day }},
		"log id":              {"FinalLogID", func(n *Notification, o *Outcome) { o.FinalLogID = "a\nb" }},
		"language":            {"Localized", func(n *Notification, o *Outcome) { o.Localized = []Localized{{"d_", "x"}} }},
		"language twice":      {"Localized", func(n *Notification, o *Outcome) { o.Localized = []Localized{{"de", "x"}, {"DE", "y"}} }},
		"localized line":      {"Localized", func(n *Notification, o *Outcome) { o.Localized = []Localized{{"de", "x\ny"}} }},
		"sender utf-8 domain": {"From", func(n *Notification, o *Outcome) { n.From = "é@example.com" }},
		"recipient's type":    {"Final", func(n *Notification, o *Outcome) { o.Final.Type = "RFC822" }},
		"x400 recipient":      {"Final", func(n *Notification, o *Outcome) { o.Final = Typed{"x400", " /a=b/"} }},
		"MTA with space":      {"RemoteMTA", func(n *Notification, o *Outcome) { o.RemoteMTA = Typed{"x-a", "b "} }},
		"many languages":      {"Localized", func(n *Notification, o *Outcome) { o.Localized = make([]Localized, maxExtensions+1) }},
		"language empty":      {"Localized", func(n *Notification, o *Outcome) { o.Localized = []Localized{{"de", " "}} }},
		"extension empty":     {"Extensions", func(n *Notification, o *Outcome) { n.Extensions = []Field{{"X-A", " "}} }},
		"log id with space":   {"FinalLogID", func(n *Notification, o *Outcome) { o.FinalLogID = " a" }},
		"original too long": {"Request.Original", func(n *Notification, o *Outcome) {
			o.Request.Original = Typed{"utf-8", strings.Repeat("é", 150) + "@example.com"}
		}},
		"diagnostic empty": {"Diagnostic", func(n *Notification, o *Outcome) {
			o.Status, o.Reply, o.Diagnostic = nixie.MustCode("5.0.0"), nixie.Reply{}, Typed{"x-a", " "}
		}},
		"diagnostic long": {"Diagnostic", func(n *Notification, o *Outcome) {
			o.Status, o.Reply, o.Diagnostic = nixie.MustCode("5.0.0"), nixie.Reply{}, Typed{"x-a", strings.Repeat("a ", nixie.MaxReply)}
		}},
		"too many": {"Outcomes", func(n *Notification, o *Outcome) {
			for len(n.Outcomes) <= MaxOutcomes {
				n.Outcomes = append(n.Outcomes, n.Outcomes[0])
			}
		}},
	} {
		n, w := failure(t), new(bytes.Buffer)
		c.change(n, &n.Outcomes[0])
		_, err := Write(w, n)
		var fe *FieldError
		if !errors.As(err, &fe) || fe.Field != c.field || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.field+": ") || w.Len() > 0 {
			t.Errorf("%s: %v and %d bytes; want a FieldError of %s", name, err, w.Len(), c.field)
		}
	}
}
