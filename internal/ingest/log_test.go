package ingest

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/mtalog"
)

var (
	testNow   = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	reference = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
)

func testLog() *Log {
	return &Log{Reader: &Reader{IDs: &id.Maker{}}, Name: "postfix", Host: "here", Dater: mtalog.Dater{Zone: time.UTC}}
}

// TestLog checks what the lines of testdata/log amount to.
func TestLog(t *testing.T) {
	f, err := os.Open("testdata/log/postfix.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines, want []string
	title, stories := "", 0
	check := func() {
		if len(lines) == 0 {
			return
		}
		stories++
		news, counts := testLog().Lines(lines, reference, testNow)
		if counts.Lines != len(lines) || counts.News > len(news) || counts.News == 0 && len(news) > 0 || counts.Undated != 0 {
			t.Errorf("%s: counts %+v of %d lines, %d pieces of news", title, counts, len(lines), len(news))
		}
		for i := range max(len(news), len(want)) {
			var got, wanted string
			if i < len(news) {
				got = showNews(news[i])
			}
			if i < len(want) {
				wanted = want[i]
			}
			for _, w := range strings.Fields(wanted) {
				if !strings.Contains(" "+got+" ", " "+w+" ") {
					t.Errorf("%s, %d:\nwant %s\ngot  %s", title, i+1, wanted, got)
					break
				}
			}
			if wanted == "" && got != "" {
				t.Errorf("%s: not wanted: %s", title, got)
			}
		}
		lines, want = nil, nil
	}
	for s := bufio.NewScanner(f); s.Scan(); {
		switch line := s.Text(); {
		case line == "":
			check()
		case strings.HasPrefix(line, "#"):
			title = line[2:]
		case strings.HasPrefix(line, ">"):
			want = append(want, line[2:])
		default:
			lines = append(lines, line)
		}
	}
	check()
	if stories < 8 {
		t.Fatalf("%d stories in testdata/log/postfix.txt", stories)
	}
}

// showNews writes news as the test's files do.
func showNews(n delivery.News) string {
	if q := n.Queue; q != nil {
		s := "queue " + q.QueueID + " at=" + q.At.Format(time.TimeOnly)
		for _, f := range []struct{ name, value string }{{"client", q.Client}, {"user", q.User}, {"message-id", q.MessageID}, {"from", q.From}} {
			if f.value != "" {
				s += " " + f.name + "=" + f.value
			}
		}
		if q.SenderKnown {
			s += fmt.Sprintf(" sender=<%s> size=%d", q.Sender, q.Size)
		}
		if q.Opens {
			s += " opens"
		}
		if q.Closes {
			s += " closes"
		}
		return s
	}
	e := n.Event
	told, recipient := string(e.Told), e.Ref.Recipient
	if told == "" {
		told = "-"
	}
	if recipient == "" {
		recipient = "-"
	}
	s := fmt.Sprintf("%s %s %s at=%s code=%s digits=%d proof=%s reason=%s action=%s", e.Kind, told, recipient, e.At.Format(time.TimeOnly),
		e.Code, e.ReplyCode, e.Proof, e.Judgement.Reason, e.Judgement.Action)
	for _, f := range []struct{ name, value string }{{"queue", e.Ref.QueueID}, {"next", e.NextID}, {"remote", e.RemoteHost}, {"orig", e.Ref.Original}} {
		if f.value != "" {
			s += " " + f.name + "=" + f.value
		}
	}
	if e.Ref.SenderKnown {
		s += " sender=<" + e.Ref.Sender + ">"
	}
	if !e.Ref.Delivery.IsZero() {
		s += " delivery=" + e.Ref.Delivery.String()
	}
	if e.Wide {
		s += " wide"
	}
	if e.Soft {
		s += " soft"
	}
	return s
}

// TestLogAgain reads the same lines at another time and from a file that was
// changed at another time: the keys are the same.
func TestLogAgain(t *testing.T) {
	lines := []string{
		"Nov 22 10:00:01 mail postfix/smtp[103]: 4F1B2C0D1: to=<ann@example.net>, relay=none, delay=1, delays=0/0/0.5/0.5, dsn=4.4.1, status=deferred (x)",
		"Nov 22 10:00:01 mail postfix/smtp[103]: 4F1B2C0D1: to=<bob@example.net>, relay=none, delay=1, delays=0/0/0.5/0.5, dsn=4.4.1, status=deferred (x)",
	}
	first, _ := testLog().Lines(lines, reference, testNow)
	again, _ := testLog().Lines([]string{lines[0] + "\r\n", lines[1] + " "}, reference.AddDate(3, 0, 0), testNow.AddDate(3, 0, 0))
	for i := range lines {
		if first[i].Event.Key != again[i].Event.Key {
			t.Errorf("%q has two keys", lines[i])
		}
	}
	if first[0].Event.Key == first[1].Event.Key {
		t.Error("two lines have one key")
	}
}
