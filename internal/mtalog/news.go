package mtalog

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// news says when it is worth looking at a file: when the system tells of a change
// near it, after some time in any case, and when somebody asks for it.
type news struct {
	poll    time.Duration
	look    <-chan struct{}
	path    string
	watcher *fsnotify.Watcher // nil where there is none
	changed chan struct{}
}

func newNews(c Config) *news {
	n := &news{poll: c.Poll, look: c.Look, path: c.Path, changed: make(chan struct{}, 1)}
	if c.PollOnly {
		return n
	}
	// Without it, as when the system has no watches left, looking now and then does.
	if w, err := fsnotify.NewWatcher(); err == nil {
		n.watcher = w
		go n.listen()
	}
	return n
}

// listen drains what the system tells, so that nothing piles up during a look.
func (n *news) listen() {
	base := filepath.Base(n.path)
	for {
		select {
		case e, ok := <-n.watcher.Events:
			if !ok {
				return
			}
			if !strings.HasPrefix(filepath.Base(e.Name), base) {
				continue
			}
		case _, ok := <-n.watcher.Errors:
			if !ok {
				return
			}
		}
		select {
		case n.changed <- struct{}{}:
		default: // one is enough
		}
	}
}

// wait returns when it is worth looking, and with an error when ctx is done.
func (n *news) wait(ctx context.Context) error {
	if n.watcher != nil {
		// Each time, since the folder may have come or have been made anew.
		_ = n.watcher.Add(filepath.Dir(n.path)) // polling does as well
	}
	timer := time.NewTimer(n.poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-n.look:
	case <-n.changed:
	case <-timer.C:
	}
	return nil
}

func (n *news) close() {
	if n.watcher != nil {
		n.watcher.Close()
	}
}

// sleep waits, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
