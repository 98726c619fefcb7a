package policy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// A conn is a connection with its time limits. Its memory is bounded: a line or a
// netstring, and what is kept of a question.
type conn struct {
	net.Conn
	ctx    context.Context // done when the server ends
	r      *bufio.Reader
	buffer []byte // for a netstring
}

func newConn(ctx context.Context, c net.Conn) *conn {
	return &conn{
		Conn:   c,
		ctx:    ctx,
		r:      bufio.NewReaderSize(c, MaxLine+2), // a line with its CR LF
		buffer: make([]byte, MaxNetstring+1),
	}
}

// serve exchanges questions and answers until the peer goes, is idle for too long,
// breaks a rule, or the server ends. A question that is being answered is answered
// before the server ends; one that has come in only in part is not.
func (c *conn) serve(next exchange) error {
	stop := context.AfterFunc(c.ctx, func() { c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		if err := c.patience(idleTime); err != nil {
			return err
		}
		if _, err := c.r.Peek(1); err != nil {
			return err
		}
		if err := c.patience(requestTime); err != nil {
			return err
		}
		if err := next(c); err != nil {
			return err
		}
	}
}

// patience sets how long reading may take from now; it fails when the server ends.
// The deadline is set before ctx is looked at: the other way round it could undo
// that of the AfterFunc.
func (c *conn) patience(d time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	return c.ctx.Err()
}

// readLine returns a line without its end, good until the next read.
func (c *conn) readLine() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, fmt.Errorf("%w: a line of more than %d bytes", errBroken, MaxLine)
	}
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
	if len(line) > MaxLine {
		return nil, fmt.Errorf("%w: a line of more than %d bytes", errBroken, MaxLine)
	}
	return line, nil
}

func (c *conn) write(b []byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}
