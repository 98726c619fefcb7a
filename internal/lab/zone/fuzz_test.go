package zone

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/miekg/dns"
)

// FuzzReply sends any bytes. Whatever they are, an answer can be read, belongs to its
// question, is the same each time, and over UDP never longer than the client takes.
func FuzzReply(f *testing.F) {
	for _, e := range expected {
		for _, t := range []string{"MX", "TXT", "ANY"} {
			if wire, err := question(max(e.name, e.row), t).SetEdns0(4096, true).Pack(); err == nil {
				f.Add(wire, true)
			}
		}
	}
	for _, wire := range []string{"", "\x00", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x0f\x00\x01",
		"\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x0f\x00\x01",
		"\x12\x34\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x0f\x00\x01"} {
		f.Add([]byte(wire), false)
	}
	c, err := testConfig().filled()
	if err != nil {
		f.Fatal(err)
	}
	names, err := newLookup(&c)
	if err != nil {
		f.Fatal(err)
	}
	var log bytes.Buffer // what is logged is written, so that it is read here
	c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := &Server{config: c, names: names}
	f.Fuzz(func(t *testing.T, raw []byte, udp bool) {
		log.Reset()
		r := s.reply(raw, udp)
		if bytes.Contains(log.Bytes(), []byte("level=ERROR")) {
			t.Fatalf("the answer could not be written: %s", &log)
		}
		for _, b := range log.Bytes() {
			if b < ' ' && b != '\n' || b == 0x7f {
				t.Fatalf("%q is in the log", b)
			}
		}
		if again := s.reply(raw, udp); !bytes.Equal(again.wire, r.wire) || again.slow != r.slow {
			t.Fatal("the same question has two answers")
		}
		if r.wire == nil {
			return
		}
		m := new(dns.Msg)
		if err := m.Unpack(r.wire); err != nil || !m.Response || r.wire[0] != raw[0] || r.wire[1] != raw[1] {
			t.Fatalf("the answer %x to %x: %v", r.wire, raw, err)
		}
		limit := dns.MaxMsgSize
		if udp {
			limit = dns.MinMsgSize
			if m.IsEdns0() != nil {
				limit = maxUDP
			}
		}
		if len(r.wire) > limit {
			t.Fatalf("the answer has %d bytes, %d are allowed", len(r.wire), limit)
		}
	})
}
