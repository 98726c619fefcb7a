package smtpserver

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// readBuf is how many bytes of a client are read ahead.
	readBuf = 16 << 10
	// writeBuf is how many bytes of answers are kept until they are sent.
	writeBuf = 4 << 10
	// maxSkip is how much of a line that is too long is read to find its end.
	maxSkip = 64 << 10
	// maxLinger and lingerTime bound what is still read, and thrown away, after the last
	// answer: a reset would take that answer from the client.
	maxLinger  = 256 << 10
	lingerTime = time.Second
)

// What a line of a client can suffer from.
var (
	errLong        = errors.New("the line is too long")
	errEndless     = errors.New("the line has no end")
	errLineEnd     = errors.New("a CR or LF stands by itself")
	errInterrupted = errors.New("the server is ending")
)

// A wire is a connection with its two buffers. Before it waits for the client it
// sends what is due, so the answers to a pipelined group leave together and
// nobody waits for anybody. RFC 2920, 3.2.
type wire struct {
	*buffers

	// until is when waiting for the client ends. block, if not 0, is how long one read may take.
	until time.Time
	block time.Duration
	write time.Duration // bounds each write
	heard func([]byte)  // gets what was read of a line; may be nil

	mu            sync.Mutex // guards what follows, which interrupt and cut touch
	conn          net.Conn
	raw           net.Conn // conn below TLS
	interruptible bool     // the session waits for a command
	waiting       bool     // inside a read that may be interrupted
	interrupted   bool
	unwatched     bool // watch shall not begin another read
}

func newWire(conn net.Conn, b *buffers, write time.Duration) *wire {
	w := &wire{buffers: b, conn: conn, raw: conn, write: write}
	if t, ok := conn.(*tls.Conn); ok {
		w.raw = t.NetConn()
	}
	w.in.Reset(incoming{w})
	w.out.Reset(outgoing{w})
	return w
}

// incoming is how in reads.
type incoming struct{ *wire }

func (w incoming) Read(p []byte) (int, error) {
	if err := w.out.Flush(); err != nil {
		return 0, err
	}
	until := w.until
	if w.block > 0 {
		if t := time.Now().Add(w.block); t.Before(until) {
			until = t
		}
	}
	if err := w.wait(until); err != nil {
		return 0, err
	}
	n, err := w.conn.Read(p)
	if w.waited() && n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errInterrupted
	}
	return n, err
}

// wait begins a time in which interrupt ends a read at once.
func (w *wire) wait(until time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.interruptible && w.interrupted {
		return errInterrupted
	}
	if w.unwatched {
		return os.ErrDeadlineExceeded
	}
	w.waiting = w.interruptible
	return w.conn.SetReadDeadline(until)
}

// waited ends it and reports whether interrupt came meanwhile.
func (w *wire) waited() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.waiting
	w.waiting = false
	return was && w.interrupted
}

// outgoing is how out writes.
type outgoing struct{ *wire }

func (w outgoing) Write(p []byte) (int, error) {
	if err := w.conn.SetWriteDeadline(time.Now().Add(w.write)); err != nil {
		return 0, err
	}
	return w.conn.Write(p)
}

// setInterruptible says whether the session now waits for a command.
func (w *wire) setInterruptible(yes bool) {
	w.mu.Lock()
	w.interruptible = yes
	w.mu.Unlock()
}

// isInterrupted reports whether the server is ending.
func (w *wire) isInterrupted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.interrupted
}

// interrupt makes waiting for a command fail with errInterrupted, now and later.
func (w *wire) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.interrupted = true
	if w.waiting {
		_ = w.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// cut closes the connection under the session.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.raw.Close()
}

// line reads a command line of at most limit bytes and returns it without its
// CRLF. After errLong the line is read to its end, and its beginning returned; after
// errLineEnd and errEndless nothing that follows can be trusted.
func (w *wire) line(limit int) (string, error) {
	b, err := w.readLine()
	if errors.Is(err, bufio.ErrBufferFull) {
		head := string(b[:limit])
		return head, w.skipLine(b)
	}
	if err != nil {
		return "", err
	}
	if cr := bytes.IndexByte(b, '\r'); cr < 0 || cr != len(b)-2 {
		return "", errLineEnd
	}
	if len(b) > limit {
		return string(b[:limit]), errLong
	}
	return string(b[:len(b)-2]), nil
}

// readLine is ReadSlice to the next LF, heard.
func (w *wire) readLine() ([]byte, error) {
	b, err := w.in.ReadSlice('\n')
	if w.heard != nil && len(b) > 0 {
		w.heard(b)
	}
	return b, err
}

// skipLine reads on to the end of a line that began with b.
func (w *wire) skipLine(b []byte) error {
	last, skipped := b[len(b)-1], len(b)
	for skipped <= maxSkip {
		b, err := w.readLine()
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		skipped += len(b)
		if err == nil {
			if len(b) > 1 {
				last = b[len(b)-2]
			}
			if last != '\r' {
				return errLineEnd
			}
			return errLong
		}
		last = b[len(b)-1]
	}
	return errEndless
}

// close sends what is due and closes. Where linger is set the client may still be
// sending: it gets the time to read the last answer.
func (w *wire) close(linger bool) {
	_ = w.out.Flush()
	if half, ok := w.raw.(interface{ CloseWrite() error }); ok && linger {
		if w.conn != w.raw {
			_ = w.conn.(*tls.Conn).CloseWrite()
		}
		_ = half.CloseWrite()
		_ = w.raw.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, w.raw, maxLinger)
	}
	_ = w.conn.Close()
}

// reset sends what is due and breaks the connection off.
func (w *wire) reset() {
	_ = w.out.Flush()
	if l, ok := w.raw.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0) // RST in place of FIN
	}
	_ = w.raw.Close()
}
