package mimetree

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// bounce4k is a report of three parts and 4 kB, with the trace fields of a mail
// that came over some servers.
var bounce4k = func() string {
	received := "Received: from mx.example.net (mx.example.net [192.0.2.25])\n" +
		"\tby mail.example.com (Postfix) with ESMTPS id 4T3zXk2fQPz9sT\n" +
		"\tfor <news@example.com>; Mon, 01 Jan 2024 12:00:00 +0000 (UTC)\n"
	original := strings.Repeat(received, 3) + "Message-ID: <1@example.com>\nSubject: news\n\n" +
		strings.Repeat("What is new in the world, in a line of text.\n", 40)
	msg := strings.Replace(report, "Return-Path: <>\n", "Return-Path: <>\n"+strings.Repeat(received, 2), 1)
	return strings.Replace(msg, "Subject: news\n\nHello\n", original, 1)
}()

// maxTime is far above what the messages of TestLinear take, and far below what a
// quadratic way through them would.
const maxTime = 10 * time.Second

func BenchmarkParse(b *testing.B) {
	b.Run("mimetree", func(b *testing.B) {
		b.SetBytes(int64(len(bounce4k)))
		b.ReportAllocs()
		for b.Loop() {
			Parse(bounce4k)
		}
	})
	b.Run("mimetree/reused", func(b *testing.B) {
		b.SetBytes(int64(len(bounce4k)))
		b.ReportAllocs()
		var t Tree
		for b.Loop() {
			t.Parse(bounce4k)
		}
	})
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		t := Parse(bounce4k)
		for b.Loop() {
			for i := range t.Parts {
				t.Text(i, -1)
			}
			t.Parts[0].Header.Text("Subject")
		}
	})
	b.Run("standard library", func(b *testing.B) {
		b.SetBytes(int64(len(bounce4k)))
		b.ReportAllocs()
		for b.Loop() {
			if err := walk(bounce4k); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// walk reads a multipart and all of its parts with the standard library.
func walk(msg string) error {
	m, err := mail.ReadMessage(strings.NewReader(msg))
	if err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.ReadAll(p); err != nil {
			return err
		}
	}
}

func TestAllocates(t *testing.T) {
	var reused Tree
	for _, c := range []struct {
		name string
		max  float64
		run  func()
	}{
		{"a new tree", 6, func() { Parse(bounce4k) }},
		{"a tree used again", 0, func() { reused.Parse(bounce4k) }},
		{"the text", 0, func() { reused.Text(1, -1) }},
		{"a field", 0, func() { reused.Parts[0].Header.Text("Subject") }},
	} {
		if n := testing.AllocsPerRun(100, c.run); n > c.max {
			t.Errorf("%s takes %v allocations, want at most %v", c.name, n, c.max)
		}
	}
}

// Work grows with the length of a message, whatever stands in it.
func TestLinear(t *testing.T) {
	const size = 1 << 20
	fill := func(head, s string) string { return head + strings.Repeat(s, size/len(s)) }
	var levels strings.Builder
	for i := range MaxDepth {
		fmt.Fprintf(&levels, "Content-Type: multipart/mixed; boundary=xxx%03d\n\n--xxx%03d\n", i, i)
	}
	for name, msg := range map[string]string{
		"boundaries at depth":     fill(levels.String()+"\n", "--xxx\n"),
		"dashes at depth":         fill(levels.String()+"\n", "--\n"),
		"parts without boundary":  fill("Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: multipart/mixed; boundary=c\n\n--d\n"),
		"guesses":                 fill("Content-Type: multipart/mixed\n\n", "--a\n--b") + "\n--c",
		"open words":              fill("Subject: ", "=?a?q?b "),
		"words":                   fill("Subject: ", "=?a?b?b?= "),
		"open comments":           fill("Content-Type: a/b; ", "("),
		"comments":                fill("Content-Type: a/b; ", "() "),
		"pieces":                  fill("Content-Type: a/b; boundary*0=a", ";boundary*1*=%41"),
		"white space in a value":  fill("Content-Type: a/b; x=y", " "),
		"words in a value":        fill("Content-Type: a/b; x=y", " y"),
		"open quotes":             fill("Content-Type: a/b; ", `x="\";`),
		"a long line":             fill("Subject: ", "x"),
		"folded lines":            fill("Subject: ", "x\n "),
		"white lines":             fill("Subject: x\n", " \n x\n"),
		"CR":                      fill("Subject: x\n", "\r"),
		"CR in the body":          fill("\n", "\r\r\n\r"),
		"junk":                    fill("", "no field\nA: b\n"),
		"padding":                 fill("Content-Transfer-Encoding: base64\n\n", "A="),
		"padded lines":            fill("Content-Transfer-Encoding: base64\n\n", "A=\n"),
		"escapes":                 fill("Content-Transfer-Encoding: quoted-printable\n\n", "=ZZ="),
		"UTF-7":                   fill("Content-Type: a/b; charset=utf-7\n\n", "+"),
		"shifts of ISO-2022":      fill("\n", "\x1b"),
		"ISO-2022":                fill("\n", "\x1b$B"),
		"ISO-2022-KR":             fill("\n", "\x1b$)C"),
		"cut off characters":      fill("\n", "\xe2"),
		"lines that may be mboxs": fill("", "From x\n"),
	} {
		start := time.Now()
		var tree Tree
		tree.Parse(msg)
		for i := range tree.Parts {
			if i == 0 || i == len(tree.Parts)-1 {
				checkUse(t, &tree, i)
			}
		}
		if d := time.Since(start); d > maxTime {
			t.Errorf("%s: %v", name, d)
		} else {
			t.Logf("%s: %v", name, d)
		}
	}
}
