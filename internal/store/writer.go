package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Limits of one transaction.
const (
	MaxGroup     = 256   // pieces of work in it
	MaxGroupNews = 2_500 // pieces of news in those, unless one alone has more
)

// A writer is the one goroutine that writes. It takes whatever work waits into one
// transaction, so that many callers share one sync of the disk.
type writer struct {
	store *Store
	db    *sql.DB
	jobs  chan *job
	ended chan struct{}
	next  *job     // taken from jobs, for the next transaction
	now   *session // nil until there is one; for the goroutine only
	// struck has the beginnings of the hashes of all targets against which there are
	// strikes, and of some against which there were; nil until it was read.
	struck map[uint64]struct{}

	closing sync.RWMutex // held for reading while a job is handed over
	closed  bool

	failing                                   atomic.Bool // the last commit failed
	commits, batches, news, failures, waiting atomic.Int64
}

// A job is a piece of work. Whoever changes its stage from waiting to something
// else decides what becomes of it.
type job struct {
	run   func(*tx) error
	news  int
	stage atomic.Int32
	err   error         // valid after done
	done  chan struct{} // closed once it is durable, or failed
}

const (
	waiting int32 = iota
	taken
	withdrawn
)

func startWriter(s *Store, db *sql.DB) *writer {
	w := &writer{store: s, db: db, jobs: make(chan *job, MaxGroup), ended: make(chan struct{})}
	go w.loop()
	return w
}

// do hands work to the goroutine and waits until it is durable. If ctx ends first
// it is not done at all; where it had begun already, do waits for its end.
func (w *writer) do(ctx context.Context, news int, run func(*tx) error) error {
	j := &job{run: run, news: news, done: make(chan struct{})}
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	if err := w.hand(ctx, j); err != nil {
		return err
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
	}
	if j.stage.CompareAndSwap(waiting, withdrawn) {
		return ctx.Err()
	}
	<-j.done
	return j.err
}

func (w *writer) hand(ctx context.Context, j *job) error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return fmt.Errorf("%w: %w", ErrUnwell, ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open returns an error if the writer is closed.
func (w *writer) open() error {
	w.closing.RLock()
	defer w.closing.RUnlock()
	if w.closed {
		return fmt.Errorf("%w: %w", ErrUnwell, ErrClosed)
	}
	return nil
}

// close does what waits, then ends the goroutine.
func (w *writer) close() error {
	w.closing.Lock()
	if !w.closed {
		w.closed = true
		close(w.jobs)
	}
	w.closing.Unlock()
	<-w.ended
	return w.db.Close()
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		group := w.gather()
		if len(group) == 0 {
			w.endSession()
			return
		}
		w.commit(group)
	}
}

// gather waits for work and takes what is there; nothing means that there will be
// none any more.
func (w *writer) gather() []*job {
	var group []*job
	news := 0
	for len(group) < MaxGroup {
		j := w.nextJob(len(group) == 0)
		if j == nil {
			break
		}
		if len(group) > 0 && news+j.news > MaxGroupNews {
			w.next = j
			break
		}
		group, news = append(group, j), news+j.news
	}
	return group
}

// nextJob returns nil if there is none, and none will be; without wait also if
// there is none just now.
func (w *writer) nextJob(wait bool) *job {
	if j := w.next; j != nil {
		w.next = nil
		return j
	}
	if wait {
		return <-w.jobs
	}
	select {
	case j := <-w.jobs:
		return j
	default:
		return nil
	}
}

// commit does a group of work in one transaction and tells everybody how it ended.
func (w *writer) commit(group []*job) {
	live := group[:0]
	for _, j := range group {
		if j.stage.CompareAndSwap(waiting, taken) {
			live = append(live, j)
		}
	}
	if len(live) == 0 {
		return
	}
	err := w.transact(live, false)
	if errors.Is(err, errAgain) {
		err = w.transact(live, true)
	}
	if err != nil {
		w.failed(live, err)
	} else {
		w.count(live)
	}
	for _, j := range live {
		close(j.done)
	}
}

func (w *writer) count(group []*job) {
	w.failing.Store(false)
	w.commits.Add(1)
	for _, j := range group {
		if j.err == nil {
			w.batches.Add(1)
			w.news.Add(int64(j.news))
			w.store.checkpointer.wrote(j.news)
		}
	}
}

// failed notes that nothing of a group was stored.
func (w *writer) failed(group []*job, err error) {
	if !w.failing.Swap(true) {
		w.store.log.Error("the store can't write", "error", err.Error())
	}
	w.failures.Add(1)
	for _, j := range group {
		j.err = fmt.Errorf("%w: %w", ErrUnwell, err)
	}
	w.endSession()
}

// errAgain says that a job failed which had written something, and that nothing was
// stored: the group is to be done again, each job under a savepoint.
var errAgain = errors.New("do it again with savepoints")

// transact does a group of work and commits. With savepoints each job is run under
// one, so that it can fail alone; that costs a copy of each page, and few fail. An
// error means that nothing was stored.
func (w *writer) transact(group []*job, savepoints bool) error {
	s, err := w.session()
	if err != nil {
		return err
	}
	t, err := s.begin(w.store)
	if err != nil {
		return err
	}
	do := t.together
	if savepoints {
		do = t.alone
	}
	for _, j := range group {
		err := do(j.run)
		var lost *lostError
		if errors.As(err, &lost) {
			t.rollback()
			return lost.err
		}
		j.err = err
	}
	return t.commit()
}

// session returns the connection with its statements, a new one if the last one
// ended.
func (w *writer) session() (*session, error) {
	if w.now == nil {
		conn, err := w.db.Conn(context.Background())
		if err != nil {
			return nil, err
		}
		w.now = &session{conn: conn, dialect: w.store.dialect, statements: map[string]*statement{}}
	}
	return w.now, nil
}

// endSession gives up the connection: after a failure nobody knows its state.
func (w *writer) endSession() {
	if w.now == nil {
		return
	}
	if err := w.now.close(); err != nil {
		w.store.log.Warn("closing the connection that writes", "error", err.Error())
	}
	w.now = nil
}
