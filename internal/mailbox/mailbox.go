// Package mailbox yields the messages of whatever people keep mail in: mbox
// files of every kind, Maildirs, folders of files, single messages, standard
// input; gzip, bzip2, xz, zstd and tar around any of these. What something is, is
// seen in its first bytes, never in its name.
//
// Nothing is written, renamed or locked. Memory is bounded whatever the input:
// see [Walker].
package mailbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"sync/atomic"
)

// Stdin is the path that stands for [Walker.Stdin].
const Stdin = "-"

// The limits. What is beyond them is an error for its path, or, for a message
// that is too long, left out and told by [Message.Truncated].
const (
	// DefaultMaxMessage is how many bytes of a message are kept.
	DefaultMaxMessage = 64 << 20
	// MaxDepth is how many layers of compression and tar may lie around a file.
	MaxDepth = 4
	// MaxWindow is the largest dictionary of xz and window of zstd, in bytes: what
	// `xz -9` needs twice, and what the zstd program itself takes unasked.
	MaxWindow = 128 << 20
)

// A Message is one message, as it lay there.
type Message struct {
	// Path is as the caller gave it, the names below it joined with "/"; a tar
	// archive counts as a folder: "archive.tar/inner/name".
	Path string
	// Number counts the messages of Path, from 1.
	Number int
	// Raw is the message without the From_ line and the quoting of an mbox. The
	// string holds nothing else in memory.
	Raw string
	// Truncated is true where bytes are missing at the end: the message is longer
	// than MaxMessage, or its file is damaged there (then an error follows).
	Truncated bool
}

// A Walker reads mailboxes. The zero value is ready. A Walker may be used again
// after a walk has ended, but runs one walk at a time.
//
// A walk holds at most four times MaxMessage and 1 MB, for each layer of compression
// MaxWindow twice and 2 MB, and the names of the folders that it is in; 20 MB in
// all for an mbox of usual mail.
type Walker struct {
	// Stdin is read for the path "-". If nil, that path is an error.
	Stdin io.Reader
	// MaxMessage is how many bytes of a message are kept; 0 means DefaultMaxMessage.
	MaxMessage int

	read, total atomic.Int64
}

// Messages returns all messages of paths, in the order of paths and, below a
// folder, of names. An error is about the path in the Message beside it, which
// its text does not repeat; the walk goes on with what comes next. It ends early
// when ctx is done, without an error of its own.
//
// A file below a folder is taken as mail whatever it is called, unless its name
// begins with a dot, or is that of a message marked as deleted (MH's ",12") or of
// an index of Thunderbird's (".msf"). Of a Maildir its new and cur are read, in
// one order of names, then the Maildirs below it, those with a dot too. Symbolic
// links are followed to files; those to folders only where the caller names them.
func (w *Walker) Messages(ctx context.Context, paths []string) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		w.read.Store(0)
		k := &walk{ctx: ctx, walker: w, yield: yield, maxMessage: w.MaxMessage}
		if k.maxMessage <= 0 {
			k.maxMessage = DefaultMaxMessage
		}
		t := tree{file: k.file, fail: k.fail}
		for _, p := range paths {
			goOn := false
			if p == Stdin {
				goOn = k.stdin()
			} else {
				goOn = t.path(p)
			}
			if !goOn {
				return
			}
		}
	}
}

// Done returns how many bytes of files were read so far and how many there are,
// compressed as they lie there. total is 0 as long as it is not known, see
// [Walker.Measure]. It may be called at any time from anywhere.
func (w *Walker) Done() (read, total int64) {
	return w.read.Load(), w.total.Load()
}

// Measure finds the total that Done returns, and may run beside the walk. It
// looks at every name below paths but opens no file. The total stays 0 where a
// part has no known size, such as a pipe.
func (w *Walker) Measure(ctx context.Context, paths []string) {
	w.total.Store(0)
	var sum int64
	t := tree{
		file: func(_ string, d fs.DirEntry, _ content) bool {
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				sum += info.Size()
			}
			return ctx.Err() == nil
		},
		fail: func(string, error) bool { return ctx.Err() == nil },
	}
	for _, p := range paths {
		if p == Stdin {
			size, ok := w.stdinSize()
			if !ok {
				return
			}
			sum += size
		} else if !t.path(p) {
			return
		}
	}
	w.total.Store(sum)
}

// stdinSize returns how large standard input is; ok is false for a pipe.
func (w *Walker) stdinSize() (size int64, ok bool) {
	f, isFile := w.Stdin.(*os.File)
	if !isFile {
		return 0, false
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// A walk is one run of a Walker. Its methods return false when the walk is over.
type walk struct {
	ctx        context.Context
	walker     *Walker
	yield      func(Message, error) bool
	maxMessage int
	windows    []*window // those not in use
}

// fail yields an error about path. The path that the os package puts before an
// error is taken off.
func (k *walk) fail(path string, err error) bool {
	if k.ctx.Err() != nil {
		return false
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return k.yield(Message{Path: path}, err)
}

var errNoStdin = errors.New("there is no standard input here")

func (k *walk) stdin() bool {
	if k.ctx.Err() != nil {
		return false
	}
	if k.walker.Stdin == nil {
		return k.fail(Stdin, errNoStdin)
	}
	return k.read(Stdin, counted{k.walker.Stdin, k}, anything, 0)
}

// file reads one file.
func (k *walk) file(path string, d fs.DirEntry, c content) bool {
	if k.ctx.Err() != nil {
		return false
	}
	if err := readable(d.Type()); err != nil {
		return k.fail(path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return k.fail(path, err)
	}
	goOn := k.read(path, counted{f, k}, c, 0)
	_ = f.Close() // nothing was written
	return goOn
}

// counted adds what is read to the Walker's count, and ends when the walk ends.
type counted struct {
	r io.Reader
	k *walk
}

func (c counted) Read(p []byte) (int, error) {
	if err := c.k.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.k.walker.read.Add(int64(n))
	return n, err
}
