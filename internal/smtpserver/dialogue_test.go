package smtpserver_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// TestDialogues holds the conversations in testdata. In a file,
//
//	# …            is a comment
//	with lmtp      changes the server: lmtp, tls, message=N
//	C: MAIL …      is sent with CRLF; lines that follow each other are sent at once
//	C" a\nb"       is sent as the Go string it is, without CRLF
//	S: 250 2.1.0   is what the next line of the server begins with
//	S.             the server closes
//	TLS            is a handshake
//	M: FROM TO… | "data"   a message, in order, that the handler has by the end
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no dialogues in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			d := readDialogue(t, file)
			k := &keeper{}
			c := smtpserver.Config{Handler: k, LMTP: d.lmtp, Limits: smtpserver.Limits{Message: d.message}}
			serverTLS, clientTLS := certificate(t)
			if d.tls {
				c.TLS = serverTLS
			}
			_, dial := start(t, c)
			d.run(t, dial(), clientTLS)
			var got []string
			for _, e := range k.kept() {
				words := []string{"<" + e.From.Address + ">"}
				for _, to := range e.To {
					words = append(words, "<"+to.Address+">")
				}
				got = append(got, strings.Join(words, " ")+" | "+strconv.Quote(string(e.Data)))
			}
			if g, w := strings.Join(got, "\n"), strings.Join(d.messages, "\n"); g != w {
				t.Errorf("the handler got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// A dialogue is a file of testdata.
type dialogue struct {
	lmtp, tls bool
	message   int
	turns     []turn
	messages  []string
}

// A turn is one line: what is done, with which text.
type turn struct {
	line int
	what string // "send", "hear", "closed", "tls"
	text string
}

func readDialogue(t *testing.T, file string) dialogue {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var d dialogue
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if err := d.add(n, lines.Text()); err != nil {
			t.Fatalf("%s:%d: %v", file, n, err)
		}
	}
	if len(d.turns) == 0 {
		t.Fatalf("%s: nobody says anything", file)
	}
	return d
}

func (d *dialogue) add(n int, line string) error {
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
	case strings.HasPrefix(line, "with "):
		return d.with(line[5:])
	case strings.HasPrefix(line, "C: "):
		d.turns = append(d.turns, turn{n, "send", line[3:] + "\r\n"})
	case strings.HasPrefix(line, `C"`):
		text, err := strconv.Unquote(line[1:])
		if err != nil {
			return err
		}
		d.turns = append(d.turns, turn{n, "send", text})
	case strings.HasPrefix(line, "S: "):
		d.turns = append(d.turns, turn{n, "hear", line[3:]})
	case line == "S.":
		d.turns = append(d.turns, turn{n, "closed", ""})
	case line == "TLS":
		d.turns = append(d.turns, turn{n, "tls", ""})
	case strings.HasPrefix(line, "M: "):
		d.messages = append(d.messages, line[3:])
	default:
		return fmt.Errorf("can't read %q", line)
	}
	return nil
}

func (d *dialogue) with(words string) error {
	for w := range strings.FieldsSeq(words) {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "lmtp":
			d.lmtp = true
		case "tls":
			d.tls = true
		case "message":
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			d.message = n
		default:
			return fmt.Errorf("can't change %q of the server", w)
		}
	}
	return nil
}

// run plays the dialogue.
func (d *dialogue) run(t *testing.T, c *client, clientTLS *tls.Config) {
	pending := ""
	for i, turn := range d.turns {
		switch turn.what {
		case "send":
			pending += turn.text
			if i+1 < len(d.turns) && d.turns[i+1].what == "send" {
				continue
			}
			c.send(pending)
			pending = ""
		case "hear":
			if got := c.line(); got != turn.text && !strings.HasPrefix(got, turn.text+" ") {
				t.Fatalf("line %d: the server says %q, want %q", turn.line, got, turn.text)
			}
		case "closed":
			c.wantClosed()
		case "tls":
			conn := tls.Client(c.conn, clientTLS)
			if err := conn.Handshake(); err != nil {
				t.Fatalf("line %d: %v", turn.line, err)
			}
			c.conn, c.in = conn, bufio.NewReader(conn)
		}
	}
}
