package mailbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// walked is what a test expects of a walk: the messages, with a "…" at the end of
// those that are truncated, and "path: error" for errors.
func walked(w *Walker, paths ...string) []string {
	var got []string
	for m, err := range w.Messages(context.Background(), paths) {
		switch {
		case err != nil:
			got = append(got, m.Path+": "+err.Error())
		case m.Truncated:
			got = append(got, m.Raw+"…")
		default:
			got = append(got, m.Raw)
		}
	}
	return got
}

// stdin walks through text as standard input.
func stdin(text string) []string {
	return walked(&Walker{Stdin: strings.NewReader(text)}, "-")
}

func want(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A From_ line as RFC 4155 has it.
const fl = "From ann@a.example Mon Jan  5 12:34:56 2026\n"

func TestMbox(t *testing.T) {
	cr := func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	two := fl + "A: 1\n\nx\n\n" + fl + "B: 2\n\ny\n\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"one message that is no mbox", "A: 1\n\nx\n\n", []string{"A: 1\n\nx\n\n"}},
		{"one", fl + "A: 1\n\nx\n\n", []string{"A: 1\n\nx\n"}},
		{"two", two, []string{"A: 1\n\nx\n", "B: 2\n\ny\n"}},
		{"CRLF", crlf(two), []string{"A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"}},
		{"CR", cr(two), []string{"A: 1\r\rx\r", "B: 2\r\ry\r"}},
		{"CRLF in a file of LF", fl + "A: 1\r\n\r\nx\r\n\n" + fl + "B: 2\n", []string{"A: 1\r\n\r\nx\r\n", "B: 2\n"}},
		{"empty lines and a mark first", "\ufeff\r\n\n" + two, []string{"A: 1\n\nx\n", "B: 2\n\ny\n"}},
		{"no empty line between", fl + "A: 1\n\nx\n" + fl + "B: 2\n", []string{"A: 1\n\nx\n", "B: 2\n"}},
		{"no end of the last line", fl + "A: 1\n\nx", []string{"A: 1\n\nx"}},
		{"only one empty line is the file's", fl + "A: 1\n\nx\n\n\n" + fl + "B: 2\n\n\n", []string{"A: 1\n\nx\n\n", "B: 2\n\n"}},
		{"empty messages", fl + "\n" + fl + "\n", []string{"", ""}},
		{"header of UUCP", fl + "A: 1\n\nx\n" + fl + ">From b remote from c\nB: 2\n", []string{"A: 1\n\nx\n", "From b remote from c\nB: 2\n"}},
		{"people write so", fl + "A: 1\n\nx\n\nFrom what I see: it is 12:30\n", []string{"A: 1\n\nx\n\nFrom what I see: it is 12:30\n"}},
		{"a date in a sentence", fl + "A: 1\n\nsays\nFrom x Mon Jan  5 12:34:56 2026\nit was bad\n", []string{"A: 1\n\nsays\nFrom x Mon Jan  5 12:34:56 2026\nit was bad\n"}},
		{"From_ line at the end of a cut file", fl + "A: 1\n\nx\n\n" + strings.TrimSpace(fl), []string{"A: 1\n\nx\n\n" + strings.TrimSpace(fl)}},
		{"no date in the first line", "From ann\nA: 1\n\nx\n", []string{"A: 1\n\nx\n"}},
		{"a letter that begins so", "From what I see\nit is bad\n", []string{"From what I see\nit is bad\n"}},
		{"a field with space before its colon", "From : ann@a.example\nTo: b\n\nx\n", []string{"From : ann@a.example\nTo: b\n\nx\n"}},
		{"mboxrd quoting", fl + "A: 1\n\n>From x\n>>From y\n>from z\n> From z\na >From z\n>>>From", []string{"A: 1\n\nFrom x\n>From y\n>from z\n> From z\na >From z\n>>>From"}},
		{"quoting is of an mbox only", "A: 1\n\n>From x\n", []string{"A: 1\n\n>From x\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { want(t, stdin(tt.text), tt.want) })
	}
}

func TestContentLength(t *testing.T) {
	body := "x\n\n" + fl + "C: 3\n\ny\n"
	second := "\n" + fl + "B: 2\n"
	message := func(field, body string) string { return "A: 1\n" + field + "\n\n" + body }
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d", n) }
	exact := length(len(body))
	split := func(field string) []string {
		return []string{message(field, "x\n"), "C: 3\n\ny\n", "B: 2\n"}
	}
	tests := []struct {
		name, text string
		want       []string
	}{
		{"exact", fl + message(exact, body) + second, []string{message(exact, body), "B: 2\n"}},
		{"small letters", fl + message(strings.ToLower(exact), body) + second, []string{message(strings.ToLower(exact), body), "B: 2\n"}},
		{"to the end", fl + message(exact, body), []string{message(exact, body)}},
		{"to the end and an empty line", fl + message(exact, body) + "\n", []string{message(exact, body)}},
		{"one too many", fl + message(length(len(body)+2), body) + second, split(length(len(body) + 2))},
		{"without the last line end", fl + message(length(len(body)-1), body) + second, []string{message(length(len(body)-1), body[:len(body)-1]), "B: 2\n"}},
		{"too few", fl + message(length(len(body)-2), body) + second, split(length(len(body) - 2))},
		{"beyond the end", fl + message(length(99999), body) + second, split(length(99999))},
		{"beyond all", fl + message("Content-Length: 99999999999999999999", body) + second, split("Content-Length: 99999999999999999999")},
		{"no number", fl + message("Content-Length: -1", body) + second, split("Content-Length: -1")},
		{"in the body", fl + "A: 1\n\nContent-Length: 60\n\n" + second, []string{"A: 1\n\nContent-Length: 60\n\n", "B: 2\n"}},
		{"of the next message", fl + "A: 1\n" + fl + message(exact, body), []string{"A: 1\n", message(exact, body)}},
		{"quoted (mboxcl)", fl + message(length(8), ">From x\n") + second, []string{message(length(8), "From x\n"), "B: 2\n"}},
		{"not quoted (mboxcl2)", fl + message(length(15), ">From x\nFrom y\n") + second, []string{message(length(15), ">From x\nFrom y\n"), "B: 2\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { want(t, stdin(tt.text), tt.want) })
	}
}

func TestFromLine(t *testing.T) {
	yes := []string{
		"From ann@a.example Mon Jan  5 12:34:56 2026", // RFC 4155, appendix A
		"From MAILER-DAEMON Mon Jan  5 12:34:56 2026",
		"From - Mon Jan 05 12:34:56 2026", // Mozilla
		"From ann@a.example  Mon Jan  5 12:34 2026",
		"From ann Jan  5 12:34:56 2026",
		"From ann Mon Jan  5 12:34:56 EST 2026",
		"From ann Mon Jan  5 12:34:56 MET DST 2026",
		"From ann Mon Jan  5 12:34:56 2026 +0100",
		"From ann Mon Jan  5 12:34:56 +0100 2026",
		"From ann Mon Jan  5 12:34:56 2026 -0700 (PDT)",
		"From ann Mon Jan  5 12:34:56 2026 (Pacific Daylight Time)",
		"From ann Mon Jan  5 12:34:56 1998 remote from hub",
		"From ann Mon, 5 Jan 2026 12:34:56 +0000",
		"From ann Mon, 05 Jan 98 12:34:56 GMT",
		"From ann Monday January 5 12:34:56 2026",
		"From ann 2026-01-05T12:34:56Z",
		"From ann 2026-01-05T12:34:56.5+01:00",
		"From ann 2026-01-05 12:34:56 +0100",
		"From ann at a.example  Mon Jan  5 12:34:56 2026", // pipermail
		"From Mon Jan  5 12:34:56 2026",
		"From  Mon Jan  5 12:34:56 2026",
		`From "Ann Lee" Mon Jan  5 12:34:56 2026`,
		"From Ann Lee <ann@a.example> Mon Jan  5 12:34:56 2026",
		"From Mon@a.example Mon Jan  5 12:34:56 2026",
		"From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001", // git format-patch
		"From ann\tMon Jan  5 12:34:56 2026",
		"From " + strings.Repeat("a", maxFromLine-36) + " Mon Jan  5 12:34:56 2026 +0100",
	}
	no := []string{
		"", "From ", "From", "From ann", "From ann@a.example", "From: ann Mon Jan  5 12:34:56 2026",
		"from ann Mon Jan  5 12:34:56 2026",
		"From what I see", "From 12:30 on we meet", "From Monday Jan 5 2026",
		"From ann Mon Jan  5 2026",
		"From ann Mon Jan  5 12:34:56",
		"From ann Mon  5 12:34:56 2026",
		"From ann Mon Jan  5 12:34:56 2026 it was cold",
		"From what I see Mon Jan  5 12:34:56 2026",
		"From ann Mon Jan 12:34:56 2026",
		"From ann Mon Jan 5 5 12:34:56 2026",
		"From ann Mon Jan 5 12:34:56 3026",
		"From ann Mon Jan 5 12:3:56 2026",
		"From ann Mon Jan 5 12:34:56 13:00:00 2026",
		"From ann Moonday Jan Feb 5 12:34:56 2026",
		"From ann 2026-01-05",
		"From ann 2026-01-05T12:34:56Z and so on",
		"From " + strings.Repeat("a", maxFromLine-35) + " Mon Jan  5 12:34:56 2026 +0100",
	}
	for _, line := range yes {
		if !fromLine([]byte(line)) {
			t.Errorf("no From_ line: %s", line)
		}
	}
	for _, line := range no {
		if fromLine([]byte(line)) {
			t.Errorf("a From_ line: %s", line)
		}
	}
}

// mboxrd writes messages as the manual page of qmail's mbox(5) has it.
func mboxrd(messages []string) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString(fl)
		for line := range strings.Lines(m) {
			if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
				b.WriteString(">")
			}
			b.WriteString(line)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// FuzzMbox: messages of any text, written as mboxrd, are read as they were.
func FuzzMbox(f *testing.F) {
	f.Add("A: 1\n\nx", "B: 2\n\n"+fl+"\n>>From y\n\n", 3)
	f.Add("", "\r\n", 1)
	f.Add("\n", fl, 100)
	f.Add(">From ", "From \r\n\r\n", 7)
	contentLength := regexp.MustCompile(`(?i)content-length`)
	f.Fuzz(func(t *testing.T, one, two string, chunk int) {
		messages := []string{one, two, one}
		for i, m := range messages {
			// That field can lead to the wrong From_ line by chance: other tests have it.
			m = contentLength.ReplaceAllString(m, "content-size")
			messages[i] = m
			if m != "" && !strings.HasSuffix(m, "\n") {
				messages[i] += "\n" // the format can't tell
			}
		}
		r := strings.NewReader(mboxrd(messages))
		w := &Walker{Stdin: r}
		if chunk%2 == 0 {
			w.Stdin = iotest.OneByteReader(r)
		}
		want(t, walked(w, "-"), messages)
	})
}

// FuzzRead: whatever the bytes are, a walk ends, and yields no more than there is.
func FuzzRead(f *testing.F) {
	f.Add([]byte(fl+"Content-Length: 3\n\nx\n\n\n"+fl), 10)
	f.Add([]byte("\x1f\x8b\x08"), 1)
	for _, l := range layersForTest {
		f.Add(l.pack(f, fl+"A: 1\n\nx\n"), 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		w := &Walker{Stdin: strings.NewReader(string(text)), MaxMessage: limit & 0xfff}
		packed := layerOf(text) != noLayer
		sum := 0
		for m := range w.Messages(context.Background(), []string{"-"}) {
			sum += len(m.Raw)
			if limit&0xfff > 0 && len(m.Raw) > limit&0xfff {
				t.Fatalf("a message of %d bytes", len(m.Raw))
			}
			if sum > 64<<20 {
				return // a bomb, read as it should be
			}
		}
		if !packed && sum > len(text) {
			t.Errorf("%d bytes made of %d", sum, len(text))
		}
	})
}

// TestMaxMessage goes to the edge: a message of the longest length is whole, and
// what is beyond is left out, and does not disturb the next one.
func TestMaxMessage(t *testing.T) {
	const limit = 1 << 20
	text := func(n int) string { return "A: 1\n\n" + strings.Repeat("x", n-7) + "\n" }
	for _, tt := range []struct {
		size int
		cut  bool
	}{{limit - 1, false}, {limit, false}, {limit + 1, true}, {limit + lookBack, true}, {limit + windowSize, true}, {5 * limit, true}} {
		cut := text(tt.size)
		if tt.cut {
			cut = cut[:limit] + "…"
		}
		file := filepath.Join(t.TempDir(), "mail")
		for name, content := range map[string]string{"mbox": mboxrd([]string{text(tt.size), "B: 2\n"}), "message": text(tt.size)} {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			expected := []string{cut, "B: 2\n"}
			if name == "message" {
				expected = expected[:1]
			}
			if got := walked(&Walker{MaxMessage: limit}, file); !slices.Equal(got, expected) {
				t.Errorf("%s of %d bytes: %d messages, the first of %d bytes", name, tt.size, len(got), len(got[0]))
			}
		}
	}
}
