package seen

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nixiemail/nixie"
)

func TestField(t *testing.T) {
	long := strings.Repeat("x", MaxField)
	tests := []struct {
		name, data, field, want string
	}{
		{"plain", "Subject: Hello\r\n\r\nbody", "Subject", "Hello"},
		{"in any case", "SUBJECT: Hello\r\n\r\n", "subject", "Hello"},
		{"the first of two", "Subject: one\r\nSubject: two\r\n\r\n", "Subject", "one"},
		{"behind others", "To: a@lab.test\r\nX-Subject: no\r\nSubject:Hello\r\n\r\n", "Subject", "Hello"},
		{"folded: RFC 5322, 2.2.3", "Subject: This\r\n is a test\r\n\r\n", "Subject", "This is a test"},
		{"folded with a tab", "Subject: This\r\n\tis\r\nX: y\r\n\r\n", "Subject", "This\tis"},
		{"space before the colon: RFC 5322, 4.5", "Subject : old\r\n\r\n", "Subject", "old"},
		{"a part of another's folding", "X: y\r\n Subject: no\r\n\r\n", "Subject", ""},
		{"not in the body", "X: y\r\n\r\nSubject: no\r\n", "Subject", ""},
		{"an empty header", "\r\nSubject: no\r\n", "Subject", ""},
		{"LF only", "X: y\nSubject: Hello\n\nbody", "Subject", "Hello"},
		{"without an end", "Subject: Hello", "Subject", "Hello"},
		{"no message", "", "Subject", ""},
		{"an encoded word: RFC 2047, 8", "Subject: =?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=\r\n\r\n",
			"Subject", "If you can read this you understand the example."},
		{"another charset", "Subject: =?koi8-r?B?8NLJ18XU?=\r\n\r\n", "Subject", "Привет"},
		{"an unknown charset", "Subject: =?x-none?Q?a?=\r\n\r\n", "Subject", "=?x-none?Q?a?="},
		{"as much as is read", "Subject:" + long + "\r\n\r\n", "Subject", long},
		{"more than is read", "Subject:" + long + "y\r\n\r\n", "Subject", long},
		{"deep in the header", strings.Repeat("X: 3456\r\n", (MaxHeader-9)/9) + "Subject:a\r\n\r\n", "Subject", "a"},
		{"too deep in the header", strings.Repeat("X: 3456\r\n", MaxHeader/9+1) + "Subject:a\r\n\r\n", "Subject", ""},
	}
	for _, tt := range tests {
		m := Message{Data: []byte(tt.data)}
		if got := m.Field(tt.field); got != tt.want {
			t.Errorf("%s: the field is %.100q, want %.100q", tt.name, got, tt.want)
		}
	}
}

func TestMessageID(t *testing.T) {
	m := Message{Data: []byte("Message-Id:\r\n <1@example.com>\r\nSubject: x\r\n\r\n")}
	equal(t, "the Message-ID", m.MessageID(), "1@example.com")
	equal(t, "the subject", m.Subject(), "x")
}

func TestCodes(t *testing.T) {
	tests := []struct {
		reply     string
		replyCode int
		code      string
	}{
		{"", 0, ""},
		{"250 2.0.0 OK\r\n", 250, "2.0.0"},
		{"550-5.1.1 No\r\n550 5.1.1 such user\r\n", 550, "5.1.1"},
		{"354 Go on\r\n", 354, ""},
		{"550 4.2.2 Odd\r\n", 550, "4.2.2"}, // literal, not what to act on
		{"\xff\xfe\r\n", 0, ""},
	}
	for _, tt := range tests {
		replyCode, code := Codes([]byte(tt.reply))
		if replyCode != tt.replyCode || code.String() != tt.code {
			t.Errorf("%q has the codes %d and %q, want %d and %q", tt.reply, replyCode, code, tt.replyCode, tt.code)
		}
	}
}

// FuzzField holds that a field is text of the header and never longer than is read,
// whatever the message.
func FuzzField(f *testing.F) {
	f.Add([]byte("Subject: =?utf-8?q?a?=\r\n b\r\n\r\nbody"))
	f.Add([]byte("Subject\r\n:\n\n"))
	f.Add([]byte("Subject: \xff\r\n\t\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := Message{Data: data}
		got := m.Subject()
		if strings.ContainsAny(got, "\r\n") && !strings.Contains(string(data), "=?") {
			t.Errorf("a field that wasn't encoded has a line end: %q", got)
		}
		if len(got) > MaxField*utf8.UTFMax {
			t.Errorf("a field has %d bytes", len(got))
		}
		m = Message{Data: append([]byte("Subject: first\r\n"), data...)}
		if len(data) > 0 && (data[0] == ' ' || data[0] == '\t') {
			return // it continues the first
		}
		if got := m.Subject(); got != "first" {
			t.Errorf("the first subject is %q", got)
		}
	})
}

func TestFilter(t *testing.T) {
	m := Message{
		ID: 7, At: stopped(), Session: 3, Listener: "main", From: "Ann@Example.COM",
		Reply: []byte("250 2.6.0 Kept\r\n"), Data: []byte("Subject: Invoice No. 5\r\nMessage-ID: <Id.5@example.com>\r\n\r\n"),
		To: []Recipient{
			{Address: "bob@lab.test", Reply: []byte("250 2.1.5 OK\r\n")},
			{Address: "550-5.1.1@users.lab.test", Reply: []byte("550 5.1.1 No such user\r\n")},
		},
	}
	code := nixie.MustCode
	tests := []struct {
		name string
		f    Filter
		want bool
	}{
		{"nothing wanted", Filter{}, true},
		{"after", Filter{After: 6}, true},
		{"not after", Filter{After: 7}, false},
		{"session", Filter{Session: 3}, true},
		{"another session", Filter{Session: 4}, false},
		{"listener", Filter{Listener: "main"}, true},
		{"another listener", Filter{Listener: "qmail"}, false},
		{"since", Filter{Since: stopped()}, true},
		{"too old", Filter{Since: stopped().Add(1)}, false},
		{"from", Filter{From: "ann@example.com"}, true},
		{"from the domain", Filter{From: "@example.com"}, true},
		{"from a part of it", Filter{From: "nn@example.com"}, false},
		{"from nobody", Filter{From: "<>"}, false},
		{"to", Filter{To: "BOB@lab.test"}, true},
		{"to the second", Filter{To: "550-5.1.1@users.lab.test"}, true},
		{"to the domain", Filter{To: "@users.lab.test"}, true},
		{"to the domain above", Filter{To: "@test"}, false},
		{"to another", Filter{To: "ann@lab.test"}, false},
		{"subject", Filter{Subject: "INVOICE"}, true},
		{"another subject", Filter{Subject: "invoices"}, false},
		{"Message-ID", Filter{MessageID: "Id.5@example.com"}, true},
		{"Message-ID in brackets", Filter{MessageID: "<Id.5@example.com>"}, true},
		{"Message-ID in another case", Filter{MessageID: "id.5@example.com"}, false},
		{"code of the message", Filter{Code: code("2.6.0")}, true},
		{"code of a recipient", Filter{Code: code("5.1.1")}, true},
		{"another code", Filter{Code: code("5.1.2")}, false},
		{"reply code", Filter{ReplyCode: 550}, true},
		{"codes of one reply", Filter{ReplyCode: 550, Code: code("5.1.1")}, true},
		{"codes of two replies", Filter{ReplyCode: 550, Code: code("2.1.5")}, false},
		{"code of this recipient", Filter{To: "@users.lab.test", Code: code("5.1.1")}, true},
		{"code of another recipient", Filter{To: "bob@lab.test", Code: code("5.1.1")}, false},
		{"code of the message to a recipient", Filter{To: "bob@lab.test", Code: code("2.6.0")}, true},
		{"all but one hold", Filter{From: "@example.com", To: "bob@lab.test", Subject: "receipt"}, false},
	}
	for _, tt := range tests {
		if got := tt.f.matches(&m); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	null := Message{ID: 1, From: "", Reply: []byte("553 5.1.8 No\r\n")}
	for _, f := range []Filter{{From: "<>"}, {ReplyCode: 553}} {
		if !f.matches(&null) {
			t.Errorf("%+v doesn't want what came from the empty sender and was refused", f)
		}
	}
	if (&Filter{To: "a@lab.test"}).matches(&null) {
		t.Error("what came to nobody came to a@lab.test")
	}
}
