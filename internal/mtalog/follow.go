package mtalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

const (
	// DefaultPoll is how often a file is looked at, at least.
	DefaultPoll = time.Second
	// firstPause and maxPause are how long a batch that was not taken is held
	// before it is offered again: twice as long each time.
	firstPause = 250 * time.Millisecond
	maxPause   = 30 * time.Second
	// settled is how long a compressed file that ends too early must have been left
	// alone to be taken for damaged: else somebody is writing it.
	settled = time.Minute
)

// errChanged says that a file isn't the one any more that was being read.
var errChanged = errors.New("truncated or written anew")

// A Config says what to follow.
type Config struct {
	Path    string   // of the live file; it need not be there yet
	From    Position // after the lines taken last; the zero Position for a first start
	FromEnd bool     // start at the end of the file, at a first start
	// Take is given lines, at most [MaxBatch] and [MaxBatchBytes], and the position
	// after them. What it keeps it must keep together with the position. After an
	// error the same lines come again. There are no lines where only the
	// position is to be kept.
	Take func(ctx context.Context, lines []string, after Position) error
	// Tell is told what keeps the follower from going on, once for each change, and
	// nil when nothing does any more; and each *SkippedError and *LostError. It may be nil.
	Tell func(error)
	Poll time.Duration // zero means DefaultPoll
	// PollOnly leaves out asking the system for news, which file systems over a
	// network don't have.
	PollOnly bool
	// Look makes the follower look at once. It is received from only between looks.
	Look <-chan struct{}
}

// A SkippedError tells of lines that were too long.
type SkippedError struct {
	Path  string
	Lines int
}

func (e *SkippedError) Error() string {
	return fmt.Sprintf("%s: %d lines of more than %d bytes left out", e.Path, e.Lines, MaxLine)
}

// A LostError tells that there is no file any more in which to go on. What
// was written after that position and before the live file's first line is not read.
type LostError struct {
	Position Position
	Err      error // why files couldn't be looked into, nil if all could
}

func (e *LostError) Error() string {
	const text = "%s: the file read last (inode %d, to byte %d) is gone: going on at the beginning of the present one; read archived ones apart"
	s := fmt.Sprintf(text, e.Position.Path, e.Position.Inode, e.Position.Offset)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *LostError) Unwrap() error { return e.Err }

// Follow hands over the lines of a log file while it is written, until ctx is done,
// and returns why that is. Any other error is one of the Config.
//
// Each line is handed over once and in order, over rotation by renaming, also over
// many rotations, compressed or not, that happened meanwhile: the file of the
// position is found by its identity or its first bytes, is read to its end, and
// then the newer ones. A renamed file is left when a newer one has lines. A line
// waits for its end, but for the last one of a file that was left.
//
// Where a log is copied and then truncated, what was written between the two is
// lost unless it had been taken; the rest is found in the copy. Only at a first
// start on an empty file is all lost that comes and is truncated within one Poll.
func Follow(ctx context.Context, c Config) error {
	f, err := newFollower(c)
	if err != nil {
		return err
	}
	defer f.close()
	for {
		err := f.look(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f.report(err)
		if err := f.news.wait(ctx); err != nil {
			return err
		}
	}
}

// A follower reads one file after the other.
type follower struct {
	Config
	news    *news
	at      Position // after the lines taken last
	kept    bool     // somebody has kept at
	cur     *logFile // nil before it is found
	lines   *lineReader
	final   bool   // nobody writes to cur any more
	told    string // what Tell was told last
	printed Print  // of cur
}

func newFollower(c Config) (*follower, error) {
	if c.Path == "" || c.Take == nil {
		return nil, errors.New("mtalog: Follow needs a Path and Take")
	}
	if err := c.From.check(c.Path); err != nil {
		return nil, fmt.Errorf("follow %s: %w", c.Path, err)
	}
	if c.Poll <= 0 {
		c.Poll = DefaultPoll
	}
	if c.Tell == nil {
		c.Tell = func(error) {}
	}
	return &follower{Config: c, news: newNews(c), at: c.From, kept: c.From != Position{}}, nil
}

func (f *follower) close() {
	f.leave()
	f.news.close()
}

// leave closes the current file.
func (f *follower) leave() {
	if f.cur != nil {
		f.cur.close()
	}
	f.cur, f.lines, f.final, f.printed = nil, nil, false, Print{}
}

// report tells what hinders the follower, if that has changed.
func (f *follower) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != f.told {
		f.told = text
		f.Tell(err)
	}
}

// look reads all that there is. The error says what hinders it from reading on.
func (f *follower) look(ctx context.Context) error {
	for ctx.Err() == nil {
		if f.cur == nil {
			if err := f.find(ctx); err != nil {
				return err
			}
		}
		err := f.drain(ctx)
		if ctx.Err() != nil {
			break
		}
		if err == errChanged {
			f.leave()
			continue
		}
		if err != nil && !f.giveUp(err) {
			if f.cur.packed {
				f.leave() // an unpacker can't go on after an error
			}
			return err
		}
		moved, err := f.moveOn(ctx)
		if !moved {
			return err
		}
	}
	return ctx.Err()
}

// find opens the file of the position.
func (f *follower) find(ctx context.Context) error {
	if !f.at.known() {
		return f.openFirst(ctx)
	}
	s, err := readSeries(f.Path)
	if err != nil {
		return err
	}
	found, ok, err := s.find(f.at)
	if !ok {
		f.Tell(&LostError{Position: f.at, Err: err})
		f.at = Position{Path: f.Path}
		return f.openFirst(ctx)
	}
	return f.open(ctx, found, f.at.Offset)
}

// openFirst opens the live file where no position says in which file to go on.
func (f *follower) openFirst(ctx context.Context) error {
	info, err := os.Stat(f.Path)
	if err == nil {
		err = f.open(ctx, sibling{path: f.Path, info: info, mark: mark{kind: liveMark}}, 0)
	}
	if err == nil && !f.kept && f.FromEnd {
		if err = f.toEnd(); err != nil {
			f.leave()
		}
	}
	if f.kept {
		return err
	}
	// Also where there is no file yet: all that it will have is new then.
	f.at = Position{Path: f.Path}
	if f.cur != nil {
		f.at = f.position()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if taken := f.take(ctx, nil); taken != nil {
		return taken
	}
	return err
}

// open makes a file the current one. That a name stands for another file by now
// is an error that goes away.
func (f *follower) open(ctx context.Context, s sibling, offset int64) error {
	l, err := openLog(s.path, s.mark.kind == liveMark)
	if err != nil {
		return err
	}
	if !os.SameFile(l.info, s.info) {
		l.close()
		return fmt.Errorf("%s: renamed while it was opened", s.path)
	}
	f.leave()
	f.cur, f.lines, f.final = l, newLineReader(l), l.packed
	if l.packed {
		err = f.lines.pass(ctx, offset)
	} else {
		offset = min(offset, l.info.Size())
		err = l.seek(offset)
		f.lines.at, f.lines.done = offset, offset
	}
	if err != nil && (ctx.Err() != nil || !f.giveUp(err)) {
		f.leave()
		return err
	}
	return nil
}

// toEnd goes after the last line that is complete.
func (f *follower) toEnd() error {
	size := f.cur.info.Size()
	b := make([]byte, MaxLine)
	for size > 0 {
		part := b[:min(size, MaxLine)]
		if _, err := f.cur.file.ReadAt(part, size-int64(len(part))); err != nil {
			return err
		}
		for len(part) > 0 && part[len(part)-1] != '\n' {
			part = part[:len(part)-1]
			size--
		}
		if len(part) > 0 {
			break
		}
	}
	f.lines.at, f.lines.done = size, size
	return f.cur.seek(size)
}

// drain hands over all complete lines of the current file.
func (f *follower) drain(ctx context.Context) error {
	for {
		lines, err := f.lines.next()
		if n := f.lines.takeSkipped(); n > 0 {
			f.Tell(&SkippedError{Path: f.Path, Lines: n})
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		f.at = f.position()
		if err := f.take(ctx, lines); err != nil {
			return err
		}
	}
}

// giveUp reports whether err comes of a compressed file that ends too early or is
// damaged, and will remain so. What can be read of it was read.
func (f *follower) giveUp(err error) bool {
	if !f.cur.packed || time.Since(f.cur.info.ModTime()) < settled {
		return false
	}
	if !f.cur.left {
		f.cur.left = true
		f.Tell(fmt.Errorf("%w: left there; read the file apart once it is mended", err))
	}
	return true
}

// moveOn goes from the current file, which was read to its end, to the next one;
// moved is false if there is nothing more to read now.
func (f *follower) moveOn(ctx context.Context) (moved bool, err error) {
	info, err := os.Stat(f.Path)
	if err == nil && os.SameFile(info, f.cur.info) {
		f.final = false
		return false, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file (%s): nothing can be read from it", f.Path, info.Mode().Type())
	}
	absent := err
	s, err := readSeries(f.Path)
	if err != nil {
		return false, err
	}
	newer := s.newer(f.cur, f.position())
	if !f.final {
		// Until the writer has begun a newer file it may go on with this one.
		for _, n := range newer {
			f.final = f.final || n.info.Size() > 0
		}
		return f.final, absent
	}
	if len(newer) == 0 {
		return false, absent
	}
	// The live file is not gone into before it can be told by its first line: were it
	// copied and truncated once more before the next look, nothing would show it.
	if newer[0].mark.kind == liveMark {
		if told, err := newer[0].hasLine(); !told {
			return false, err
		}
	}
	if line, ok := f.lines.rest(); ok {
		f.at = f.position()
		if err := f.take(ctx, []string{line}); err != nil {
			return false, err
		}
	}
	if err := f.open(ctx, newer[0], 0); err != nil {
		return false, err
	}
	return true, nil
}

// take hands over lines until they are taken or ctx is done.
func (f *follower) take(ctx context.Context, lines []string) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := f.Take(ctx, lines, f.at)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			f.kept = true
			return nil
		}
		f.report(fmt.Errorf("%s: %d lines are held: %w", f.Path, len(lines), err))
		sleep(ctx, pause)
	}
}

// position is where the current file's next line begins.
func (f *follower) position() Position {
	if f.printed.Size != len(f.cur.head) {
		f.printed = printOf(f.cur.head)
	}
	device, inode := identity(f.cur.info)
	return Position{Path: f.Path, Device: device, Inode: inode, Offset: f.lines.done, Print: f.printed}
}
