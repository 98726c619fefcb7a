package smtpserver

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// readAll feeds a stream to a dataReader in pieces and returns the message, its flaw,
// and how many bytes it took; end is false when the message has none.
func readAll(stream []byte, limit int, piece func() int) (data []byte, f flaw, taken int, end bool) {
	var memory budget
	memory.free.Store(1 << 30)
	b := &body{budget: &memory, supply: &supply{}, limit: limit}
	r := dataReader{body: b}
	for len(stream) > 0 && !end {
		p := stream[:min(piece(), len(stream))]
		n := 0
		n, end = r.read(p)
		taken += n
		stream = stream[n:]
	}
	return b.data, b.flaw, taken, end
}

// byTheBook is RFC 5321, 4.5.2 and 2.3.8 on a stream that is there as a whole: lines
// end in CRLF, the first that is a dot alone ends the message, others lose a dot.
func byTheBook(stream []byte) (data []byte, flawed bool, taken int, end bool) {
	at := bytes.Index(append([]byte("\r\n"), stream...), []byte("\r\n.\r\n"))
	if at < 0 {
		return nil, false, 0, false
	}
	text := string(stream[:at])
	if strings.ContainsAny(strings.ReplaceAll(text, "\r\n", ""), "\r\n") {
		return nil, true, at + 3, true
	}
	lines := strings.SplitAfter(text, "\r\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, ".")
	}
	return []byte(strings.Join(lines, "")), false, at + 3, true
}

func compareData(t *testing.T, stream []byte, piece func() int) {
	t.Helper()
	want, flawed, wantTaken, wantEnd := byTheBook(stream)
	data, f, taken, end := readAll(stream, 1<<20, piece)
	if end != wantEnd {
		t.Fatalf("%q: end %v, want %v", stream, end, wantEnd)
	}
	if !end {
		return
	}
	if taken != wantTaken || (f == flawLineEnds) != flawed || !flawed && !bytes.Equal(data, want) {
		t.Fatalf("%q: message %q, flaw %d, %d bytes; want %q, flawed %v, %d bytes", stream, data, f, taken, want, flawed, wantTaken)
	}
}

// Every stream of up to seven of these bytes, whole and byte by byte.
func TestDataEveryShortStream(t *testing.T) {
	const alphabet = "\r\n.a"
	var stream []byte
	var extend func(int)
	extend = func(left int) {
		compareData(t, append([]byte(nil), stream...), func() int { return 1 << 10 })
		compareData(t, append([]byte(nil), stream...), func() int { return 1 })
		if left == 0 {
			return
		}
		for _, c := range []byte(alphabet) {
			stream = append(stream, c)
			extend(left - 1)
			stream = stream[:len(stream)-1]
		}
	}
	extend(7)
}

func FuzzData(f *testing.F) {
	for _, s := range []string{
		".\r\n", "a\r\n.\r\n", "a\n.\n", "a\r.\r", "a\r\n.\r", "..\r\n.\r\n", "a\r\n.\n\r\n.\r\n", "a\r\n\x00.\r\nb\r\n.\r\nRSET\r\n", "a\r\r\n.\r\n", "\r\n.\r\r\n.\r\n",
	} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		compareData(t, stream, func() int { return 1 + r.IntN(8) })
	})
}

// A message of exactly the limit is kept, one byte more isn't; the terminating dot and
// doubled dots do not count. RFC 1870, 3 tells what counts.
func TestBodyLimit(t *testing.T) {
	for _, tt := range []struct {
		stream string
		want   flaw
	}{
		{"12345678\r\n.\r\n", flawNone},
		{"123456789\r\n.\r\n", flawSize},
		{"..345678\r\n.\r\n", flawNone},
		{"..3456789\r\n.\r\n", flawNone},
		{"..34567890\r\n.\r\n", flawSize},
	} {
		for _, size := range []int{1, 100} {
			if _, f, _, end := readAll([]byte(tt.stream), 10, func() int { return size }); f != tt.want || !end {
				t.Errorf("%q in pieces of %d: flaw %d, end %v; want flaw %d", tt.stream, size, f, end, tt.want)
			}
		}
	}
}

// The memory that a message takes is what its buffers have, at every time, and none
// after a flaw.
func TestBodyMemory(t *testing.T) {
	var memory budget
	const all = 3 * firstBuf
	memory.free.Store(all)
	b := &body{budget: &memory, supply: &supply{}, limit: 1 << 20}
	line := bytes.Repeat([]byte("x"), 1<<10)
	for len(b.data)+len(line) <= 2*firstBuf { // old and new buffer just fit
		b.add(line...)
	}
	if b.flaw != flawNone || memory.free.Load() != all-2*firstBuf {
		t.Fatalf("after %d bytes: flaw %d, %d bytes free, want %d", len(b.data), b.flaw, memory.free.Load(), all-2*firstBuf)
	}
	b.add(line...) // the next buffer has 4×firstBuf
	if b.flaw != flawMemory || memory.free.Load() != all || b.data != nil {
		t.Errorf("beyond the memory: flaw %d, %d bytes free, want flaw %d, %d bytes", b.flaw, memory.free.Load(), flawMemory, all)
	}
	b.free()
	if memory.free.Load() != all {
		t.Errorf("freed twice: %d bytes, want %d", memory.free.Load(), all)
	}
}

// A message that lies in a buffer of the supply gets memory of its own, of just its size, unless
// there is none: then the buffer is its own. Nobody else writes into either.
func TestBodyOwn(t *testing.T) {
	for _, left := range []int64{5, 4} {
		var memory budget
		memory.free.Store(firstBuf + left)
		s := &supply{}
		b := &body{budget: &memory, supply: s, limit: 1 << 20}
		b.add([]byte("12345")...)
		b.own()
		want := 5
		if left < 5 {
			want = firstBuf
		}
		if cap(b.data) != want || memory.free.Load() != firstBuf+left-int64(want) {
			t.Errorf("with %d bytes left: %d bytes of memory, %d free; want %d, %d", left, cap(b.data), memory.free.Load(), want, firstBuf+left-int64(want))
		}
		data := b.data
		b.free()
		for range 3 {
			other := &body{budget: &memory, supply: s, limit: 1 << 20}
			other.add([]byte("xxxxx")...)
			other.free()
		}
		if string(data) != "12345" || memory.free.Load() != firstBuf+left {
			t.Errorf("with %d bytes left: the message became %q, %d bytes free in the end", left, data, memory.free.Load())
		}
	}
}

func BenchmarkData(b *testing.B) {
	stream := append(bytes.Repeat([]byte(strings.Repeat("x", 76)+"\r\n"), 1<<13), ".\r\n"...)
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		if _, f, _, end := readAll(stream, 1<<20, func() int { return readBuf }); f != flawNone || !end {
			b.Fatal(f, end)
		}
	}
}
