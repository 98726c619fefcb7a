package smtpclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nixiemail/nixie"
)

// readReply reads the bytes of one reply, all its lines with their line ends. A reply
// ends with the first line that has a reply code and then no hyphen (RFC 5321, 4.2.1);
// what stands in the lines between is the server's affair. A line ends in CRLF or LF.
// With an error come the bytes that were read.
func readReply(in *bufio.Reader) ([]byte, error) {
	var reply []byte
	for {
		start := len(reply)
		line, err := in.ReadSlice('\n')
		reply = append(reply, line...)
		for errors.Is(err, bufio.ErrBufferFull) && len(reply) <= MaxReply+len("\r\n") {
			line, err = in.ReadSlice('\n')
			reply = append(reply, line...)
		}
		switch {
		case len(trimLineEnd(reply)) > MaxReply:
			return reply[:MaxReply], ErrReplyTooLong
		case err == nil:
		case errors.Is(err, io.EOF) && len(reply) > 0:
			return reply, io.ErrUnexpectedEOF
		default:
			return reply, err
		}
		code, after := replyCode(trimLineEnd(reply[start:]))
		switch {
		case start == 0 && code == 0:
			return reply, ErrNoReply
		case start == 0 && after != '-':
			return reply, nil
		case code != 0 && (after == ' ' || after == '\t' || after == 0):
			return reply, nil
		}
	}
}

// trimLineEnd returns b without one LF, and the CRs before it.
func trimLineEnd(b []byte) []byte {
	if line, ok := bytes.CutSuffix(b, []byte("\n")); ok {
		return bytes.TrimRight(line, "\r")
	}
	return b
}

// replyCode returns the reply code that a line begins with, 0 if none, and the byte
// behind it, 0 at the end of the line. RFC 5321, 4.2.
func replyCode[T string | []byte](line T) (code int, after byte) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, 0
	}
	if len(line) > 3 {
		if after = line[3]; isDigit(after) {
			return 0, 0
		}
	}
	return int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0'), after
}

// newReply makes a Reply of what readReply returned. The lines are those of the wire:
// [nixie.ParseReply] prefers what a reply quotes of a further server, and here the one
// that was asked has answered.
func newReply(wire []byte) (nixie.Reply, error) {
	text := string(trimLineEnd(wire))
	r, err := nixie.ParseReply(text)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrNoReply, err)
	}
	r.Lines = r.Lines[:0]
	for start := 0; start < len(text); {
		end, next := len(text), len(text)
		if n := strings.IndexByte(text[start:], '\n'); n >= 0 {
			end, next = start+n, start+n+1
		}
		l := wireLine(text[start:end])
		if l.ReplyCode == 0 && len(r.Lines) > 0 {
			r.Lines[len(r.Lines)-1].End = start + l.End // no line of its own: nixie.ParseReply has it so too
		} else {
			l.Start, l.TextStart, l.End = l.Start+start, l.TextStart+start, l.End+start
			r.Lines = append(r.Lines, l)
		}
		start = next
	}
	r.Host, r.Addr, r.Command = "", "", ""
	return r, nil
}

// wireLine reads one line of a reply.
func wireLine(line string) nixie.Line {
	line = strings.TrimRight(line, " \t\r")
	n, after := replyCode(line)
	l := nixie.Line{ReplyCode: n, End: len(line), More: after == '-'}
	if n == 0 {
		return l
	}
	l.TextStart = min(len("250 "), len(line))
	if r, err := nixie.ParseReply(line); err == nil && r.Lines[0].Start == 0 {
		l.Code, l.TextStart = r.Lines[0].Code, min(r.Lines[0].TextStart, len(line))
		return l
	}
	word, _, _ := strings.Cut(line[l.TextStart:], " ")
	if code, err := nixie.ParseCode(word); err == nil {
		l.Code = code
		l.TextStart = min(l.TextStart+len(word)+1, len(line))
	}
	return l
}

// accepts reports whether a reply says yes. RFC 5321, 4.2.1.
func accepts(r nixie.Reply) bool { return r.ReplyCode()/100 == 2 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
