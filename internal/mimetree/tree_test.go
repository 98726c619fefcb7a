package mimetree

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// report is a bounce in the layout of Postfix.
const report = "Return-Path: <>\n" +
	"From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\n" +
	"To: news@example.com\n" +
	"Subject: Undelivered Mail Returned to Sender\n" +
	"MIME-Version: 1.0\n" +
	"Content-Type: multipart/report; report-type=delivery-status;\n" +
	"\tboundary=\"4c7f.1700000000/mx.example.net\"\n" +
	"\n" +
	"This is a MIME-encapsulated message.\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net\n" +
	"Content-Description: Notification\n" +
	"Content-Type: text/plain; charset=us-ascii\n" +
	"\n" +
	"I'm sorry.\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net\n" +
	"Content-Type: message/delivery-status\n" +
	"\n" +
	"Reporting-MTA: dns; mx.example.net\n" +
	"\n" +
	"Final-Recipient: rfc822; a@example.org\n" +
	"Action: failed\n" +
	"Status: 5.1.1\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net\n" +
	"Content-Type: message/rfc822\n" +
	"\n" +
	"Subject: news\n" +
	"\n" +
	"Hello\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net--\n" +
	"after\n"

// nested has multiparts three deep, one in base64, a message with a multipart of
// its own, and boundaries of which one is the beginning of another.
const nested = "Subject: =?utf-8?Q?n=C3=A9?=\n" +
	"Content-Type: multipart/mixed; boundary=a\n\n" +
	"--a\nContent-Type: multipart/alternative; boundary=\"ab\"\n\n" +
	"--ab\nContent-Type: multipart/related; boundary=abc\n\n" +
	"--abc\n\nfirst\n--abc\nContent-Transfer-Encoding: base64\n\nc2Vjb25k\n--abc--\n" +
	"--ab\nContent-Type: text/html; charset=koi8-r\nContent-Transfer-Encoding: quoted-printable\n\n<b>=F0</b>\n--ab--\n" +
	"--a\nContent-Type: message/rfc822\n\n" +
	"Subject: x\nContent-Type: multipart/mixed; boundary=inner\n\n--inner\n\nkept whole\n--inner--\n" +
	"--a--\n"

func TestParseReport(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n", "\r"} {
		msg := strings.ReplaceAll(report, "\n", eol)
		tree := Parse(msg)
		if eol == "\r" {
			msg, eol = report, "\n"
			if got := tree.Problems[0].Kind; got != BareCR {
				t.Errorf("problem %s, want %s", got, BareCR)
			}
			tree.Problems = tree.Problems[1:]
		}
		if len(tree.Problems) > 0 || len(tree.Parts) != 4 {
			t.Fatalf("%d parts, problems %v", len(tree.Parts), tree.Problems)
		}
		for i, want := range []struct{ typ, body string }{
			{"multipart/report", ""},
			{"text/plain", "I'm sorry.\n"},
			{"message/delivery-status", "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"},
			{"message/rfc822", "Subject: news\n\nHello\n"},
		} {
			p := &tree.Parts[i]
			if p.Type != want.typ {
				t.Errorf("part %d is %s, want %s", i, p.Type, want.typ)
			}
			if i > 0 && tree.Text(i, -1) != want.body {
				t.Errorf("part %d: %q, want %q", i, tree.Text(i, -1), want.body)
			}
			if !strings.HasPrefix(msg[p.Offset:], p.Body) {
				t.Errorf("part %d: wrong offset %d", i, p.Offset)
			}
		}
		if got := tree.Parts[0].Param("REPORT-TYPE"); got != "delivery-status" {
			t.Errorf("report-type %q", got)
		}
		if got, want := tree.Preamble(0), "This is a MIME-encapsulated message."+eol; got != want {
			t.Errorf("preamble %q, want %q", got, want)
		}
		if got, want := tree.Epilogue(0), "after"+eol; got != want {
			t.Errorf("epilogue %q, want %q", got, want)
		}
	}
}

// treeCases are messages with the outline that they have by RFC 2045 and 2046, or
// that a reader would see in them: for each part its depth, type and body.
var treeCases = []struct {
	name, msg string
	outline   []string
	problems  []ProblemKind
}{
	{"empty", "", []string{`0 text/plain ""`}, nil},
	{"no header", "\nhello\n", []string{`0 text/plain "hello\n"`}, nil},
	{"no MIME", "Subject: x\n\nhello\n", []string{`0 text/plain "hello\n"`}, nil},
	{"header only", "Subject: x\n", []string{`0 text/plain ""`}, nil},
	{"nested", nested, []string{`0 multipart/mixed …`, `1 multipart/alternative …`, `2 multipart/related …`,
		`3 text/plain "first"`, `3 text/plain "second"`, `2 text/html "<b>П</b>"`,
		`1 message/rfc822 "Subject: x\nContent-Type: multipart/mixed; boundary=inner\n\n--inner\n\nkept whole\n--inner--"`}, nil},
	{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b\nContent-Type: text/plain\n\nz\n--b--\n",
		[]string{`0 multipart/digest …`, `1 message/rfc822 "Subject: x\n\ny"`, `1 text/plain "z"`}, nil},
	{"white space behind boundaries", "Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\nx\n--b--  \n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`}, nil},
	{"boundary is also text", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bound\nb\n--b b\n ---b\n--b--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "--bound\nb\n--b b\n ---b"`}, nil},
	{"empty parts", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n\n\n--b\n--b--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain ""`, `1 text/plain ""`, `1 text/plain ""`},
		[]ProblemKind{NoBlankLine}},
	{"never closed", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\ny",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`, `1 text/plain "y"`}, []ProblemKind{NotClosed}},
	{"outer ends inner", "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--o\n\ny\n--o--\n",
		[]string{`0 multipart/mixed …`, `1 multipart/mixed …`, `2 text/plain "x"`, `1 text/plain "y"`}, []ProblemKind{NotClosed}},
	{"one boundary for two", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n--b--\n",
		[]string{`0 multipart/mixed …`, `1 multipart/mixed …`, `2 text/plain "x"`, `1 text/plain "y"`}, nil},
	{"part behind the end", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n\n--b\n\ny\n--b--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`, `1 text/plain "y"`}, []ProblemKind{PartAfterEnd}},
	{"no boundary stated", "Content-Type: multipart/mixed\n\nwords\n-- \n--- \n--=_1\n\nx\n--=_1--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`}, []ProblemKind{NoBoundary, BoundaryGuessed}},
	{"another boundary stated", "Content-Type: multipart/mixed; boundary=z\n\n--=_1\n\nx\n--=_1--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`}, []ProblemKind{BoundaryNotFound, BoundaryGuessed}},
	{"no boundary at all", "Content-Type: multipart/mixed\n\nwords\n--once\n",
		[]string{`0 multipart/mixed "words\n--once\n"`}, []ProblemKind{NoBoundary}},
	{"a guess stays inside", "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed\n\nx\n--o\n\n--y\n--y\n--o--\n",
		[]string{`0 multipart/mixed …`, `1 multipart/mixed "x"`, `1 text/plain "--y\n--y"`}, []ProblemKind{NoBoundary}},
	{"stray quote", "Content-Type: multipart/mixed; boundary=\"b\n\n--b\n\nx\n--b--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`}, nil},
	{"boundary in pieces", "Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\n\n--bc\n\nx\n--bc--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`}, nil},
	{"two types", "Content-Type: text/html\nContent-Type: text/plain\n\nx", []string{`0 text/html "x"`}, []ProblemKind{DoubleField}},
	{"bad type", "Content-Type: text\n\nx", []string{`0 text/plain "x"`}, []ProblemKind{BadContentType}},
	{"bad encoding", "Content-Transfer-Encoding: x-uuencode\n\nx", []string{`0 text/plain "x"`}, []ProblemKind{UnknownEncoding}},
	{"mixed line ends", "Content-Type: multipart/mixed; boundary=b\r\n\n--b\r\n\r\nx\r\n\n--b\n\ny\r\n--b--",
		[]string{`0 multipart/mixed …`, `1 text/plain "x\n"`, `1 text/plain "y"`}, nil},
	{"doubled CR", "Content-Type: multipart/mixed; boundary=b\r\r\n\r\r\n--b\r\r\n\r\r\nx\r\r\n--b--\r\r\n",
		[]string{`0 multipart/mixed …`, `1 text/plain "x"`}, nil},
	{"no blank line before the boundary", "Content-Type: multipart/mixed; boundary=b\n--b\nSubject: z\n--b--\n",
		[]string{`0 multipart/mixed …`, `1 text/plain ""`}, []ProblemKind{NoBlankLine, NoBlankLine}},
	{"NUL", "Subject: a\x00b\n\n\x00", []string{`0 text/plain "\x00"`}, nil},
}

func outline(tree *Tree) (lines []string) {
	for i := range tree.Parts {
		p := &tree.Parts[i]
		if p.children > 0 {
			lines = append(lines, fmt.Sprintf("%d %s …", p.Depth, p.Type))
			continue
		}
		lines = append(lines, fmt.Sprintf("%d %s %q", p.Depth, p.Type, tree.Text(i, -1)))
	}
	return lines
}

func kinds(tree *Tree) (all []ProblemKind) {
	for _, p := range tree.Problems {
		all = append(all, p.Kind)
	}
	return all
}

func TestParse(t *testing.T) {
	for _, c := range treeCases {
		tree := Parse(c.msg)
		checkTree(t, c.msg, tree)
		if got := outline(tree); !slices.Equal(got, c.outline) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.outline, "\n"))
		}
		if got := kinds(tree); !slices.Equal(got, c.problems) {
			t.Errorf("%s: problems %v, want %v", c.name, tree.Problems, c.problems)
		}
	}
}

// deep returns a message with a leaf n levels below it.
func deep(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d.\n\n--b%d.\n", i, i)
	}
	b.WriteString("\nleaf\n")
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d.--\n", i)
	}
	return b.String()
}

// wide returns a multipart with n children.
func wide(n int) string {
	return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", n) + "--b--\n"
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, msg string
		parts     int
		problem   ProblemKind
	}{
		{"depth", deep(MaxDepth), MaxDepth + 1, ""},
		{"depth + 1", deep(MaxDepth + 1), MaxDepth + 1, TooDeep},
		{"parts", wide(MaxParts - 1), MaxParts, ""},
		{"parts + 1", wide(MaxParts), MaxParts, TooManyParts},
		{"parts * 10", wide(MaxParts * 10), MaxParts, TooManyParts},
		{"fields", strings.Repeat("a: b\n", MaxFields), 1, ""},
		{"fields + 1", strings.Repeat("a: b\n", MaxFields+1), 1, TooManyFields},
		{"fields of all - 9", strings.Replace(wide(10), "\n\nx", "\n"+strings.Repeat("a: b\n", MaxFields-1)+"\nx", -1), 11, ""},
		{"fields of all + 1", strings.Replace(wide(10), "\n\nx", "\n"+strings.Repeat("a: b\n", MaxFields)+"\nx", -1), 11, TooManyFields},
	} {
		tree := Parse(c.msg)
		checkTree(t, c.msg, tree)
		var found ProblemKind
		for _, p := range tree.Problems {
			if p.Kind != NotClosed {
				found = p.Kind
			}
		}
		if len(tree.Parts) != c.parts || found != c.problem {
			t.Errorf("%s: %d parts, problem %q, want %d, %q", c.name, len(tree.Parts), found, c.parts, c.problem)
		}
	}
	if tree := Parse(strings.Repeat("a : b\n", MaxProblems+1)); len(tree.Problems) != MaxProblems {
		t.Errorf("%d problems, want %d", len(tree.Problems), MaxProblems)
	}
	tree := Parse(wide(MaxParts + 1))
	if last := tree.Parts[MaxParts-1].Body; last != "x\n--b\n\nx\n--b\n\nx\n--b--\n" {
		t.Errorf("the last part is %q", last)
	}
}
