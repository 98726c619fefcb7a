package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
)

// Limits of a stream of events.
const (
	MaxLine      = 128 << 10             // bytes of a line
	MaxChunk     = 1000                  // events that are kept together
	MaxChunkSize = 1 << 20               // bytes of them, one line more at most
	ChunkTime    = 50 * time.Millisecond // after its first line, at which what has come is kept
	StreamIdle   = 2 * time.Minute       // without a line, after which a stream is ended
	StreamWrite  = 1 * time.Minute       // that a client may take to take an answer
)

// A LineResult is what became of a line of a stream.
type LineResult struct {
	Line int `json:"line" doc:"from 1; lines without anything in them count too"`
	*Result
	Error *LineError `json:"error,omitempty" doc:"why it was not kept"`
}

// A LineError says why a line was not kept.
type LineError struct {
	Status int         `json:"status" doc:"422: the line is wrong; 503: send it again later, with all that come after it"`
	Detail string      `json:"detail"`
	Errors []LineField `json:"errors,omitempty"`
}

// A LineField says what is wrong with a field.
type LineField struct {
	Location string `json:"location,omitempty"`
	Message  string `json:"message"`
}

// A streamLine is a line as it was read.
type streamLine struct {
	number int
	size   int
	post   delivery.Post
	wrong  []*delivery.FieldError
}

// readLines hands on the lines of a stream until it ends, and returns why; nil if it
// came to its end.
func readLines(ctx context.Context, body io.Reader, to chan<- streamLine) error {
	b := bufio.NewReaderSize(body, 64<<10)
	for number := 1; ; number++ {
		text, long, err := readLine(b)
		if err != nil && (err != io.EOF || len(text) == 0) {
			if err == io.EOF {
				return nil
			}
			return err
		}
		line := streamLine{number: number, size: len(text)}
		switch {
		case long:
			line.wrong = []*delivery.FieldError{{Err: fmt.Errorf("the line has more than %d bytes", MaxLine)}}
		case len(bytes.TrimSpace(text)) == 0:
			continue
		default:
			line.post, line.wrong = parseLine(text)
		}
		select {
		case to <- line:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readLine reads a line, without what it has beyond [MaxLine]. The last line need not
// be ended.
func readLine(b *bufio.Reader) (text []byte, long bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if room := MaxLine + 1 - len(text); len(part) > room {
			long, part = true, part[:room]
		}
		text = append(text, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		return text, long, err
	}
}

func parseLine(text []byte) (delivery.Post, []*delivery.FieldError) {
	if err := checkJSON(text); err != nil {
		return delivery.Post{}, []*delivery.FieldError{{Err: err}}
	}
	return parseEvent(text)
}

// A patient reader waits for [StreamIdle] and no longer.
type patient struct {
	io.Reader
	control *http.ResponseController
}

func (p patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(StreamIdle)) // where there is no connection, nothing is slow
	return p.Reader.Read(b)
}

// A stream is one that is being taken in.
type stream struct {
	*api
	ctx     context.Context
	w       http.ResponseWriter
	control *http.ResponseController
	lines   chan streamLine
	last    int  // the number of the last line that was answered
	begun   bool // an answer was written
}

// postStream takes a stream of events.
func (a *api) postStream(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(replayHeader) != "" {
		newProblem(http.StatusBadRequest, "a stream takes no "+replayHeader+": what was not answered can be sent again, and counts once").write(w)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	s := &stream{api: a, ctx: ctx, w: w, control: http.NewResponseController(w), lines: make(chan streamLine, 16)}
	_ = s.control.EnableFullDuplex() // other protocols than HTTP/1 have it anyway
	ended := make(chan error, 1)
	go func() {
		ended <- readLines(ctx, patient{r.Body, s.control}, s.lines)
		close(s.lines)
	}()
	ok := s.run()
	cancel()
	if !ok && s.control.SetReadDeadline(time.Now()) != nil {
		r.Body.Close() // so that the reader ends, which must not read on
	}
	if err := <-ended; ok {
		s.finish(err)
	}
}

// run keeps and answers lines until there are no more; false if it could not go on.
func (s *stream) run() bool {
	for {
		chunk := s.gather()
		if len(chunk) == 0 {
			return true
		}
		if !s.keep(chunk) {
			return false
		}
	}
}

// gather waits for a line, and takes those that come with it.
func (s *stream) gather() []streamLine {
	first, ok := <-s.lines
	if !ok {
		return nil
	}
	chunk, size := []streamLine{first}, first.size
	timer := time.NewTimer(ChunkTime)
	defer timer.Stop()
	for len(chunk) < MaxChunk && size < MaxChunkSize {
		select {
		case line, ok := <-s.lines:
			if !ok {
				return chunk
			}
			chunk, size = append(chunk, line), size+line.size
		case <-timer.C:
			return chunk
		}
	}
	return chunk
}

// keep keeps the lines that are right and answers all; false if it can't go on.
func (s *stream) keep(chunk []streamLine) bool {
	got, err := s.post(chunk)
	if err != nil && !s.begun {
		s.problem(s.ctx, err).write(s.w)
		return false
	}
	var failed *LineError
	if err != nil {
		p := s.problem(s.ctx, err)
		failed = &LineError{Status: p.Status, Detail: p.Detail}
	}
	answers := make([]LineResult, len(chunk))
	for i := range chunk {
		line := &chunk[i]
		answers[i] = LineResult{Line: line.number, Error: failed}
		switch {
		case len(line.wrong) > 0:
			answers[i].Error = lineError(line.wrong)
		case failed == nil:
			result := resultOf(&got[0])
			got = got[1:]
			answers[i].Result = &result
		}
	}
	return s.answer(answers) == nil && err == nil
}

// post keeps the events of the lines that are right. Where the intake finds that one
// is wrong, the line is marked, and the others are kept.
func (s *stream) post(chunk []streamLine) ([]Posted, error) {
	for {
		var posts []delivery.Post
		var from []int
		for i := range chunk {
			if len(chunk[i].wrong) == 0 {
				posts, from = append(posts, chunk[i].post), append(from, i)
			}
		}
		if len(posts) == 0 {
			return nil, nil
		}
		got, _, err := s.Intake.Post(s.ctx, caller(s.ctx).Name, posts, nil)
		wrong := postErrors(err)
		if len(wrong) == 0 {
			return got, err
		}
		for _, w := range wrong {
			line := &chunk[from[w.Index]]
			line.wrong = append(line.wrong, w.Err)
		}
	}
}

func lineError(wrong []*delivery.FieldError) *LineError {
	e := &LineError{Status: http.StatusUnprocessableEntity, Detail: "the line was not kept"}
	for _, f := range wrong {
		e.Errors = append(e.Errors, LineField{Location: f.Field, Message: cut(fieldText(f).Error())})
	}
	return e
}

// answer writes answers and sends them off.
func (s *stream) answer(answers []LineResult) error {
	if !s.begun {
		s.w.Header().Set("Content-Type", typeNDJSON)
		s.begun = true
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(StreamWrite))
	b := bufio.NewWriterSize(s.w, 64<<10)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for i := range answers {
		if err := enc.Encode(&answers[i]); err != nil {
			return err
		}
		s.last = answers[i].Line
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if err := s.control.Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// finish ends the answer. err is why the stream ended, nil if it came to its end.
func (s *stream) finish(err error) {
	_ = s.control.SetReadDeadline(time.Time{})
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		err = s.answer([]LineResult{{Line: s.last + 1, Error: &LineError{Status: http.StatusRequestTimeout, Detail: fmt.Sprintf("no line came for %s", StreamIdle)}}})
	case err != nil:
		err = s.answer([]LineResult{{Line: s.last + 1, Error: &LineError{Status: http.StatusBadRequest, Detail: "the stream broke off"}}})
	case !s.begun:
		newProblem(http.StatusBadRequest, "the body is missing").write(s.w)
	}
	if err != nil {
		s.logOf(s.ctx).Debug("the end of a stream was not told", "err", err)
	}
}
