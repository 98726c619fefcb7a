package bounce_test

import (
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/bounce"
)

// ourMail are the messages of testdata/bounces.
const ourMail = "../testdata/bounces/*.eml"

// visibleMail are the visible bounces, which lie beside the repository and are no
// part of it.
const visibleMail = "../../shared/corpus/bounces/"

// A mailFile is a message of a file.
type mailFile struct{ name, text string }

// readMail returns the messages that match a pattern.
func readMail(tb testing.TB, pattern string) (list []mailFile) {
	tb.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		tb.Fatalf("%s: %d messages, %v", pattern, len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, mailFile{filepath.Base(filepath.Dir(name)) + "/" + filepath.Base(name), string(text)})
	}
	return list
}

// haveVisible skips a test where the visible bounces are absent, and fails it in CI.
func haveVisible(tb testing.TB) {
	tb.Helper()
	if _, err := os.Stat(visibleMail); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("%v, and CI must have it", err)
		}
		tb.Skipf("%v: this needs it", err)
	}
}

// benchmarkMail reads all of a list again and again; one operation is one message.
func benchmarkMail(b *testing.B, list []mailFile, read func(string)) {
	bytes := 0
	for _, m := range list {
		bytes += len(m.text)
	}
	for _, m := range list { // the tables are made once in a program
		read(m.text)
	}
	b.SetBytes(int64(bytes / len(list)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		read(list[i].text)
		if i++; i == len(list) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// maxAllocations is how often memory may be taken for one message, on average.
const maxAllocations = 60

func TestParseAllocates(t *testing.T) {
	list := readMail(t, ourMail)
	n := testing.AllocsPerRun(5, func() {
		for _, m := range list {
			bounce.Parse(m.text)
		}
	})
	if n /= float64(len(list)); n > maxAllocations {
		t.Errorf("%.1f allocations a message, want at most %d", n, maxAllocations)
	}
}

func BenchmarkParse(b *testing.B) {
	parse := func(msg string) { bounce.Parse(msg) }
	b.Run("visible", func(b *testing.B) {
		haveVisible(b)
		benchmarkMail(b, readMail(b, visibleMail+"bsd/*.eml"), parse)
	})
	b.Run("ours", func(b *testing.B) { benchmarkMail(b, readMail(b, ourMail), parse) })
}

// BenchmarkNetMail takes the same messages apart with the standard library, which
// decodes the header's fields and the parts, and understands nothing of them.
func BenchmarkNetMail(b *testing.B) {
	b.Run("visible", func(b *testing.B) {
		haveVisible(b)
		benchmarkMail(b, readMail(b, visibleMail+"bsd/*.eml"), walkNetMail)
	})
	b.Run("ours", func(b *testing.B) { benchmarkMail(b, readMail(b, ourMail), walkNetMail) })
}

// walkNetMail reads a message and all of its parts, as far as the standard library
// can: an error ends it.
func walkNetMail(msg string) {
	m, err := mail.ReadMessage(strings.NewReader(msg))
	if err != nil {
		return
	}
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(mediaType, "multipart/") {
		io.Copy(io.Discard, m.Body)
		return
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextPart()
		if err != nil {
			return
		}
		io.Copy(io.Discard, p)
	}
}
