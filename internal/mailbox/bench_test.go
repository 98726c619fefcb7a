package mailbox

import (
	"context"
	"io"
	"strings"
	"testing"
)

// BenchmarkMbox reads 64 MB of messages of 4.4 kB from memory: one allocation for
// each, its text.
func BenchmarkMbox(b *testing.B) {
	header := fl + strings.Repeat("Received: from a.example (a.example [192.0.2.1]) by b.example\n", 25)
	message := header + "\n" + strings.Repeat("From: this line is of the body and about as long as most are\n", 45) + "\n"
	const size = 64 << 20
	n := size / len(message)
	b.SetBytes(int64(n * len(message)))
	b.ReportAllocs()
	for b.Loop() {
		w := &Walker{Stdin: &repeated{text: message, left: n * len(message)}}
		got := 0
		for range w.Messages(context.Background(), []string{"-"}) {
			got++
		}
		if got != n {
			b.Fatalf("%d messages, not %d", got, n)
		}
	}
}

// repeated reads a text again and again.
type repeated struct {
	text     string
	at, left int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.left)], r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	r.left -= n
	return n, nil
}
