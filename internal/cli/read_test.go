package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/explain"
)

// nastyMail tries to act on whatever shows it.
const nastyMail = "From: MAILER-DAEMON@example.org\nTo: a@example.org\nSubject: failure\nMIME-Version: 1.0\n" +
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" +
	"Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; \"\x1b]0;owned\x07\u202e\"@example.net\nAction: failed\nStatus: 5.1.1\n" +
	"Diagnostic-Code: smtp; 550 5.1.1 no such user \x1b[2J\x00\u202e\xff\n\n--b\nContent-Type: text/rfc822-headers\n\n" +
	"Message-ID: <n@example.org>\nSubject: \x1b]0;owned\x07 \u202etxt.exe\n\n--b--\n"

// Signals end the reading: what was read is written and counted, what is waited
// for is not.
func TestReadInterrupted(t *testing.T) {
	for _, tt := range []struct {
		args  []string
		until string // in the line of output after which the signal is sent
	}{
		{[]string{"--json"}, `"recipient":"u@example.com"`},
		{[]string{"--addresses"}, "u@example.com"},
	} {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program)
		cmd.Args = append([]string{"nixie", "read"}, tt.args...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// An mbox is read some kB ahead; the second message never ends.
		const endless = "From b Mon Jan  1 00:00:00 2026\nSubject: x\n\n"
		io.WriteString(in, "From a Mon Jan  1 00:00:00 2026\n"+report+"\n"+endless+strings.Repeat("more\n", 20_000))
		r := bufio.NewReader(out)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, tt.until) {
			t.Fatalf("%v: line %q, error %v", tt.args, line, err)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its error is the exit code
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("%v: exit code %d, %s", tt.args, code, &stderr)
		}
		if !strings.Contains(stderr.String(), "interrupted after 1 message") {
			t.Errorf("%v: stderr %q", tt.args, &stderr)
		}
	}
}

const report = `From: MAILER-DAEMON@example.org
To: a@example.org
Subject: failure
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; u@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
`

// The order of the output is that of the messages, and nothing is lost, however
// many go through the workers, some far larger than others.
func TestReadKeepsOrder(t *testing.T) {
	const n = 5000
	dir := t.TempDir()
	var b strings.Builder
	for i := range n {
		b.WriteString("From a Mon Jan  1 00:00:00 2026\nSubject: x\n\n")
		if i%100 == 0 {
			b.WriteString(strings.Repeat("0123456789abcdef\n", maxBatchBytes/17+i))
		}
		b.WriteString("\n")
	}
	file := filepath.Join(dir, "many.mbox")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := Run([]string{"read", "--json", file}, Streams{Out: &out, Err: os.Stderr, Getenv: os.Getenv}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	dec := json.NewDecoder(&out)
	for i := range n {
		var line struct{ Message int }
		if err := dec.Decode(&line); err != nil || line.Message != i+1 {
			t.Fatalf("line %d is message %d, error %v", i+1, line.Message, err)
		}
	}
	if dec.More() {
		t.Error("there is more")
	}
}

// The verdict is written exactly as explain --batch writes it.
func TestReadVerdictJSON(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/bounces/*.eml")
	if len(files) == 0 {
		t.Fatal("no mail in testdata/bounces")
	}
	for _, name := range files {
		msg, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		res := bounce.Parse(string(msg))
		for i := range res.Recipients {
			rec := &res.Recipients[i]
			v, eff := explain.Judge(rec, explain.Options{})
			e := explain.Explanation{Verdict: &v, Effective: eff.Code, How: eff.How}
			batch := e.Batch(nil)
			var want bytes.Buffer
			if err := newEncoder(&want).Encode(struct {
				A int `json:"a"`
				V any `json:"verdict"`
			}{1, batch.Verdict}); err != nil {
				t.Fatal(err)
			}
			got := string(appendVerdict([]byte(`{"a":1`), &v)) + "}\n"
			if got != want.String() {
				t.Errorf("%s:\ngot  %s\nwant %s", name, got, &want)
			}
		}
	}
}

// Every line is JSON and UTF-8, and says what it was given, with U+FFFD for bytes
// that are none.
func FuzzReadString(f *testing.F) {
	for _, s := range []string{"", "plain", "<a@b> & \"c\\\"", "\x00\x1b\x7f\u0085\u2028\u202e", "\xff\xc3", "grün 🧦", "\U000e0041\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendString(nil, s)
		var got string
		if err := json.Unmarshal(b, &got); err != nil || !utf8.Valid(b) || got != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Fatalf("%q became %s, error %v", s, b, err)
		}
		if strings.ContainsFunc(string(b), hidden) || bytes.IndexByte(b, '\n') >= 0 {
			t.Fatalf("%q has something invisible", b)
		}
	})
}

// A row of CSV has as many cells as the header, on one line, none a formula.
func FuzzReadCSVCell(f *testing.F) {
	for _, s := range []string{"", "=1", " =1", "\t=1", "+1", "-1", "@a", "\r=1", "\u200b=1", "＝1", "a,b", "a\"b", "\x00=1", "\xff=", "'=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var row csvRow
		row.text(s)
		row.text("x")
		line := string(row.b)
		if strings.ContainsFunc(line, func(r rune) bool { return r == '\n' || hidden(r) }) {
			t.Fatalf("%q has something invisible", line)
		}
		cell, ok := strings.CutSuffix(line, ",x")
		if !ok {
			t.Fatalf("%q lost the next cell", line)
		}
		if inner := strings.TrimPrefix(cell, `"`); inner != cell {
			inner = strings.TrimSuffix(inner, `"`)
			if strings.Contains(strings.ReplaceAll(inner, `""`, ""), `"`) {
				t.Fatalf("%q has a single quote sign in it", cell)
			}
			cell = inner
		} else if strings.ContainsAny(cell, ",\"") {
			t.Fatalf("%q is not quoted", cell)
		}
		if shown := strings.TrimSpace(cell); shown != "" && strings.Contains("=+-@", shown[:1]) {
			t.Fatalf("%q is a formula", cell)
		}
	})
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{shorten("abcdef", 6), "abcdef"},
		{shorten("abcdef", 5), "abcd…"},
		{shorten("漢字漢字", 5), "漢字…"},
		{shortenLeft("/a/b/c.eml", 6), "…c.eml"},
		{shortenAddress("user@example.com", 16), "user@example.com"},
		{shortenAddress("verylonguser@example.com", 18), "veryl…@example.com"},
		{shortenAddress("user@averyveryverylongdomain.example.com", 20), "user…ain.example.com"},
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1 000"}, {grouped(1234567), "1 234 567"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestProgressLine(t *testing.T) {
	for _, tt := range []struct {
		messages    int
		read, total int64
		past        time.Duration
		want        string
	}{
		{0, 0, 0, 0, "0 messages  0 kB"},
		{1500, 3_000_000, 0, 3 * time.Second, "1 500 messages  3.0 MB  500/s"},
		{1500, 3_000_000, 12_000_000, 3 * time.Second, " 25 % [#####...............]  9s left  1 500 messages  3.0 MB  500/s"},
		{1, 10, 5, time.Second, "100 % [####################]  0s left  1 message  1 kB  1/s"},
	} {
		if got := progressLine(tt.messages, tt.read, tt.total, tt.past); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Beyond the limit nothing is remembered, and everything counts as new.
func TestRemembered(t *testing.T) {
	var m remembered
	if !m.add(1) || m.add(1) {
		t.Error("1 is new once")
	}
	for h := range uint64(maxRemembered) {
		m.add(h + 2)
	}
	if !m.full() || len(m.set) != maxRemembered {
		t.Errorf("%d remembered", len(m.set))
	}
	if m.add(1) || !m.add(maxRemembered*2) || !m.add(maxRemembered*2) {
		t.Error("a full set knows what it has, and takes no more")
	}
}
