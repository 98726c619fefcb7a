package smtpclient_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpclient"
)

func path(address string) smtpclient.Path { return smtpclient.Path{Address: address} }

func paths(addresses ...string) []smtpclient.Path {
	var list []smtpclient.Path
	for _, a := range addresses {
		list = append(list, path(a))
	}
	return list
}

// TestSend: what goes over the wire for one message, and what is made of the replies.
func TestSend(t *testing.T) {
	const hello, pipelining = "S: 220 mx ESMTP\nC: EHLO c.example\nS: 250 mx\n", "S: 220 mx ESMTP\nC: EHLO c.example\nS: 250-mx\nS: 250 PIPELINING\n"
	const lhlo = "S: 220 mx LMTP\nC: LHLO c.example\nS: 250-mx\nS: 250 PIPELINING\n"
	const body = "C: Subject: x\nC: \nC: ..\nC: ...two\nC: end\nC: .\n"
	for _, c := range []struct {
		name    string
		script  script
		lmtp    bool
		to      []string
		mail    int
		rcpt    []int
		data    int
		end     []int
		decided []int // by recipient
		err     error
	}{
		{"in steps", hello + "C: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 354 go\n" + body + "S: 250 2.6.0 kept",
			false, []string{"b@d.example"}, 250, []int{250}, 354, []int{250}, []int{250}, nil},
		{"at once", pipelining + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: RCPT TO:<c@d.example>\nC: DATA\nS: 250 ok\nS: 550 5.1.1 no\nS: 250 ok\nS: 354 go\n" + body + "S: 451 4.3.0 later",
			false, []string{"b@d.example", "c@d.example"}, 250, []int{550, 250}, 354, []int{451}, []int{550, 451}, nil},
		{"MAIL refused", hello + "C: MAIL FROM:<a@c.example>\nS: 550 5.7.1 no",
			false, []string{"b@d.example"}, 550, []int{0}, 0, nil, []int{550}, nil},
		{"all refused", hello + "C: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 450 4.2.1 no",
			false, []string{"b@d.example"}, 250, []int{450}, 0, nil, []int{450}, nil},
		{"all refused, at once", pipelining + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: DATA\nS: 250 ok\nS: 550 no\nS: 554 no recipients",
			false, []string{"b@d.example"}, 250, []int{550}, 554, nil, []int{550}, nil},
		// RFC 2920, 3.1: a server may want a message for nobody, which is one dot.
		{"a message for nobody", pipelining + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: DATA\nS: 250 ok\nS: 550 no\nS: 354 go\nC: .\nS: 554 no recipients",
			false, []string{"b@d.example"}, 250, []int{550}, 354, []int{554}, []int{550}, nil},
		{"a message after MAIL was refused", pipelining + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: DATA\nS: 550 no\nS: 250 ok\nS: 354 go",
			false, []string{"b@d.example"}, 550, []int{250}, 354, nil, []int{550}, smtpclient.ErrOutOfStep},
		{"DATA refused", hello + "C: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 451 4.3.0 no",
			false, []string{"b@d.example"}, 250, []int{250}, 451, nil, []int{451}, nil},
		{"DATA answered by 250", hello + "C: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 250 ok",
			false, []string{"b@d.example"}, 250, []int{250}, 250, nil, []int{250}, nil},
		{"421 to RCPT", pipelining + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: RCPT TO:<c@d.example>\nC: DATA\nS: 250 ok\nS: 421 4.3.2 bye\nCLOSE",
			false, []string{"b@d.example", "c@d.example"}, 250, []int{421, 0}, 0, nil, []int{421, 0}, nil},
		{"closed for the message", hello + "C: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 354 go\n" + body + "CLOSE",
			false, []string{"b@d.example"}, 250, []int{250}, 354, nil, []int{0}, io.EOF},
		{"half a reply", hello + "C: MAIL FROM:<a@c.example>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS\"550-5.1.1 No\\r\\n550 5.\nCLOSE",
			false, []string{"b@d.example"}, 250, []int{0}, 0, nil, []int{0}, io.ErrUnexpectedEOF},
		{"LMTP", lhlo + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: RCPT TO:<c@d.example>\nC: RCPT TO:<d@d.example>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 550 no\nS: 250 ok\nS: 354 go\n" + body + "S: 250 kept\nS: 452 4.2.2 full",
			true, []string{"b@d.example", "c@d.example", "d@d.example"}, 250, []int{250, 550, 250}, 354, []int{250, 452}, []int{250, 550, 452}, nil},
		{"LMTP, a message for nobody", lhlo + "C: MAIL FROM:<a@c.example>\nC: RCPT TO:<b@d.example>\nC: DATA\nS: 250 ok\nS: 550 no\nS: 354 go",
			true, []string{"b@d.example"}, 250, []int{550}, 354, nil, []int{550}, smtpclient.ErrOutOfStep},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := against(t, c.script, smtpclient.Config{LMTP: c.lmtp})
			if _, err := client.Hello(t.Context(), "c.example"); err != nil {
				t.Fatal(err)
			}
			r, err := client.Send(t.Context(), smtpclient.Message{From: path("a@c.example"), To: paths(c.to...), Data: []byte(letter)})
			var wire *smtpclient.WireError
			if !errors.Is(err, c.err) || err != nil && !errors.As(err, &wire) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			var rcpt, end, decided []int
			for i := range r.Rcpt {
				rcpt = append(rcpt, r.Rcpt[i].ReplyCode())
				d := r.For(i)
				decided = append(decided, d.ReplyCode())
			}
			for _, e := range r.End {
				end = append(end, e.ReplyCode())
			}
			if r.Mail.ReplyCode() != c.mail || r.Data.ReplyCode() != c.data {
				t.Errorf("MAIL %d, DATA %d; want %d, %d", r.Mail.ReplyCode(), r.Data.ReplyCode(), c.mail, c.data)
			}
			same(t, "RCPT", rcpt, c.rcpt)
			same(t, "end", end, c.end)
			same(t, "decided", decided, c.decided)
			_ = client.Close()
		})
	}
}

func same(t *testing.T, what string, got, want []int) {
	t.Helper()
	equal := len(got) == len(want)
	for i := 0; equal && i < len(got); i++ {
		equal = got[i] == want[i]
	}
	if !equal {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// TestSendAgain: a transaction that came to nothing is forgotten before the next.
func TestSendAgain(t *testing.T) {
	client := against(t, `S: 220 mx
		C: EHLO c.example
		S: 250 mx
		C: MAIL FROM:<>
		S: 250 ok
		C: RCPT TO:<b@d.example>
		S: 550 no
		C: RSET
		S: 250 ok
		C: MAIL FROM:<>
		S: 550 no
		C: QUIT
		S: 221 bye`, smtpclient.Config{})
	if _, err := client.Hello(t.Context(), "c.example"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := client.Send(t.Context(), smtpclient.Message{To: paths("b@d.example")}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := client.Quit(t.Context()); err != nil || r.ReplyCode() != 221 {
		t.Errorf("QUIT: %v, %v", r, err)
	}
	if _, err := client.Noop(t.Context()); !errors.Is(err, smtpclient.ErrEnded) {
		t.Errorf("after QUIT: %v, want ErrEnded", err)
	}
}

// TestManyRecipients: no more than 50 commands wait for their replies, and DATA is said
// only when somebody was accepted.
func TestManyRecipients(t *testing.T) {
	var s strings.Builder
	s.WriteString("S: 220 mx\nC: EHLO c.example\nS: 250-mx\nS: 250 PIPELINING\nC: MAIL FROM:<>\n" + strings.Repeat("C: RCPT TO:<b@d.example>\n", 49))
	s.WriteString("S: 250 ok\n" + strings.Repeat("S: 250 ok\n", 49) + "C: RCPT TO:<b@d.example>\nS: 452 4.5.3 too many\nC: DATA\nS: 354 go\nC: x\nC: .\nS: 250 ok")
	client := against(t, script(s.String()), smtpclient.Config{})
	if _, err := client.Hello(t.Context(), "c.example"); err != nil {
		t.Fatal(err)
	}
	to := make([]smtpclient.Path, 50)
	for i := range to {
		to[i].Address = "b@d.example"
	}
	r, err := client.Send(t.Context(), smtpclient.Message{To: to, Data: []byte("x\r\n")})
	if err != nil || len(r.End) != 1 || r.Rcpt[49].ReplyCode() != 452 || r.Rcpt[48].ReplyCode() != 250 {
		t.Errorf("end %v, last recipients %v %v, error %v", r.End, r.Rcpt[48], r.Rcpt[49], err)
	}
	_ = client.Close()
}

// TestGreeting: a refusal is a value; what is no reply is an error with the words.
func TestGreeting(t *testing.T) {
	client := against(t, "S: 554-5.7.1 not\nS: 554 you\nC: QUIT\nS: 221 bye", smtpclient.Config{Address: "mx.d.example:25"})
	g := client.Greeting()
	if g.ReplyCode() != 554 || g.String() != "554-5.7.1 not\r\n554 you" || g.Command != "connect" || g.Host != "mx.d.example" || g.Addr != "127.0.0.1" {
		t.Errorf("the greeting is %+v", g)
	}
	if _, err := client.Quit(t.Context()); err != nil {
		t.Error(err)
	}

	_, err := smtpclient.New(t.Context(), serveScript(t, "S: SSH-2.0-x\x1b[2J"), smtpclient.Config{})
	var wire *smtpclient.WireError
	if !errors.As(err, &wire) || wire.Stage != smtpclient.StageConnect || wire.Heard != "SSH-2.0-x\x1b[2J\r\n" || !errors.Is(err, smtpclient.ErrNoReply) {
		t.Fatalf("error %#v", err)
	}
	if strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q has a control character", err)
	}
}

// TestHello: HELO where EHLO is not known, and what is offered.
func TestHello(t *testing.T) {
	client := against(t, "S: 220 mx\nC: EHLO [192.0.2.1]\nS: 502 5.5.1 what\nC: HELO [192.0.2.1]\nS: 250-mx\nS: 250 PIPELINING", smtpclient.Config{})
	if r, err := client.Hello(t.Context(), "[192.0.2.1]"); err != nil || r.ReplyCode() != 250 || len(client.Offered()) != 0 {
		t.Errorf("HELO: %v, %v, offers %q", r, err, client.Offered())
	}
	_ = client.Close()

	client = against(t, "S: 220 mx\nC: EHLO c.example\nS\"250-mx\\r\\n250-size  1000\\n250-AUTH PLAIN\\r\\n250-AUTH=LOGIN\\r\\nnonsense\\r\\n250 X\\r\\n", smtpclient.Config{})
	if _, err := client.Hello(t.Context(), "c.example"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(client.Offered(), " "); got != "AUTH SIZE X" {
		t.Errorf("offered %q", got)
	}
	if size, ok := client.Offers("Size"); !ok || size != "1000" {
		t.Errorf("SIZE %q, %v", size, ok)
	}
	if auth, _ := client.Offers("AUTH"); auth != "PLAIN LOGIN" {
		t.Errorf("AUTH %q", auth)
	}
	_ = client.Close()

	client = against(t, "S: 220 mx\nC: EHLO c.example\nS: 550 5.7.1 no", smtpclient.Config{})
	if r, err := client.Hello(t.Context(), "c.example"); err != nil || r.ReplyCode() != 550 {
		t.Errorf("refused: %v, %v; HELO must not be tried", r, err)
	}
	_ = client.Close()
}

// TestUnasked: after words that nobody asked for the session is out of step, save for a 421.
func TestUnasked(t *testing.T) {
	client := against(t, "S\"220 mx\\r\\n250 x\\r\\n", smtpclient.Config{})
	if _, err := client.Hello(t.Context(), "c.example"); !errors.Is(err, smtpclient.ErrUnasked) {
		t.Errorf("error %v, want ErrUnasked", err)
	}
	client = against(t, "S\"220 mx\\r\\n421 4.3.2 bye\\r\\n", smtpclient.Config{})
	if r, err := client.Hello(t.Context(), "c.example"); err != nil || r.ReplyCode() != 421 {
		t.Errorf("%v, %v; want the 421", r, err)
	}
	if _, err := client.Noop(t.Context()); !errors.Is(err, smtpclient.ErrEnded) {
		t.Errorf("after the 421: %v, want ErrEnded", err)
	}
}

// TestLastWords: a server that hangs up in the middle of a message has said why. If it
// says that it took the message, it can't have.
func TestLastWords(t *testing.T) {
	for words, want := range map[string]int{"552 5.3.4 too big": 552, "250 2.0.0 kept": 0} {
		client := against(t, script("S: 220 mx\nC: EHLO c.example\nS: 250 mx\nC: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 354 go\nC: *\nS: "+words+"\nCLOSE"), smtpclient.Config{})
		mustHello(t, client)
		r, err := client.Send(t.Context(), smtpclient.Message{To: paths("b@d.example"), Data: []byte(strings.Repeat(strings.Repeat("a", 998)+"\r\n", 32<<10))})
		decided := r.For(0)
		if decided.ReplyCode() != want || (want == 0) != (err != nil) || client.Ended() == nil {
			t.Errorf("%s: %v, %v; want %d, and the end", words, decided, err, want)
		}
		var wire *smtpclient.WireError
		if want == 0 && (!errors.As(err, &wire) || wire.Stage != smtpclient.StageMessage) {
			t.Errorf("%s: error %v, want one at the stage message", words, err)
		}
	}
}
