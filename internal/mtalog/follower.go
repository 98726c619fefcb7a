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
		f.lines.at = offset
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
	f.lines.at = size
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

// position is where the current file's next line begins, right after lines were read.
func (f *follower) position() Position {
	if f.printed.Size != len(f.cur.head) {
		f.printed = printOf(f.cur.head)
	}
	device, inode := identity(f.cur.info)
	return Position{Path: f.Path, Device: device, Inode: inode, Offset: f.lines.at, Print: f.printed}
}
