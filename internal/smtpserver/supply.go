package smtpserver

import (
	"bufio"
	"sync"
)

// A supply has memory that one session uses after the other, since most are over after a
// message. The zero supply is ready.
type supply struct {
	wires  sync.Pool // of *buffers
	bodies sync.Pool // of *[firstBuf]byte
}

// buffers are the two of a wire.
type buffers struct {
	in  *bufio.Reader
	out *bufio.Writer
}

func (s *supply) wire() *buffers {
	if b, ok := s.wires.Get().(*buffers); ok {
		return b
	}
	return &buffers{bufio.NewReaderSize(nil, readBuf), bufio.NewWriterSize(nil, writeBuf)}
}

// takeWire takes back what nobody uses any more.
func (s *supply) takeWire(b *buffers) {
	b.in.Reset(nil)
	b.out.Reset(nil)
	s.wires.Put(b)
}

func (s *supply) body() *[firstBuf]byte {
	if b, ok := s.bodies.Get().(*[firstBuf]byte); ok {
		return b
	}
	return new([firstBuf]byte)
}

func (s *supply) takeBody(b *[firstBuf]byte) { s.bodies.Put(b) }
