package smtpserver

import (
	"bytes"
	"io"
	"sync/atomic"
)

// firstBuf is the memory a message begins with. It doubles as the message grows; what the
// client declares with SIZE claims none.
const firstBuf = 16 << 10

// A budget is memory that all sessions share.
type budget struct{ free atomic.Int64 }

// take takes n bytes if there are that many.
func (b *budget) take(n int) bool {
	if b.free.Add(int64(-n)) >= 0 {
		return true
	}
	b.free.Add(int64(n))
	return false
}

func (b *budget) give(n int) { b.free.Add(int64(n)) }

// A flaw is why a message is refused while its bytes still come.
type flaw int

const (
	flawNone     flaw = iota
	flawLineEnds      // a CR or LF by itself
	flawSize          // longer than Limits.Message
	flawMemory        // Limits.Memory is used up
)

// A body collects a message. After a flaw it only counts.
type body struct {
	budget *budget
	supply *supply
	limit  int
	data   []byte
	first  *[firstBuf]byte // where data lies, if that is the supply's
	total  int             // bytes of the message so far, kept or not
	flaw   flaw
}

// refuse notes the first flaw and frees the memory.
func (b *body) refuse(f flaw) {
	if b.flaw == flawNone {
		b.flaw = f
		b.free()
	}
}

// free gives the memory back. The bytes may live on with who has them.
func (b *body) free() {
	b.budget.give(cap(b.data))
	b.release()
	b.data = nil
}

// release gives back what is the supply's.
func (b *body) release() {
	if b.first != nil {
		b.supply.takeBody(b.first)
		b.first = nil
	}
}

// own gives the message memory of its own, of just its size, where it is in a buffer of the
// supply. If there isn't that much left it keeps the buffer.
func (b *body) own() {
	if b.first == nil {
		return
	}
	if !b.budget.take(len(b.data)) {
		b.first = nil
		return
	}
	data := make([]byte, len(b.data))
	copy(data, b.data)
	b.free()
	b.data = data
}

func (b *body) add(p ...byte) {
	b.total += len(p)
	if b.total > b.limit {
		b.refuse(flawSize)
	}
	if b.flaw == flawNone && len(b.data)+len(p) > cap(b.data) {
		b.grow(len(p))
	}
	if b.flaw == flawNone {
		b.data = append(b.data, p...)
	}
}

// grow makes room for n more bytes. Old and new buffer count as long as both are there.
func (b *body) grow(n int) {
	size := max(firstBuf, 2*cap(b.data))
	for size < len(b.data)+n {
		size *= 2
	}
	size = min(size, max(b.limit, firstBuf))
	if !b.budget.take(size) {
		b.refuse(flawMemory)
		return
	}
	var data []byte
	var first *[firstBuf]byte
	if size == firstBuf {
		first = b.supply.body()
		data = first[:len(b.data)]
	} else {
		data = make([]byte, len(b.data), size)
	}
	copy(data, b.data)
	b.budget.give(cap(b.data))
	b.release()
	b.data, b.first = data, first
}

// A place is where in a line of a message the reader stands.
type place int

const (
	lineStart place = iota // after CRLF, or at the beginning
	inLine
	afterCR    // a CR inside a line, not yet added
	afterDot   // a dot at the start of a line, taken off. RFC 5321, 4.5.2
	afterDotCR // and a CR behind it
)

// A dataReader finds the end of a message: CRLF.CRLF and nothing else. All other
// places where a CR or LF stands are a flaw, and none of them begins a line, so
// no dot behind one has a meaning.
type dataReader struct {
	body  *body
	place place
}

// read takes the bytes of p that belong to the message, up to and with its end,
// and returns how many these are and whether the end is among them.
func (r *dataReader) read(p []byte) (n int, end bool) {
	for n < len(p) {
		switch r.place {
		case lineStart:
			r.place = inLine
			if p[n] == '.' {
				r.place = afterDot
				n++
			}
		case afterDot:
			r.place = inLine
			if p[n] == '\r' {
				r.place = afterDotCR
				n++
			}
		case afterDotCR:
			if p[n] == '\n' {
				return n + 1, true
			}
			r.bareCR()
		case afterCR:
			if p[n] != '\n' {
				r.bareCR()
				continue
			}
			r.body.add('\r', '\n')
			r.place = lineStart
			n++
		case inLine:
			n += r.line(p[n:])
		}
	}
	return n, false
}

func (r *dataReader) bareCR() {
	r.body.refuse(flawLineEnds)
	r.body.add('\r')
	r.place = inLine
}

// line takes bytes from inside a line, with its end if that is there. It returns
// how many it took, at least one.
func (r *dataReader) line(p []byte) int {
	lf := bytes.IndexByte(p, '\n')
	text := p
	if lf >= 0 {
		text = p[:lf]
	}
	if cr := bytes.IndexByte(text, '\r'); cr >= 0 && cr < len(text)-1 {
		r.body.refuse(flawLineEnds)
	}
	atCR := len(text) > 0 && text[len(text)-1] == '\r'
	switch {
	case lf < 0 && atCR:
		r.body.add(text[:len(text)-1]...)
		r.place = afterCR
		return len(text)
	case lf < 0:
		r.body.add(text...)
		return len(text)
	case !atCR:
		r.body.refuse(flawLineEnds)
	default:
		r.place = lineStart
	}
	r.body.add(p[:lf+1]...)
	return lf + 1
}

// tooMuch is how many bytes of a refused message are read in the hope of its end.
func (b *body) tooMuch() bool { return b.total > 2*b.limit+maxSkip }

// receive reads a message into b. It returns false, without an error, when a
// refused message has no end in sight.
func (w *wire) receive(b *body) (whole bool, err error) {
	r := dataReader{body: b}
	for {
		if _, err := w.in.Peek(1); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return false, err
		}
		p, err := w.in.Peek(w.in.Buffered())
		if err != nil {
			return false, err
		}
		n, end := r.read(p)
		if _, err := w.in.Discard(n); err != nil {
			return false, err
		}
		if end {
			return true, nil
		}
		if b.tooMuch() {
			return false, nil
		}
	}
}
