package lab

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// whole is a reply with all its lines. RFC 5321, 4.2: three digits of which the first is 2 to
// 5 and the second 0 to 5, a hyphen on all lines but the last, and no control character.
var whole = regexp.MustCompile(`^(?:([2-5][0-5][0-9])-[^\x00-\x1f\x7f]*\r\n)*([2-5][0-5][0-9])(?: [^\x00-\x1f\x7f]*)?\r\n`)

// FuzzDialogue says anything to a whole lab, its main listener or a peer. Whatever it is, nothing panics, the
// session ends when the client goes, and so does the lab; and the main listener says whole replies
// alone, of which only the one that is cut off by an order to drop may be missing.
func FuzzDialogue(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no dialogues in testdata: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, b := range spoken(string(text)) {
			f.Add(uint8(0), b)
		}
	}
	for i := range peers() {
		f.Add(uint8(i+1), []byte("EHLO x.example.org\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<550-5.1.1@lab.test>\r\nRCPT TO:<b@lab.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"))
	}
	f.Add(uint8(0), []byte("EHLO x\r\nAUTH PLAIN\r\nAA==\r\nAUTH CRAM-MD5\r\n*\r\nVRFY a\r\nEXPN news@lists.lab.test\r\nHELP\r\nBDAT 3 LAST\r\nabc"))
	f.Add(uint8(0), []byte("EHLO x\nMAIL FROM:<\"\x00\"@\xff>\r\n\r\n\r\n"))
	f.Fuzz(func(t *testing.T, which uint8, said []byte) {
		name := "main"
		if all := peers(); int(which) > 0 {
			name = all[int(which-1)%len(all)].name
		}
		if name == "closed" || len(said) > 64<<10 {
			return
		}
		synctest.Test(t, func(t *testing.T) { babble(t, name, said) })
	})
}

// spoken is what the client says in each connection of a dialogue.
func spoken(text string) [][]byte {
	var all [][]byte
	for part := range strings.SplitSeq(text, "\nconnect\n") {
		var b []byte
		for line := range strings.SplitSeq(part, "\n") {
			if said, ok := strings.CutPrefix(line, "C: "); ok {
				b = append(append(b, said...), "\r\n"...)
			}
		}
		all = append(all, b)
	}
	return all
}

// babble says all that is there and goes, in a bubble: what does not end is found there.
func babble(t *testing.T, name string, said []byte) {
	l := onPipes(t, Config{Log: strict(t), Random: func() float64 { return 0.5 }})
	c := servePipes(t, l, name).dial(t, "127.0.0.1")
	heard := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(c.in)
		heard <- b
	}()
	c.send(string(said))
	synctest.Wait()
	c.conn.Close()
	got := <-heard
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if name != "main" {
		return
	}
	for rest := got; len(rest) > 0; {
		m := whole.FindSubmatch(rest)
		if m == nil || len(m[1]) > 0 && !bytes.Equal(m[1], m[2]) {
			t.Fatalf("%q is no whole reply, in\n%q", rest, got)
		}
		if rest = rest[len(m[0]):]; string(m[0]) == "220 2.0.0 Begin TLS\r\n" {
			return // alerts, for all that we know
		}
	}
	if s, _ := l.Seen().Sessions(seen.SessionFilter{}, seen.Page{}); len(s) != 1 || s[0].Ended.IsZero() || s[0].End == "" {
		t.Errorf("the sessions are %+v; want one that has ended", s)
	}
}
