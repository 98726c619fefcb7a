package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/store"
)

// maildirPoll is how often a Maildir is looked at, at least.
const maildirPoll = 30 * time.Second

// maildirWatcher takes bounces out of the new folder of a Maildir. A message goes to
// cur only after what it tells is kept; mail that tells of no delivery stays
// where it is, untouched.
type maildirWatcher struct {
	path   string
	reader *ingest.Reader
	record recorder
	now    func() time.Time
	log    *slog.Logger
	most   int64 // bytes of a message

	left map[string]bool // names in new that stay there
	told string          // what was said of an error last
}

// run watches until ctx is done.
func (w *maildirWatcher) run(ctx context.Context) error {
	w.left = map[string]bool{}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", w.path, err)
	}
	defer notify.Close()
	tick := time.NewTicker(maildirPoll)
	defer tick.Stop()
	watched := false
	for {
		if !watched {
			watched = notify.Add(filepath.Join(w.path, "new")) == nil
		}
		w.tell(w.look(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-notify.Events:
		case <-notify.Errors:
			watched = false
		}
	}
}

func (w *maildirWatcher) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != w.told {
		w.log.Error("the Maildir can't be read; it is tried again", "path", w.path, "err", err)
	}
	w.told = text
}

// look takes in what is new. After an error, what is left is taken the next time.
func (w *maildirWatcher) look(ctx context.Context) error {
	entries, err := os.ReadDir(filepath.Join(w.path, "new"))
	if err != nil {
		return err
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	present := make(map[string]bool, len(entries))
	var first error
	for _, e := range entries {
		name := e.Name()
		present[name] = true
		if strings.HasPrefix(name, ".") || !e.Type().IsRegular() || w.left[name] || ctx.Err() != nil {
			continue
		}
		if err := w.take(ctx, name); err != nil && first == nil {
			first = err
		}
	}
	for name := range w.left {
		if !present[name] {
			delete(w.left, name)
		}
	}
	return first
}

// take reads one message, keeps its news, and then moves it to cur.
func (w *maildirWatcher) take(ctx context.Context, name string) error {
	path := filepath.Join(w.path, "new", name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else has taken it
	}
	if err == nil && info.Size() > w.most {
		w.left[name] = true
		w.log.Warn("a message is too large to be read, and was left alone", "path", path, "bytes", info.Size())
		return nil
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return err
	}
	read := w.reader.Message(&ingest.Mail{Raw: string(raw), Received: w.now()})
	if read.Told == 0 {
		w.left[name] = true
		return nil
	}
	if _, err := w.record.Record(ctx, delivery.Batch{News: read.News}); errors.Is(err, store.ErrLimit) {
		w.left[name] = true
		w.log.Warn("a message can't be kept, and was left alone", "path", path, "err", err)
		return nil
	} else if err != nil {
		return err
	}
	return w.move(name)
}

// move moves a message to cur, seen. One that can't be moved, for its name is too
// long or is taken there, stays.
func (w *maildirWatcher) move(name string) error {
	from, to := filepath.Join(w.path, "new", name), filepath.Join(w.path, "cur", name+":2,S")
	_, err := os.Lstat(to)
	if err == nil {
		err = fs.ErrExist
	} else if errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(from, to)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENAMETOOLONG) {
		w.left[name] = true
		w.log.Warn("a message was read but can't be moved to cur, and was left alone", "path", from, "err", err)
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else has moved it
	}
	return err
}
