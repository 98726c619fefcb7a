package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/nixiemail/nixie/internal/delivery"
)

func TestMain(m *testing.M) {
	if path, run, ok := strings.Cut(os.Getenv(crashPath), "|"); ok {
		crash(path, run)
		return
	}
	goleak.VerifyTestMain(m)
}

// big makes a batch of about 60 kB.
func (w *world) big(n int) delivery.Batch {
	e := w.event(minute(n), delivery.Attempt, delivery.Deferred, to(fmt.Sprintf("p%d@example.net", n)), queued(fmt.Sprintf("Q%d", n)))
	e.Reply = strings.Repeat("a", 60_000)
	return batch(e)
}

// TestFull gives the database as many pages as it has and a few more, then more
// again: a new connection has no such limit.
func TestFull(t *testing.T) {
	w := newWorld(t, open)
	err := w.write(w.ctx, func(t *tx) error {
		var pages int
		if err := t.row("PRAGMA page_count").Scan(&pages); err != nil {
			return err
		}
		return t.row(fmt.Sprintf("PRAGMA max_page_count = %d", pages+40)).Scan(&pages)
	})
	if err != nil {
		t.Fatal(err)
	}
	stored, failed := 0, error(nil)
	for n := 0; n < 20 && failed == nil; n++ {
		if _, failed = w.Record(w.ctx, w.big(n)); failed == nil {
			stored++
		}
	}
	if !errors.Is(failed, ErrUnwell) || errors.Is(failed, ErrClosed) || stored == 0 {
		t.Fatalf("after %d batches: %v", stored, failed)
	}
	if n := w.number("SELECT count(*) FROM events"); n != stored {
		t.Errorf("%d events, and %d were acknowledged", n, stored)
	}
	if _, err := w.Record(w.ctx, w.big(100)); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	if stats := w.Stats(); stats.Failures != 1 || stats.News != int64(stored)+1 || stats.Batches != stats.News+1 {
		t.Errorf("%+v", stats)
	}
	if err := w.Ready(w.ctx); err != nil {
		t.Error(err)
	}
	w.countsAgree()
}

// TestDiskFull fills a file system of 2 MB, then makes it larger.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no small file system can be mounted here (%v); TestFull shows a part of it", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, ctx: t.Context()}
	w.Store = open(t, Options{Path: filepath.Join(dir, "nixie.db")})
	stored, failures := 0, 0
	for n := range 60 {
		switch _, err := w.Record(w.ctx, w.big(n)); {
		case err == nil:
			stored++
		case errors.Is(err, ErrUnwell):
			failures++
		default:
			t.Fatal(err)
		}
	}
	if stored == 0 || failures == 0 {
		t.Fatalf("%d batches were stored, %d not", stored, failures)
	}
	if n := w.number("SELECT count(*) FROM events"); n != stored {
		t.Errorf("%d events, and %d were acknowledged", n, stored)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if err := w.Ready(w.ctx); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	if _, err := w.Record(w.ctx, w.big(100)); err != nil {
		t.Errorf("once there is room: %v", err)
	}
	w.countsAgree()
}

// TestGroup holds the writer while others hand work over: all of it goes into the
// next transaction, what was withdrawn before is not done, one that fails does so
// alone.
func TestGroup(t *testing.T) {
	w := newWorld(t, open)
	holding, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := w.write(w.ctx, func(*tx) error { close(holding); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-holding
	failure := errors.New("no")
	for n := range 10 {
		b := batch(w.event(minute(n), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued(fmt.Sprintf("Q%d", n))))
		all.Go(func() {
			if _, err := w.Record(w.ctx, b); err != nil {
				t.Error(err)
			}
		})
	}
	all.Go(func() {
		err := w.write(w.ctx, func(tx *tx) error {
			if err := tx.setPosition(&delivery.Position{Source: "not to be there"}); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) || errors.Is(err, ErrUnwell) {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(w.ctx)
	var gaveUp sync.WaitGroup
	gaveUp.Go(func() {
		if err := w.write(ctx, func(*tx) error { t.Error("it was done"); return nil }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	for w.Stats().Waiting < 13 || len(w.writer.jobs) < 12 {
		time.Sleep(0) // until all of them wait
	}
	cancel()
	gaveUp.Wait()
	close(release)
	all.Wait()
	if stats := w.Stats(); stats.Commits != 2 || stats.Batches != 11 || stats.Waiting != 0 {
		t.Errorf("%+v", stats)
	}
	if got := len(w.rows()); got != 10 {
		t.Errorf("%d deliveries", got)
	}
	if got := w.number("SELECT count(*) FROM positions"); got != 0 {
		t.Errorf("%d positions of what failed", got)
	}
}

// TestGroupIsBounded: a transaction takes no more pieces of news than it may.
func TestGroupIsBounded(t *testing.T) {
	jobs := make(chan *job, MaxGroup+10)
	for range MaxGroup + 10 {
		jobs <- &job{news: 1}
	}
	w := &writer{jobs: jobs}
	if got := len(w.gather()); got != MaxGroup {
		t.Errorf("%d pieces of work, not %d", got, MaxGroup)
	}
	w = &writer{jobs: make(chan *job, 4)}
	for _, news := range []int{MaxGroupNews - 1, 1, 1, 3 * MaxGroupNews} {
		w.jobs <- &job{news: news}
	}
	close(w.jobs)
	for _, want := range []int{2, 1, 1, 0} {
		if got := len(w.gather()); got != want {
			t.Errorf("%d pieces of work, not %d", got, want)
		}
	}
}

// TestWithdrawn: whoever gives up waiting learns whether it was done.
func TestWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &writer{jobs: make(chan *job, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		var got error
		go func() { got = w.do(ctx, 1, func(*tx) error { return nil }) }()
		synctest.Wait()
		j := <-w.jobs
		if !j.stage.CompareAndSwap(waiting, taken) {
			t.Fatal("it does not wait")
		}
		cancel()
		synctest.Wait()
		j.err = errors.New("outcome")
		close(j.done)
		synctest.Wait()
		if got != j.err {
			t.Errorf("it was told %v", got)
		}
	})
}

// TestCloseFinishes stores what was handed over before Close.
func TestCloseFinishes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nixie.db")
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t}
	holding, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.write(t.Context(), func(*tx) error { close(holding); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-holding
	e := w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1"))
	all.Go(func() {
		if _, err := s.Record(t.Context(), batch(e)); err != nil {
			t.Error(err)
		}
	})
	for len(s.writer.jobs) < 1 {
		time.Sleep(0)
	}
	all.Go(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	close(release)
	all.Wait()
	w.Store, w.ctx = open(t, Options{Path: path}), t.Context()
	w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "", ""})
}
