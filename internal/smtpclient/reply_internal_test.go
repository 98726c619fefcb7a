package smtpclient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nixiemail/nixie"
)

// TestReadReply: what is one reply, however it arrives. RFC 5321, 4.2.1.
func TestReadReply(t *testing.T) {
	for _, c := range []struct {
		name, wire string
		want       string // of the reply; what follows in wire stays there
		lines      int
		replyCode  int
		code       string
		err        error
	}{
		{"one line", "250 2.1.5 Ok\r\n250 next\r\n", "250 2.1.5 Ok", 1, 250, "2.1.5", nil},
		{"bare LF", "250 Ok\n", "250 Ok", 1, 250, "", nil},
		{"two CRs", "250 Ok\r\r\n", "250 Ok", 1, 250, "", nil},
		{"three digits alone", "250\r\n", "250", 1, 250, "", nil},
		{"several lines", "550-5.1.1 No such\r\n550 5.1.1 user\r\n", "550-5.1.1 No such\r\n550 5.1.1 user", 2, 550, "5.1.1", nil},
		{"a code on one line only", "550-5.1.1 No\r\n550 user\r\n", "550-5.1.1 No\r\n550 user", 2, 550, "5.1.1", nil},
		{"lines that are none", "550-No\r\nsuch user\r\n\r\n550 5.1.1 here\r\nx", "550-No\r\nsuch user\r\n\r\n550 5.1.1 here", 2, 550, "5.1.1", nil},
		{"another code at the end", "250-Ok\r\n550 no\r\n", "250-Ok\r\n550 no", 2, 250, "", nil},
		{"a quoted reply", "550 5.7.1 mx.example.org said: 451 4.2.1 later\r\n", "550 5.7.1 mx.example.org said: 451 4.2.1 later", 1, 550, "5.7.1", nil},
		{"8-bit and NUL", "550 \xe9\x00\x1b[1m\r\n", "550 \xe9\x00\x1b[1m", 1, 550, "", nil},
		{"qmail's number sign", "553 sorry (#5.7.1)\r\n", "553 sorry (#5.7.1)", 1, 553, "5.7.1", nil},
		{"a letter behind the code", "550Z no\r\n", "550Z no", 1, 550, "", nil},
		{"no reply", "SSH-2.0-OpenSSH\r\n", "", 0, 0, "", ErrNoReply},
		{"four digits", "2500 Ok\r\n", "", 0, 0, "", ErrNoReply},
		{"1yz", "150 wait\r\n250 Ok\r\n", "", 0, 0, "", ErrNoReply},
		{"an empty line", "\r\n250 Ok\r\n", "", 0, 0, "", ErrNoReply},
		{"half a line", "250 O", "", 0, 0, "", io.ErrUnexpectedEOF},
		{"half a reply", "250-Ok\r\n", "", 0, 0, "", io.ErrUnexpectedEOF},
		{"nothing", "", "", 0, 0, "", io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := bufio.NewReader(iotest.OneByteReader(strings.NewReader(c.wire)))
			b, err := readReply(in)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if !strings.HasPrefix(c.wire, string(b)) {
				t.Fatalf("read %q, which %q does not begin with", b, c.wire)
			}
			if err != nil {
				return
			}
			r, err := newReply(b)
			if err != nil {
				t.Fatal(err)
			}
			if r.String() != c.want || len(r.Lines) != c.lines || r.ReplyCode() != c.replyCode || r.Code().String() != c.code {
				t.Errorf("%q: %d lines, %d %v; want %q, %d lines, %d %s", r.String(), len(r.Lines), r.ReplyCode(), r.Code(), c.want, c.lines, c.replyCode, c.code)
			}
		})
	}
}

// TestReplyWords: the words are those behind the codes of each line.
func TestReplyWords(t *testing.T) {
	r, err := newReply([]byte("550-5.1.1 mx said: 451 4.2.2 full\r\n550 5.1.1  there \r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Text(), "mx said: 451 4.2.2 full there"; got != want {
		t.Errorf("words %q, want %q", got, want)
	}
}

// TestMaxReply: a reply of MaxReply bytes is read, one of a byte more is not, and one
// without an end takes no more memory than that.
func TestMaxReply(t *testing.T) {
	at := "250 " + strings.Repeat("a", MaxReply-4)
	if b, err := readReply(bufio.NewReader(strings.NewReader(at + "\r\n"))); err != nil || len(b) != MaxReply+2 {
		t.Errorf("at the limit: %d bytes, %v", len(b), err)
	}
	if b, err := readReply(bufio.NewReader(strings.NewReader(at + "a\r\n"))); !errors.Is(err, ErrReplyTooLong) || len(b) != MaxReply {
		t.Errorf("beyond the limit: %d bytes, %v", len(b), err)
	}
	lines := strings.Repeat("250-"+strings.Repeat("a", 60)+"\r\n", MaxReply/66+1)
	if b, err := readReply(bufio.NewReader(strings.NewReader(lines + "250 end\r\n"))); !errors.Is(err, ErrReplyTooLong) || len(b) != MaxReply {
		t.Errorf("many lines: %d bytes, %v", len(b), err)
	}
	endless := io.MultiReader(strings.NewReader("250-"), neverEnding{})
	if b, err := readReply(bufio.NewReader(endless)); !errors.Is(err, ErrReplyTooLong) || cap(b) > 4*MaxReply {
		t.Errorf("endless: %d bytes of memory, %v", cap(b), err)
	}
}

// neverEnding yields a letter for ever.
type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// FuzzReadReply: whatever a server says, no byte is lost or made up, memory is bounded,
// and a reply's lines are parts of it, in order.
func FuzzReadReply(f *testing.F) {
	for _, s := range []string{
		"250 2.1.5 Ok\r\n", "550-5.1.1 a\r\nb\r\n550 5.1.1 c\r\n250 x\r\n", "220\n", "421 4.3.2 bye", "250-\r\n250 \r\r\n",
		"550 mx[192.0.2.1] said: 451 4.2.2 full (in reply to RCPT TO command)\r\n", "354-a 354 b\r\n354 c\r\n", "599-\x00\xff\r\n\r\n599\t\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		src := bytes.NewReader(wire)
		in := bufio.NewReader(src)
		b, err := readReply(in)
		if !bytes.HasPrefix(wire, b) || len(b) > MaxReply+len("\r\n") && len(trimLineEnd(b)) > MaxReply {
			t.Fatalf("%d bytes that the server did not say, or too many", len(b))
		}
		if err != nil {
			return
		}
		if src.Len()+in.Buffered()+len(b) != len(wire) {
			t.Fatal("bytes behind the reply are lost")
		}
		r, err := newReply(b)
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if !strings.HasPrefix(string(b), r.String()) || strings.Trim(string(b[len(r.String()):]), "\r\n") != "" {
			t.Fatalf("%q became %q", b, r.String())
		}
		checkLines(t, r)
	})
}

func checkLines(t *testing.T, r nixie.Reply) {
	t.Helper()
	end := 0
	for i, l := range r.Lines {
		if l.Start < end || l.TextStart < l.Start || l.End < l.TextStart || l.End > len(r.String()) || l.ReplyCode < 200 || l.ReplyCode > 599 {
			t.Fatalf("line %d of %q is %+v", i, r.String(), l)
		}
		end = l.End
	}
	if len(r.Lines) == 0 {
		t.Fatalf("%q has no lines", r.String())
	}
}
