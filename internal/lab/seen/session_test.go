package seen

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// ticking is a clock that goes on by a second each time it is asked.
func ticking() func() time.Time {
	now := stopped()
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func TestDialogue(t *testing.T) {
	r := New(Limits{}, ticking())
	client := netip.MustParseAddrPort("127.0.0.1:4242")
	l := r.Begin("main", client) // at 1 s
	said := []byte("220 lab.test\r\n")
	l.Note(Server, said)               // 2 s
	copy(said, "xxx")                  // it is the caller's
	l.Note(Client, []byte("EHLO c\r")) // 3 s
	l.Note(Client, nil)
	l.Note(Remark, []byte("waited")) // 4 s
	l.Identify(Identity{Hello: "c", TLS: "TLS 1.3", Login: "u"})
	s, ok := r.Session(l.Number())
	equal(t, "the session", fmt.Sprint(ok, s.Number, s.Listener, s.Client, s.Identity, s.End, s.Ended.IsZero(), s.Size, s.Cut),
		fmt.Sprint(true, 1, "main", client, Identity{"c", "TLS 1.3", "u"}, "", true, 27, 0))
	var got strings.Builder
	for _, e := range s.Dialogue {
		fmt.Fprintf(&got, "%s %s %q\n", e.At.Sub(stopped()), e.Side, e.Bytes)
	}
	equal(t, "the dialogue", got.String(), `2s server "220 lab.test\r\n"`+"\n"+`3s client "EHLO c\r"`+"\n"+`4s remark "waited"`+"\n")
	l.End("quit") // 5 s
	after, _ := r.Session(1)
	equal(t, "the end", after.End+" at "+after.Ended.Sub(stopped()).String(), "quit at 5s")
	equal(t, "the end in what was handed out before", s.End, "")
	equal(t, "an unknown side", Side(9).String(), "")
}

func TestDialogueIsCut(t *testing.T) {
	equal(t, "the size of an entry", unsafe.Sizeof(entry{}), 16)
	tests := []struct {
		name  string
		notes []string
		kept  string
		cut   int64
	}{
		{"at the limit", []string{"0123456789", strings.Repeat("x", 100-32-10)}, "0123456789|" + strings.Repeat("x", 58), 0},
		{"a byte over", []string{"0123456789", strings.Repeat("x", 100-32-10+1)}, "0123456789|" + strings.Repeat("x", 58), 1},
		{"nothing behind a cut", []string{strings.Repeat("x", 90), "y"}, strings.Repeat("x", 84), 7},
		{"no room for an entry", []string{strings.Repeat("x", 68), "yy"}, strings.Repeat("x", 68), 2},
	}
	for _, tt := range tests {
		r := New(Limits{Session: 100}, stopped)
		l := r.Begin("main", netip.AddrPort{})
		size := 0
		for _, n := range tt.notes {
			l.Note(Client, []byte(n))
			size += len(n)
		}
		s, _ := r.Session(1)
		var kept []string
		for _, e := range s.Dialogue {
			kept = append(kept, string(e.Bytes))
		}
		equal(t, tt.name, fmt.Sprint(strings.Join(kept, "|"), s.Cut, s.Size), fmt.Sprint(tt.kept, tt.cut, size))
	}
}

// TestManySmallNotes holds that a client can't fill the memory with entries that say
// next to nothing.
func TestManySmallNotes(t *testing.T) {
	r := New(Limits{}, stopped)
	l := r.Begin("main", netip.AddrPort{})
	for range 100_000 {
		l.Note(Client, []byte("x"))
	}
	if n := r.Counts().Dialogue; n > 2*DefaultSession {
		t.Errorf("a session takes %d bytes", n)
	}
}

func TestOldestSessionGoes(t *testing.T) {
	r := New(Limits{Sessions: 2}, stopped)
	first := r.Begin("main", netip.AddrPort{})
	first.Note(Client, []byte("EHLO first\r\n"))
	r.Begin("main", netip.AddrPort{})
	equal(t, "at the limit", r.Counts().Sessions, 2)
	third := r.Begin("main", netip.AddrPort{})
	if _, ok := r.Session(1); ok || r.Counts().Sessions != 2 {
		t.Error("the oldest session is still there")
	}
	equal(t, "bytes of two empty sessions", r.Counts().Dialogue, 2*sessionSize)
	first.Note(Client, []byte("QUIT\r\n"))
	first.Identify(Identity{Hello: "first"})
	first.End("quit")
	equal(t, "bytes after the oldest spoke", r.Counts().Dialogue, 2*sessionSize)
	third.Identify(Identity{Hello: "third"})
	equal(t, "bytes with a name", r.Counts().Dialogue, 2*sessionSize+5)
}

func TestOldestDialogueGoes(t *testing.T) {
	r := New(Limits{Dialogue: 64 << 10}, stopped)
	for range 100 {
		r.Begin("main", netip.AddrPort{}).Note(Client, make([]byte, 5000))
		if n := r.Counts().Dialogue; n > 64<<10 {
			t.Fatalf("the sessions take %d bytes", n)
		}
	}
	c := r.Counts()
	if c.Sessions < 5 || c.Sessions > 13 {
		t.Errorf("%d sessions of over 5,000 bytes are kept in 64 KiB", c.Sessions)
	}
	if s, ok := r.Session(100); !ok || len(s.Dialogue) != 1 {
		t.Error("the newest session is gone")
	}
	r.Begin("main", netip.AddrPort{}).Note(Client, make([]byte, 60<<10))
	if s, ok := r.Session(101); !ok || s.Cut != 0 {
		t.Error("a session that fills the ring alone isn't kept")
	}
}
