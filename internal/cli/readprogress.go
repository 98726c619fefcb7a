package cli

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/nixiemail/nixie/internal/mailbox"
)

// progressEvery is how often the progress is shown anew, progressAfter how long
// nothing is shown at first: most runs are over by then.
const (
	progressEvery = 200 * time.Millisecond
	progressAfter = 600 * time.Millisecond
)

// A progress is a line at the end of a terminal that tells how far the reading has
// come. A nil progress shows nothing.
type progress struct {
	w       io.Writer
	columns int
	ended   chan struct{}
	done    sync.WaitGroup

	mu       sync.Mutex
	shown    bool
	messages int
	began    time.Time
}

// newProgress returns nil where standard error is no terminal.
func newProgress(s Streams) *progress {
	if !isTerminal(s.Err) || s.Getenv("TERM") == "dumb" {
		return nil
	}
	return &progress{w: s.Err, columns: widthOf(Streams{Out: s.Err, Getenv: s.Getenv})}
}

// around returns a writer that takes the line away before it writes, if w is a
// terminal too.
func (p *progress) around(w io.Writer) io.Writer {
	if p == nil || !isTerminal(w) {
		return w
	}
	return besideProgress{w, p}
}

type besideProgress struct {
	w io.Writer
	p *progress
}

func (b besideProgress) Write(text []byte) (int, error) {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	b.p.hide()
	return b.w.Write(text)
}

// hide takes the line away. The lock is held.
func (p *progress) hide() {
	if p.shown {
		io.WriteString(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// count adds to the messages that were read.
func (p *progress) count(messages int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.messages += messages
	p.mu.Unlock()
}

// start shows the progress of a walk until stop is called.
func (p *progress) start(ctx context.Context, w *mailbox.Walker, paths []string) {
	if p == nil {
		return
	}
	p.began, p.ended = time.Now(), make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	p.done.Go(func() { w.Measure(ctx, paths) })
	p.done.Go(func() {
		defer cancel()
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.ended:
				return
			case now := <-tick.C:
				p.show(w, now)
			}
		}
	})
}

func (p *progress) stop() {
	if p == nil {
		return
	}
	close(p.ended)
	p.done.Wait()
	p.mu.Lock()
	p.hide()
	p.mu.Unlock()
}

func (p *progress) show(w *mailbox.Walker, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	past := now.Sub(p.began)
	if past < progressAfter {
		return
	}
	read, total := w.Done()
	p.hide()
	io.WriteString(p.w, shorten(progressLine(p.messages, read, total, past), p.columns-1))
	p.shown = true
}

// progressLine says how far it is: of so many bytes, 0 if that is not known.
func progressLine(messages int, read, total int64, past time.Duration) string {
	line := fmt.Sprintf("%s  %s", counted(messages, "message"), bytesInWords(read))
	if seconds := past.Seconds(); seconds > 0 {
		line += fmt.Sprintf("  %s/s", grouped(int(float64(messages)/seconds)))
	}
	if total <= 0 || read <= 0 {
		return line
	}
	share := min(float64(read)/float64(total), 1)
	const cells = 20
	bar := ""
	for i := range cells {
		if float64(i) < share*cells {
			bar += "#"
		} else {
			bar += "."
		}
	}
	left := time.Duration(float64(past) * (1 - share) / share).Round(time.Second)
	return fmt.Sprintf("%3d %% [%s]  %s left  %s", int(share*100), bar, left, line)
}

func bytesInWords(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d kB", (n+999)/1000)
}
