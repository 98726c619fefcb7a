package mtalog

import (
	"context"
	"errors"
	"fmt"
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
// This holds for a log that one process writes, as system loggers and postlogd(8)
// do: of several, one could go on with a file when another has begun the next.
// Of a symbolic link that is led to another name each day, only the last day's
// file is found after a pause.
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
