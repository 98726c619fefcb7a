package mtalog

import (
	"bytes"
	"context"
	"io"
	"strings"
)

// Limits of what is handed over at once.
const (
	MaxBatch      = 1000    // lines
	MaxBatchBytes = 1 << 20 // of their text
)

// maxIdleReads is how often in turn a reader may return nothing at all.
const maxIdleReads = 100

// A lineReader divides what it reads into lines. It can go on after io.EOF, when
// there is more. NULs before a line are dropped: file systems leave them after a
// crash, and writers that go on where they were in a truncated file.
type lineReader struct {
	r          io.Reader
	buf        []byte
	start, end int   // buf[start:end] is read and not yet divided
	at         int64 // where buf[start] is in what is read
	inLong     bool  // buf[start] lies within a line of more than MaxLine bytes
	skipped    int   // such lines, since somebody asked
	ends       []int // where the lines of a batch end in buf
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: r, buf: make([]byte, MaxBatchBytes)}
}

// next returns lines that are complete, without their ends. They are parts of one
// string. There are none only with an error: io.EOF where there is no more now.
func (l *lineReader) next() ([]string, error) {
	for {
		if lines := l.cut(); len(lines) > 0 {
			return lines, nil
		}
		if n, err := l.fill(); n == 0 {
			return nil, err
		}
	}
}

// rest returns what stands after the last line's end, ok false if there is nothing.
func (l *lineReader) rest() (line string, ok bool) {
	line = string(l.buf[l.start:l.end])
	if l.inLong {
		l.inLong = false
		l.skipped++
		line = ""
	}
	l.drop(l.end - l.start)
	return line, line != ""
}

// pass goes over bytes up to an offset, and ends early where there are no more.
func (l *lineReader) pass(ctx context.Context, offset int64) error {
	for l.at < offset && ctx.Err() == nil {
		if l.start == l.end {
			if n, err := l.fill(); n == 0 && err != io.EOF {
				return err
			} else if n == 0 {
				break
			}
		}
		l.drop(int(min(int64(l.end-l.start), offset-l.at)))
	}
	return ctx.Err()
}

// fill reads until the buffer is full or there is no more. The error is one that
// came before the first byte; else it comes again with the next call.
func (l *lineReader) fill() (n int, err error) {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	for idle := 0; l.end < len(l.buf); {
		got, err := l.r.Read(l.buf[l.end:])
		l.end += got
		n += got
		if idle++; got > 0 {
			idle = 0
		}
		switch {
		case err != nil && n > 0:
			return n, nil
		case err != nil:
			return 0, err
		case idle == maxIdleReads:
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// cut takes the complete lines off the buffer, at most MaxBatch.
func (l *lineReader) cut() []string {
	l.passLong()
	l.ends = l.ends[:0]
	from := l.start
	for len(l.ends) < MaxBatch {
		i := bytes.IndexByte(l.buf[from:l.end], '\n')
		if i < 0 {
			break
		}
		from += i + 1
		l.ends = append(l.ends, from)
	}
	if len(l.ends) == 0 {
		return nil
	}
	text := string(l.buf[l.start:from])
	lines := make([]string, 0, len(l.ends))
	begin := 0
	for _, end := range l.ends {
		end -= l.start
		if line := strings.TrimLeft(text[begin:end-1], "\x00"); len(line) <= MaxLine {
			lines = append(lines, line)
		} else {
			l.skipped++
		}
		begin = end
	}
	l.drop(len(text))
	return lines
}

// passLong keeps memory bounded where a line has no end: what can't be part of a
// line of MaxLine bytes is dropped.
func (l *lineReader) passLong() {
	if !l.inLong {
		text := l.buf[l.start:l.end]
		if bytes.IndexByte(text, '\n') >= 0 {
			return
		}
		l.drop(len(text) - len(bytes.TrimLeft(text, "\x00")))
		if l.inLong = l.end-l.start > MaxLine; !l.inLong {
			return
		}
	}
	i := bytes.IndexByte(l.buf[l.start:l.end], '\n')
	if i < 0 {
		l.drop(l.end - l.start)
		return
	}
	l.drop(i + 1)
	l.inLong = false
	l.skipped++
}

func (l *lineReader) drop(n int) {
	l.start += n
	l.at += int64(n)
}

// takeSkipped returns how many lines were too long since the last call.
func (l *lineReader) takeSkipped() int {
	n := l.skipped
	l.skipped = 0
	return n
}
