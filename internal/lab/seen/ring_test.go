package seen

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// stopped is a clock that stands still.
func stopped() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// ids are the messages that a ring holds, oldest first.
func ids(r *Ring) []uint64 {
	var all []uint64
	messages, _ := r.Messages(Filter{}, Page{Oldest: true})
	for _, m := range messages {
		all = append(all, m.ID)
	}
	return all
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestAdd(t *testing.T) {
	r := New(Limits{}, stopped)
	at := stopped().Add(-time.Hour)
	equal(t, "the first ID", r.Add(Message{From: "a@example.com", Data: []byte("one")}), 1)
	equal(t, "the second ID", r.Add(Message{From: "b@example.com", At: at}), 2)
	first, ok := r.Message(1)
	equal(t, "the first message", fmt.Sprint(ok, first.ID, first.From, string(first.Data), first.At, first.Cut), fmt.Sprint(true, 1, "a@example.com", "one", stopped(), false))
	second, _ := r.Message(2)
	equal(t, "the second message's time", second.At, at)
	for _, none := range []uint64{0, 3} {
		if _, ok := r.Message(none); ok {
			t.Errorf("there is a message %d", none)
		}
	}
}

func TestDefaults(t *testing.T) {
	want := Limits{10_000, 10_000, 64 << 20, 32 << 20, 64 << 10}
	equal(t, "the default", Limits{}.filled(), want)
	equal(t, "the default for negatives", Limits{-1, -1, -1, -1, -1}.filled(), want)
	equal(t, "the largest session", Limits{Session: MaxSession + 1}.filled().Session, MaxSession)
}

func TestOldestGoesByCount(t *testing.T) {
	r := New(Limits{Messages: 3}, stopped)
	for range 3 {
		r.Add(Message{})
	}
	equal(t, "at the limit", ids(r), []uint64{1, 2, 3})
	r.Add(Message{})
	equal(t, "over the limit", ids(r), []uint64{2, 3, 4})
	for range 1000 { // over the places where the queue moves its items
		r.Add(Message{})
	}
	equal(t, "far over the limit", ids(r), []uint64{1002, 1003, 1004})
	if n := cap(r.messages.items); n > 1000 {
		t.Errorf("three messages take a queue of %d", n)
	}
}

func TestOldestGoesByBytes(t *testing.T) {
	envelope := envelopeOf(&Message{})
	r := New(Limits{Data: 3 * (envelope + 1000)}, stopped)
	for range 3 {
		r.Add(Message{Data: make([]byte, 1000)})
	}
	equal(t, "at the limit", ids(r), []uint64{1, 2, 3})
	equal(t, "bytes at the limit", r.Counts().Data, 3*(envelope+1000))
	r.Add(Message{Data: make([]byte, 1)})
	equal(t, "a byte over the limit", ids(r), []uint64{2, 3, 4})
	large := int(3000 + 2*envelope) // fills the ring
	r.Add(Message{Data: make([]byte, large)[:large:large]})
	equal(t, "after a large one", ids(r), []uint64{5})
	equal(t, "bytes after a large one", r.Counts().Data, envelope+int64(large))
}

// TestEnvelopesCount holds that addresses take their share, not messages' data alone.
func TestEnvelopesCount(t *testing.T) {
	r := New(Limits{Data: 64 << 10}, stopped)
	for range 100 {
		m := Message{From: strings.Repeat("f", 100), FromParams: []Param{{"ENVID", strings.Repeat("e", 100)}}, Reply: make([]byte, 100)}
		for range 10 {
			m.To = append(m.To, Recipient{Address: strings.Repeat("a", 300), Params: []Param{{"ORCPT", strings.Repeat("o", 300)}}, Reply: make([]byte, 200)})
		}
		r.Add(m)
	}
	if c := r.Counts(); c.Messages < 2 || c.Messages > (64<<10)/8000 || c.Data > 64<<10 {
		t.Errorf("%d messages with envelopes of over 8,000 bytes are kept in 64 KiB, which count as %d bytes", c.Messages, c.Data)
	}
}

func TestLargerThanTheRing(t *testing.T) {
	envelope := envelopeOf(&Message{})
	limit := envelope + 4096
	tests := []struct {
		name     string
		data     []byte
		kept     int
		cut      bool
		capacity int // at most
	}{
		{"just fits", bytes.Repeat([]byte("x"), 4096), 4096, false, 4096},
		{"a byte more", bytes.Repeat([]byte("x"), 4097), int(limit / 2), true, 4096},
		{"fits but for spare room", append(make([]byte, 0, 1<<20), bytes.Repeat([]byte("x"), 4000)...), 4000, false, 8192},
	}
	for _, tt := range tests {
		r := New(Limits{Data: limit}, stopped)
		r.Add(Message{})
		r.Add(Message{Data: tt.data, Size: int64(len(tt.data))})
		m, ok := r.Message(2)
		if !ok {
			t.Errorf("%s: the newest message is gone", tt.name)
			continue
		}
		equal(t, tt.name+": what is kept", fmt.Sprint(len(m.Data), m.Cut, m.Size), fmt.Sprint(tt.kept, tt.cut, len(tt.data)))
		if cap(m.Data) > tt.capacity {
			t.Errorf("%s: it takes %d bytes", tt.name, cap(m.Data))
		}
	}
	r := New(Limits{Data: 8 << 20}, stopped)
	r.Add(Message{Data: make([]byte, 9<<20)})
	m, _ := r.Message(1)
	equal(t, "the head of a huge one", fmt.Sprint(len(m.Data), m.Cut), fmt.Sprint(MaxHead, true))
}

func TestLate(t *testing.T) {
	r := New(Limits{}, stopped)
	id := r.Add(Message{Late: []Late{{Kind: "arf"}, {Kind: "bounce", To: "a@lab.test"}}})
	sent := Late{Kind: "bounce", To: "a@lab.test", Sent: stopped(), Reply: bytes.Repeat([]byte("r"), MaxLateText+1), Failure: strings.Repeat("f", MaxLateText+1)}
	due, _ := r.Message(id)
	equal(t, "setting it", r.SetLate(id, 1, sent), true)
	m, _ := r.Message(id)
	equal(t, "the reports", fmt.Sprint(len(m.Late), m.Late[0].Kind, m.Late[1].Sent), fmt.Sprint(2, "arf", stopped()))
	equal(t, "their texts", fmt.Sprint(len(m.Late[1].Reply), len(m.Late[1].Failure)), fmt.Sprint(MaxLateText, MaxLateText))
	equal(t, "what was handed out before", due.Late[1].Sent.IsZero(), true)
	for _, index := range []int{-1, 2} {
		equal(t, fmt.Sprint("setting ", index), r.SetLate(id, index, sent), false)
	}
	equal(t, "setting one of no message", r.SetLate(9, 0, sent), false)
	bytes := envelopeOf(&m)
	for i := range m.Late {
		bytes += m.Late[i].size()
	}
	equal(t, "the bytes", r.Counts().Data, bytes)
	m, _ = r.Message(r.Add(Message{Late: make([]Late, MaxLate+1)}))
	equal(t, "the number of reports from the start", len(m.Late), MaxLate)
}

// TestLateMakesRoom holds that reports that come later push old messages out too.
func TestLateMakesRoom(t *testing.T) {
	r := New(Limits{Data: 64 << 10}, stopped)
	r.Add(Message{})
	id := r.Add(Message{Late: make([]Late, 20)})
	for i := range 20 {
		r.SetLate(id, i, Late{Failure: strings.Repeat("f", MaxLateText)})
	}
	equal(t, "what is left", ids(r), []uint64{id})
	r.Clear()
	equal(t, "the bytes of nothing", r.Counts().Data, 0)
}

func TestClear(t *testing.T) {
	r := New(Limits{}, stopped)
	over, live := r.Begin("main", netip.AddrPort{}), r.Begin("main", netip.AddrPort{})
	over.Note(Server, []byte("220 lab.test\r\n"))
	live.Note(Server, []byte("220 lab.test\r\n"))
	over.End("quit")
	r.Add(Message{Data: []byte("x")})
	r.Clear()
	c := r.Counts()
	equal(t, "what is left", fmt.Sprint(c.Messages, c.Sessions, c.Data, c.LastMessage, c.LastSession), "0 1 0 1 2")
	if s, ok := r.Session(2); !ok || len(s.Dialogue) != 1 {
		t.Errorf("the session that goes on has %d entries", len(s.Dialogue))
	}
	if _, ok := r.Session(1); ok {
		t.Error("the session that is over is still there")
	}
	equal(t, "the next message", r.Add(Message{}), 2)
	equal(t, "the next session", r.Begin("main", netip.AddrPort{}).Number(), 3)
	live.End("quit")
	r.Clear()
	if s, _ := r.Session(3); s.Number != 3 {
		t.Error("the session that goes on is gone")
	}
	equal(t, "bytes of an empty session", r.Counts().Dialogue, sessionSize)
}
