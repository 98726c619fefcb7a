package smtpclient

import (
	"bytes"
	"context"
	"fmt"

	"github.com/nixiemail/nixie"
)

// maxBlock is how many bytes of a message are written at once.
const maxBlock = 64 << 10

// Data sends a message to the recipients that were accepted. Every line of it must end
// in CRLF and hold no other CR or LF, else nothing is sent and the error is
// ErrLineEnds; the last CRLF is added if it is missing.
//
// begin answers DATA. If it is no 3xx, nothing more was sent and end is nil. Else end
// has one reply to the message, or in LMTP one for each recipient that was accepted, in
// their order. There are fewer after a 421.
func (c *Client) Data(ctx context.Context, message []byte) (begin nixie.Reply, end []nixie.Reply, err error) {
	if err := checkLineEnds(message); err != nil {
		return begin, nil, err
	}
	begin, err = c.ask(ctx, StageData, "DATA")
	if err != nil || !goesOn(begin) || c.ended != nil {
		return begin, nil, err
	}
	end, err = c.message(ctx, message)
	return begin, end, err
}

// goesOn reports whether a reply to DATA asks for the message. RFC 5321, 4.3.2.
func goesOn(begin nixie.Reply) bool { return begin.ReplyCode()/100 == 3 }

// message sends the message after a 354 and reads the replies to it. Where no
// recipient was accepted, only the dot is sent: RFC 2920, 3.1.
func (c *Client) message(ctx context.Context, message []byte) ([]nixie.Reply, error) {
	want := 1
	if c.config.LMTP {
		want = c.taken
	}
	outOfStep := !c.open || want == 0
	if c.taken == 0 {
		message = nil
	}
	c.open, c.taken = false, 0
	var end []nixie.Reply
	err := c.during(ctx, StageMessage, func() error {
		if outOfStep {
			return &WireError{Stage: StageMessage, Err: ErrOutOfStep}
		}
		if r, err := c.unasked(StageMessage); err != nil || c.ended != nil {
			end = append(end, r)
			return err
		}
		unsent := c.sendMessage(message)
		for range want {
			if unsent != nil {
				if r, ok := c.lastWords(StageMessage); ok && !accepts(r) { // it can't have taken what it didn't get
					end = append(end, r)
					return nil
				}
				return unsent
			}
			r, err := c.read(StageEndOfData)
			if err != nil {
				return err
			}
			end = append(end, r)
			if c.ended != nil {
				return nil
			}
		}
		return nil
	})
	return end, err
}

// sendMessage writes a message and the dot that ends it, a dot before each line that
// begins with one. RFC 5321, 4.5.2. The last write holds the dot, so that after an
// error the server has not seen it.
func (c *Client) sendMessage(message []byte) error {
	wait, total := c.config.Times.Block, 0
	block := make([]byte, 0, min(len(message)+len(message)/32+8, maxBlock))
	flush := func() error {
		total += len(block)
		err := c.write(StageMessage, block, wait)
		block = block[:0]
		return err
	}
	for len(message) > 0 {
		line := message
		if n := bytes.IndexByte(message, '\n'); n >= 0 {
			line = message[:n+1]
		}
		message = message[len(line):]
		if line[0] == '.' {
			block = append(block, '.')
		}
		for len(block)+len(line) > maxBlock {
			n := maxBlock - len(block)
			block, line = append(block, line[:n]...), line[n:]
			if err := flush(); err != nil {
				return err
			}
		}
		block = append(block, line...)
		if len(message) == 0 && !bytes.HasSuffix(line, []byte("\n")) {
			block = append(block, '\r', '\n')
		}
	}
	block = append(block, '.', '\r', '\n')
	err := flush()
	c.tell(Turn{Stage: StageMessage, Bytes: total})
	return err
}

// checkLineEnds refuses a CR or LF by itself: servers differ in whether it ends a line,
// and so a command could be hidden behind it.
func checkLineEnds(message []byte) error {
	for at := 0; ; {
		n := bytes.IndexByte(message[at:], '\n')
		line := message[at:]
		if n >= 0 {
			line = message[at : at+n]
		}
		cr := bytes.IndexByte(line, '\r')
		switch {
		case n >= 0 && cr < 0:
			return fmt.Errorf("smtpclient: the message has a LF by itself at byte %d: %w", at+n, ErrLineEnds)
		case cr >= 0 && (n < 0 || cr < len(line)-1):
			return fmt.Errorf("smtpclient: the message has a CR by itself at byte %d: %w", at+cr, ErrLineEnds)
		case n < 0:
			return nil
		}
		at += n + 1
	}
}
