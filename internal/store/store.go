// Package store keeps what the service knows: events, deliveries, messages, queue
// ids, suppressions. All SQL is here, one file an aggregate. One goroutine writes,
// many read.
//
// Folding and deciding are not done here but by the pure packages; the store calls
// them inside its transaction, so that two pieces of news that come at once are
// seen one after the other.
package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
)

// tenant is the only one that there is.
const tenant = 1

// DefaultStream is the stream of mail that belongs to no other.
const DefaultStream = "default"

// ErrUnwell is what errors match when the store can't write just now: the disk is
// full or broken, or the store is closed. Nothing of the batch was stored; it may
// be tried again later.
var ErrUnwell = errors.New("the store can't write at present")

// ErrClosed is what errors match, beside [ErrUnwell], once Close was called.
var ErrClosed = errors.New("the store is closed")

// Options say how to open a store.
type Options struct {
	// Path is the database's file. Its directory is made if it is missing, and has
	// the lock beside it.
	Path string
	// HashKey keys the hashes by which suppressions are looked up. With another key
	// none of those stored is found any more.
	HashKey [32]byte
	// Rules say who is suppressed; nil means [suppression.DefaultRules].
	Rules *suppression.Rules
	// Stream finds the stream of a message for which none is told, by its sender and
	// as whom its client had logged in; nil means [DefaultStream] for all.
	Stream func(sender, login string) string
	// Clock tells the time, nil means [time.Now]. It dates what the store makes
	// itself, never news.
	Clock func() time.Time
	// Log is told of what no caller is told of; nil means nobody is.
	Log *slog.Logger
}

// A Store is an open database. It is safe for concurrent use. [Open] makes it.
type Store struct {
	read         *sql.DB // many connections, which can't write
	writer       *writer
	checkpointer *checkpointer
	dialect      *dialect
	clock        func() time.Time
	log          *slog.Logger
	rules        *suppression.Rules
	stream       func(sender, login string) string
	hashKey      [32]byte
	ids          id.Maker
	dropped      hashSet // of suppressions
	path         string

	lock      *os.File
	closeOnce sync.Once
	closeErr  error
}

// querier is what runs statements: the read pool, or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Close stores what is waiting, then closes the database. It may be called again.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		err := s.writer.close()
		s.closeErr = errors.Join(err, s.read.Close(), s.checkpointer.close(), unlock(s.lock))
	})
	return s.closeErr
}

// Ready reports whether the store can be read and written. After a failed commit
// it tries to write.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.read.PingContext(ctx); err != nil {
		return err
	}
	if !s.writer.failing.Load() {
		return s.writer.open()
	}
	return s.write(ctx, func(t *tx) error {
		return t.setPosition(&delivery.Position{Source: readySource})
	})
}

// readySource is the source under which [Store.Ready] writes, to see whether it can.
const readySource = "store:ready"

// Stats are figures about a store since it was opened.
type Stats struct {
	Commits  int64 // transactions
	Batches  int64 // pieces of work in them
	News     int64 // pieces of news in those
	Failures int64 // commits that failed
	Waiting  int64 // pieces of work that wait just now
	Size     int64 // bytes of the file and its log
}

// Stats returns figures. The sizes are those of the files, 0 if they can't be told.
func (s *Store) Stats() Stats {
	w := s.writer
	stats := Stats{
		Commits: w.commits.Load(), Batches: w.batches.Load(), News: w.news.Load(),
		Failures: w.failures.Load(), Waiting: w.waiting.Load(),
	}
	for _, name := range []string{s.path, s.path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			stats.Size += info.Size()
		}
	}
	return stats
}

// write runs f in the writer's next transaction, together with whatever else waits,
// and returns when that is durable. If f fails, only what f did is undone. f may be
// run twice, and must not keep t.
func (s *Store) write(ctx context.Context, f func(t *tx) error) error {
	return s.writer.do(ctx, 0, f)
}
