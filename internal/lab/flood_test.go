package lab

import (
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// held is how much memory is in use, what is garbage left out.
func held() int64 {
	runtime.GC()
	runtime.GC() // what the first one found unreachable only then
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// claimed is how much memory was ever asked for.
func claimed() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// TestSlowLoris: two hundred clients that say a byte a minute take a bounded room, and not
// for longer than a client may.
func TestSlowLoris(t *testing.T) {
	const clients = 200
	// A session holds some 30 KiB (smtpserver.Limits), its record up to 64 KiB of which it uses
	// what was said, and here as many bytes again are the clients'.
	const perClient = 80 << 10
	tests := map[string]struct {
		begin  []string
		rounds int // of a minute each, before the lab has had enough
		end    string
		took   time.Duration // from the last thing that was whole
	}{
		"a command":  {nil, 4, "421 4.4.2", 5 * time.Minute},
		"a message":  {[]string{"EHLO x.example.org", "MAIL FROM:<>", "RCPT TO:<b@lab.test>", "DATA"}, 29, "421 4.4.2", 30 * time.Minute},
		"a password": {[]string{"EHLO x.example.org", "AUTH LOGIN"}, 4, "421 4.4.2", 5 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := onPipes(t, Config{Log: strict(t)})
				defer l.Close()
				n := servePipes(t, l, "main")
				before := held()
				all := make([]*client, clients)
				for i := range all {
					c := n.dial(t, "127.0.0.1")
					c.reply()
					for _, line := range tt.begin {
						c.send(line + "\r\n")
						c.reply()
					}
					all[i] = c
				}
				since := time.Now()
				for range tt.rounds {
					time.Sleep(time.Minute)
					for _, c := range all {
						c.send("x")
					}
				}
				synctest.Wait()
				if grown := held() - before; grown > clients*perClient {
					t.Errorf("%d clients take %d bytes, %d each; want at most %d each", clients, grown, grown/clients, perClient)
				} else {
					t.Logf("%d bytes each", grown/clients)
				}
				for _, c := range all {
					c.want("so long a time", tt.end)
					c.wantClosed()
				}
				if took := time.Since(since); took != tt.took {
					t.Errorf("the lab had enough after %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// pour sends the same over and over until the lab has closed the connection, at most
// so many bytes, and returns how many it took.
func pour(c *client, piece string, most int) (sent int) {
	b := []byte(piece) // once, so that memory is asked for by the lab alone
	for sent < most {
		n, err := c.conn.Write(b)
		sent += n
		if err != nil {
			break
		}
	}
	return sent
}

// TestEndless: what has no end is ended by the lab, and however much comes, little memory
// is asked for.
func TestEndless(t *testing.T) {
	const most = 256 << 20
	mail := []string{"EHLO x.example.org", "MAIL FROM:<>", "RCPT TO:<b@lab.test>", "DATA"}
	tests := map[string]struct {
		begin []string
		piece string
		room  int64  // bytes of memory
		end   string // the last thing that is said, "" for nothing that could be heard
	}{
		"a line":            {nil, strings.Repeat("x", 64<<10), 1 << 20, "550 5.5.2"},
		"a password":        {[]string{"EHLO x.example.org", "AUTH LOGIN"}, strings.Repeat("x", 64<<10), 1 << 20, "550 5.5.2"},
		"a message":         {mail, strings.Repeat("x", 62<<10) + "\r\n", 4 << 20, "552 5.3.4"},
		"a line of message": {mail, strings.Repeat("x", 64<<10), 4 << 20, "552 5.3.4"},
		"dots":              {mail, strings.Repeat("..\r\n", 16<<10), 4 << 20, "552 5.3.4"},
		"zeros":             {nil, strings.Repeat("\x00", 64<<10), 1 << 20, "550 5.5.2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			config := alone()
			config.Log, config.Message = strict(t), 1<<20
			l := begin(t, config)
			c := dial(t, l.Addr())
			c.reply()
			for _, line := range tt.begin {
				c.send(line + "\r\n")
				c.reply()
			}
			before := claimed()
			heard := make(chan string, 1)
			go func() {
				b, _ := io.ReadAll(c.in) // the lab may break the connection off in the end
				heard <- string(b)
			}()
			if sent := pour(c, tt.piece, most); sent >= most {
				t.Errorf("the lab took %d bytes and goes on", sent)
			} else {
				t.Logf("%d bytes sent", sent)
			}
			if said := <-heard; !strings.HasPrefix(said, tt.end+" ") {
				t.Errorf("the lab says %q, want %q", said, tt.end)
			}
			grown := claimed() - before
			t.Logf("%d bytes claimed", grown)
			if grown > tt.room {
				t.Errorf("the lab asked for %d bytes of memory, want at most %d", grown, tt.room)
			}
		})
	}
}

// TestEnough: a client that goes on and on and gets nowhere is sent away, and what is
// noted of it stays small.
func TestEnough(t *testing.T) {
	tests := map[string]struct {
		begin, piece []string
		most         int // times of piece
	}{
		"errors":     {nil, []string{"NONSENSE"}, 1000},
		"recipients": {[]string{"MAIL FROM:<>"}, []string{"RCPT TO:<550-5.1.1@lab.test>"}, 1000},
		"passwords":  {nil, []string{"AUTH PLAIN AGFsaWNlAHdyb25n"}, 1000}, // NUL alice NUL wrong
		"cancelled":  {nil, []string{"AUTH LOGIN", "*"}, 1000},
		"idling":     {nil, []string{"NOOP"}, 10_000},
		"restarts":   {nil, []string{"MAIL FROM:<>", "RSET"}, 5_000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			config := alone()
			config.Log = strict(t)
			l := begin(t, config)
			c := dial(t, l.Addr())
			c.hello()
			for _, line := range tt.begin {
				c.do(line, "250")
			}
			n := 0
			for ; n <= tt.most; n++ {
				said := ""
				for _, line := range tt.piece {
					c.send(line + "\r\n")
					if said = c.reply(); begins(said, "421") {
						break
					}
				}
				if begins(said, "421") {
					c.wantClosed()
					break
				}
			}
			if n > tt.most {
				t.Errorf("the lab has not had enough after %d", n)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			got := l.Seen().Counts()
			if got.Dialogue > 2*seen.DefaultSession || got.Data > 4<<20 {
				t.Errorf("noted are %+v", got)
			}
		})
	}
}

// TestSeenIsBounded: the newest messages are kept, as many as there is room for.
func TestSeenIsBounded(t *testing.T) {
	config := alone()
	config.Log, config.Seen = strict(t), seen.Limits{Messages: 5, Data: 100 << 10, Sessions: 2, Dialogue: 16 << 10}
	l := begin(t, config)
	for range 4 {
		c := dial(t, l.Addr())
		c.hello()
		for range 3 {
			c.mail("a@example.org", "b@lab.test", strings.Repeat("x", 30<<10))
		}
		c.do("QUIT", "221")
	}
	got := l.Seen().Counts()
	if got.LastMessage != 12 || got.LastSession != 4 || got.Messages < 2 || got.Messages > 3 || got.Sessions > 2 || got.Data > 100<<10 || got.Dialogue > 16<<10 {
		t.Errorf("kept are %+v", got)
	}
	if _, ok := l.Seen().Message(12); !ok {
		t.Error("the newest message is gone")
	}
}
