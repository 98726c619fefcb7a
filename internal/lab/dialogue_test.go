package lab

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestDialogues holds the conversations in testdata. The clock of each begins at midnight and goes on only
// where the lab or a line of the file waits. In a file,
//
//	# …            is a comment
//	| [[rule]]     is a line of the scenario file
//	random 0.29    is what chance says from now on; else 0.5
//	peer lmtp      is where the next connection goes, in place of main
//	from 127.0.0.2 is where it comes from, in place of 127.0.0.1
//	connect        connects anew; the first time goes without saying
//	C: MAIL …      is sent with CRLF; lines that follow each other are sent at once
//	S: 250 2.1.0   is what the next line of the lab begins with
//	S*: 250        is a whole reply, of any number of lines
//	S.             the lab closes the connection
//	took 10s       so long was waited since the last line was sent
//	later 30s      the clock goes on
//	TLS            is a handshake
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no dialogues in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			d := readDialogue(t, file)
			synctest.Test(t, d.play)
		})
	}
}

// A dialogue is a file of testdata.
type dialogue struct {
	script string
	steps  []step
}

// A step is one line: what is done, with which text.
type step struct {
	line int
	what string
	text string
}

func readDialogue(t *testing.T, file string) *dialogue {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := &dialogue{}
	for i, line := range strings.Split(string(text), "\n") {
		what, rest, _ := strings.Cut(line, " ")
		switch what {
		case "", "#":
		case "|":
			d.script += rest + "\n"
		case "C:", "S:", "S*:", "S.", "took", "later", "random", "peer", "from", "connect", "TLS":
			d.steps = append(d.steps, step{i + 1, what, rest})
		default:
			t.Fatalf("%s:%d: can't read %q", file, i+1, line)
		}
	}
	if len(d.steps) == 0 {
		t.Fatalf("%s: nobody says anything", file)
	}
	return d
}

// A player is a dialogue under way.
type player struct {
	t      *testing.T
	lab    *Lab
	chance float64
	peers  map[string]*pipes
	peer   string
	from   string
	client *client // nil before the first connection
	sent   time.Time
}

// play runs the dialogue in a bubble of its own.
func (d *dialogue) play(t *testing.T) {
	p := &player{t: t, chance: 0.5, peers: map[string]*pipes{}, peer: "main", from: "127.0.0.1"}
	p.lab = onPipes(t, Config{
		Script: []byte(d.script), Log: strict(t), Now: time.Now,
		Random: func() float64 { return p.chance }, // steps and answers take turns
	})
	defer func() {
		p.hangUp()
		if err := p.lab.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	for i, s := range d.steps {
		if s.what == "C:" && i+1 < len(d.steps) && d.steps[i+1].what == "C:" {
			d.steps[i+1].text = s.text + "\r\n" + d.steps[i+1].text
			continue
		}
		if wrong := p.do(s); wrong != "" {
			t.Fatalf("line %d: %s", s.line, wrong)
		}
	}
}

func (p *player) hangUp() {
	if p.client != nil {
		p.client.conn.Close()
	}
}

// connect begins a session.
func (p *player) connect() {
	p.hangUp()
	if p.peers[p.peer] == nil {
		p.peers[p.peer] = servePipes(p.t, p.lab, p.peer)
	}
	p.client, p.sent = p.peers[p.peer].dial(p.t, p.from), time.Now()
}

// do does a step, and returns what is wrong with what came of it.
func (p *player) do(s step) string {
	switch s.what {
	case "random":
		var err error
		if p.chance, err = strconv.ParseFloat(s.text, 64); err != nil {
			return err.Error()
		}
		return ""
	case "peer":
		p.peer, p.client = s.text, p.without()
		return ""
	case "from":
		p.from, p.client = s.text, p.without()
		return ""
	case "later":
		wait, err := time.ParseDuration(s.text)
		if err != nil {
			return err.Error()
		}
		time.Sleep(wait) // in a bubble
		return ""
	}
	if p.client == nil || s.what == "connect" {
		p.connect()
	}
	return p.talk(s)
}

// without hangs up: the next word begins a session.
func (p *player) without() *client {
	p.hangUp()
	return nil
}

// talk is do for what is said.
func (p *player) talk(s step) string {
	c := p.client
	switch s.what {
	case "C:":
		p.sent = time.Now()
		c.send(s.text + "\r\n")
	case "S:":
		if got := c.line(); !begins(got, s.text) {
			return fmt.Sprintf("the lab says %q, want %q", got, s.text)
		}
	case "S*:":
		if got := c.reply(); !begins(got, s.text) {
			return fmt.Sprintf("the lab says %q, want %q", got, s.text)
		}
	case "S.":
		if rest, err := io.ReadAll(c.in); len(rest) > 0 || err != nil {
			return fmt.Sprintf("the lab says %q, %v; want the end", rest, err)
		}
	case "took":
		if want, err := time.ParseDuration(s.text); err != nil || time.Since(p.sent) != want {
			return fmt.Sprintf("it took %v, want %s", time.Since(p.sent), s.text)
		}
	case "TLS":
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(p.lab.Authority())
		conn := tls.Client(c.conn, &tls.Config{RootCAs: pool, ServerName: Host})
		if err := conn.Handshake(); err != nil {
			return err.Error()
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	return ""
}
