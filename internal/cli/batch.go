package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/verdict"
)

// maxBatchLine is the longest line, in bytes, that a batch may have.
const maxBatchLine = 1 << 20

// maxBatchNotes is how many notes about lines a batch writes to standard error.
const maxBatchNotes = 100

// A batchInput is a line of a batch.
type batchInput struct {
	ID       json.RawMessage `json:"id"`
	Reply    *string         `json:"reply"`
	Receiver string          `json:"receiver"`
	Stage    string          `json:"stage"`
}

// runBatch answers each line of a batch by one line, in order, and holds no more
// than one in memory. A line that cannot be read is told about on standard
// error with its number; the lines after it are answered all the same.
func runBatch(s Streams, file string, o explain.Options) error {
	name := orElse(file, "-")
	if name == "-" && isTerminal(s.In) {
		return misuse("--batch reads standard input: pipe something in, or name a file with -f")
	}
	r, err := open(name, s.In)
	if err != nil {
		return err
	}
	defer r.Close()
	out := bufio.NewWriter(s.Out)
	b := batch{s: s, options: o, out: out, enc: newEncoder(out)}
	err = b.run(bufio.NewReaderSize(r, 64<<10))
	b.countUntold()
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	if err == nil && b.bad > 0 {
		return errQuiet
	}
	return err
}

type batch struct {
	s       Streams
	options explain.Options
	out     *bufio.Writer
	enc     *json.Encoder // to out
	line    int           // of the input, from 1
	bad     int           // lines that could not be read
	notes   int           // notes about lines, told or not
}

func (b *batch) run(r *bufio.Reader) error {
	for {
		line, tooLong, err := readLine(r)
		b.line++
		if tooLong {
			b.refuse("it has more than %d bytes", maxBatchLine)
		} else if len(bytes.TrimSpace(line)) > 0 {
			if err := b.answer(line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading line %d: %w", b.line, err)
		}
		if r.Buffered() == 0 { // whoever waits for an answer before asking again gets it
			if err := b.out.Flush(); err != nil {
				return err
			}
		}
	}
}

// readLine reads a line with its end. One over the limit is read to its end and
// thrown away.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if !tooLong {
			line = append(line, part...)
		}
		if len(bytes.TrimRight(line, "\r\n")) > maxBatchLine {
			line, tooLong = nil, true
		}
		if err != bufio.ErrBufferFull {
			return line, tooLong, err
		}
	}
}

// refuse tells of a line that gets no answer.
func (b *batch) refuse(format string, args ...any) {
	b.bad++
	b.note(" gets no answer: "+format, args...)
}

// remark tells of a line that is answered, though not all of it was of use.
func (b *batch) remark(format string, args ...any) {
	b.note(": "+format, args...)
}

func (b *batch) note(format string, args ...any) {
	if b.notes++; b.notes <= maxBatchNotes {
		note(b.s.Err, "nixie explain", "line %d"+format, append([]any{b.line}, args...)...)
	}
}

// countUntold ends the notes about a batch that has more of them than anybody reads.
func (b *batch) countUntold() {
	if n := b.notes - maxBatchNotes; n > 0 {
		note(b.s.Err, "nixie explain", "%d more notes are left out; %d lines got no answer in all", n, b.bad)
	}
}

// notJSON says what is wrong with a line in words for people.
func notJSON(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &kind):
		return "it is not JSON: " + err.Error()
	case kind.Field == "":
		return "it is a JSON " + kind.Value + ", not an object"
	}
	return fmt.Sprintf("its field %q is a %s, not a string", kind.Field, kind.Value)
}

// answer writes the answer to one line. The error is one of writing.
func (b *batch) answer(line []byte) error {
	var in batchInput
	if err := json.Unmarshal(line, &in); err != nil {
		b.refuse("%s", notJSON(err))
		return nil
	}
	if in.Reply == nil {
		b.refuse(`there is no field "reply"`)
		return nil
	}
	o := b.options
	if in.Receiver != "" {
		o.Hints.Receiver = strings.ToLower(in.Receiver)
	}
	if in.Stage != "" {
		stage, err := verdict.ParseStage(in.Stage)
		if err != nil {
			b.remark("%q is no stage; it is left out", in.Stage)
		}
		o.Hints.Stage = stage
	}
	text := *in.Reply
	if len(text) > nixie.MaxReply {
		b.remark("the reply has %d bytes; the first %d are read", len(text), nixie.MaxReply)
		text = text[:nixie.MaxReply]
	}
	e, err := explain.Reply(text, o)
	if err != nil {
		b.remark("%s", plainly(err))
	}
	return b.enc.Encode(e.Batch(in.ID))
}
