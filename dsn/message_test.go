package dsn_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nixiemail/nixie/dsn"
)

func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/messages/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatal("found no messages", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			r, err := dsn.Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			diff(t, summarize(r), readWant(t, file))
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{
		"",
		"From: a@example.org\n\nHello.\n",
		"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n" +
			"--b\n\nRead.\n--b\nContent-Type: message/disposition-notification\n\nDisposition: x; displayed\n--b--\n",
	} {
		if r, err := dsn.Parse(strings.NewReader(text)); r != nil || !errors.Is(err, dsn.ErrNoReport) {
			t.Errorf("Parse(%q) = %v, %v; want ErrNoReport", text, r, err)
		}
	}
	broken := errors.New("the line broke")
	if r, err := dsn.Parse(iotest.ErrReader(broken)); r != nil || !errors.Is(err, broken) {
		t.Errorf("Parse of a broken reader = %v, %v", r, err)
	}
}

// TestParseMaxMessage reads messages of just the length that is read, and one
// byte more: the last byte is left out and noted.
func TestParseMaxMessage(t *testing.T) {
	head := "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n" +
		"Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n\n" +
		"--b\nContent-Type: message/rfc822\n\nSubject: long\n\n"
	for _, more := range []int{0, 1} {
		body := io.LimitReader(fill('x'), int64(dsn.MaxMessage-len(head)+more))
		r, err := dsn.Parse(io.MultiReader(strings.NewReader(head), body))
		if err != nil {
			t.Fatal(err)
		}
		noted := false
		for _, p := range r.Problems {
			noted = noted || p.Kind == dsn.ProblemTooMany
		}
		if noted != (more > 0) || len(r.Recipients) != 1 || r.Original.Subject() != "long" {
			t.Errorf("with %d more bytes: problems %v, recipients %d", more, r.Problems, len(r.Recipients))
		}
	}
}

// A fill is an endless reader of one byte.
type fill byte

func (f fill) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

func TestOriginal(t *testing.T) {
	for name, raw := range map[string]string{"nothing": "", "blank lines": "\r\n \r\n"} {
		if o := dsn.ReadOriginal(raw); !o.IsZero() || o.HeadersOnly || o.Subject() != "" || !o.Date().IsZero() {
			t.Errorf("%s: %+v, want zero", name, o)
		}
	}
	raw := "Subject: one\nsubject: two\nX-A:\n  folded\n\nHello\n"
	o := dsn.ReadOriginal(raw)
	var fields []string
	for name, value := range o.Fields() {
		fields = append(fields, name+"="+value)
		if name == "X-A" {
			break
		}
	}
	if got := strings.Join(fields, "|"); got != "Subject=one|subject=two|X-A=folded" {
		t.Errorf("Fields: %q", got)
	}
	if o.Subject() != "one" || o.HeadersOnly || o.MessageID() != "" || o.ListID() != "" || o.DKIMDomains() != nil {
		t.Errorf("%+v", o)
	}
	if text, _ := io.ReadAll(o.Reader()); string(text) != raw {
		t.Errorf("Reader gave %q", text)
	}
	if o := dsn.ReadOriginal("just words\n"); o.IsZero() || o.HeadersOnly {
		t.Errorf("words without a header: %+v", o)
	}
	for raw, want := range map[string]string{
		"Message-ID: <a@b>": "<a@b>", "Message-Id: a@b": "a@b", "MESSAGE-ID:\n <a@b>": "<a@b>", "Message-ID: <a@b": "<a@b",
	} {
		if got := dsn.ReadOriginal(raw).MessageID(); got != want {
			t.Errorf("MessageID of %q = %q, want %q", raw, got, want)
		}
	}
}
