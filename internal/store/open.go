package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/nixiemail/nixie/internal/suppression"
)

//go:embed migrations
var migrations embed.FS

// ErrNewer is what the error matches if the database was written by a later
// version of the program.
var ErrNewer = errors.New("the database is newer than this program")

// MaxReaders is how many connections read at once, at most.
const MaxReaders = 8

// Open opens the database of that path and brings its tables up to date. It is
// made if it is missing. Only one process can have it open, others get an error
// that matches [ErrLocked].
func Open(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("opening the database %q: %w", o.Path, err)
	}
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	file, err := lock(filepath.Join(filepath.Dir(path), lockName))
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, lock: file, dialect: sqliteDialect(), hashKey: o.HashKey, rules: o.Rules, stream: o.Stream, clock: o.Clock, log: o.Log,
	}
	s.fillIn()
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database %q: %w", path, err), unlock(file))
	}
	return s, nil
}

func (s *Store) fillIn() {
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.stream == nil {
		s.stream = func(string, string) string { return DefaultStream }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.rules == nil {
		s.rules = suppression.DefaultRules()
	}
}

// connect opens both handles, the writer's first: it makes the tables.
func (s *Store) connect(ctx context.Context) error {
	write, err := sql.Open(s.dialect.driver, s.dialect.writeName(s.path))
	if err != nil {
		return err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(ctx, s.dialect, write); err != nil {
		return errors.Join(err, write.Close())
	}
	s.read, err = sql.Open(s.dialect.driver, s.dialect.readName(s.path))
	if err != nil {
		return errors.Join(err, write.Close())
	}
	readers := min(MaxReaders, max(2, runtime.GOMAXPROCS(0)))
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	if err := s.read.PingContext(ctx); err != nil {
		return errors.Join(err, s.read.Close(), write.Close())
	}
	if s.checkpointer, err = s.openCheckpointer(); err != nil {
		return errors.Join(err, s.read.Close(), write.Close())
	}
	s.writer = startWriter(s, write)
	return nil
}

// openCheckpointer returns nil where the database needs none.
func (s *Store) openCheckpointer() (*checkpointer, error) {
	if s.dialect.checkpoint == "" {
		return nil, nil
	}
	db, err := sql.Open(s.dialect.driver, s.dialect.checkpointName(s.path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return startCheckpointer(db, s.dialect.checkpoint, s.log), nil
}

// makeFile makes the database's directory and file, readable by their owner only,
// if they are missing.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// migrate brings the tables up to date.
func migrate(ctx context.Context, d *dialect, db *sql.DB) error {
	steps, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(d.goose, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the steps that make its tables: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("asking which version its tables have: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: its tables have version %d, and %d is the last one known here; run the newer nixie, or restore a backup made before it", ErrNewer, current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing its tables from version %d to %d: %w", current, target, err)
	}
	return nil
}
