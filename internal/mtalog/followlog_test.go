package mtalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzip"
)

// A keeper keeps lines and position together, as a store does in a transaction.
type keeper struct {
	mu     sync.Mutex
	lines  []string
	at     Position
	calls  int
	told   []error
	before func() error // called before lines are kept: what it returns is Take's error
	after  func()       // called when they are kept
	stop   context.CancelFunc
}

func (k *keeper) take(_ context.Context, lines []string, after Position) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	if k.before != nil {
		if err := k.before(); err != nil {
			return err
		}
	}
	k.lines = append(k.lines, lines...)
	k.at = after
	if k.after != nil {
		k.after()
	}
	return nil
}

func (k *keeper) tell(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = append(k.told, err)
}

// A run is a follower at work. It looks only when it is told to, but for the first time.
type run struct {
	look chan struct{}
	stop context.CancelFunc
	done chan error
}

// start begins to follow within a synctest bubble, and returns after the first look.
func start(t *testing.T, k *keeper, c Config) *run {
	t.Helper()
	r := &run{look: make(chan struct{}), done: make(chan error, 1)}
	ctx, stop := context.WithCancel(t.Context())
	r.stop, k.stop = stop, stop
	c.Take, c.Tell, c.Look, c.PollOnly = k.take, k.tell, r.look, true
	c.From = throughJSON(t, k.at)
	if c.Poll == 0 {
		c.Poll = 1000 * time.Hour
	}
	go func() { r.done <- Follow(ctx, c) }()
	synctest.Wait()
	return r
}

// now makes the follower look, and returns when it has.
func (r *run) now() {
	select {
	case r.look <- struct{}{}:
	default: // it holds lines that were not taken, or has ended
	}
	synctest.Wait()
}

func (r *run) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.done; !errors.Is(err, context.Canceled) {
		t.Errorf("Follow ended with %v, want that it was cancelled", err)
	}
}

func throughJSON(t *testing.T, p Position) (back Position) {
	t.Helper()
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil || back != p {
		t.Fatalf("position %+v came back from JSON as %+v: %v", p, back, err)
	}
	return back
}

// A logDir is a folder with a log and somebody who writes it.
type logDir struct {
	t    *testing.T
	path string
}

func newLogDir(t *testing.T) logDir {
	return logDir{t, filepath.Join(t.TempDir(), "mail.log")}
}

func (d logDir) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// write appends to the live file, and makes it if it isn't there.
func (d logDir) write(text string) {
	d.t.Helper()
	f, err := os.OpenFile(d.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	d.must(err)
	_, err = f.WriteString(text)
	d.must(errors.Join(err, f.Close()))
}

// rename moves the file with one ending to another; "" is the live one.
func (d logDir) rename(from, to string) {
	d.t.Helper()
	d.must(os.Rename(d.path+from, d.path+to))
}

func (d logDir) copyTruncate(to string) {
	d.t.Helper()
	text, err := os.ReadFile(d.path)
	d.must(err)
	d.must(os.WriteFile(d.path+to, text, 0o600))
	d.must(os.Truncate(d.path, 0))
}

// gzip packs a file and removes it, as gzip(1) does; between is called while both are there.
func (d logDir) gzip(name string, between func()) {
	d.t.Helper()
	text, err := os.ReadFile(d.path + name)
	d.must(err)
	d.must(os.WriteFile(d.path+name+".gz", gzipped(d.t, text), 0o600))
	if between != nil {
		between()
	}
	d.must(os.Remove(d.path + name))
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func wantLines(t *testing.T, k *keeper, want ...string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.lines, want) {
		t.Errorf("lines taken: %q\nwant %q", k.lines, want)
	}
}

// wantTold compares what was told with texts, "" standing for nil.
func wantTold(t *testing.T, k *keeper, want ...string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	var got []string
	for _, err := range k.told {
		if err == nil {
			got = append(got, "")
		} else {
			got = append(got, err.Error())
		}
	}
	if !slices.EqualFunc(got, want, func(g, w string) bool {
		return g == w || w != "" && bytes.Contains([]byte(g), []byte(w))
	}) {
		t.Errorf("told %q\nwant %q", got, want)
	}
}
