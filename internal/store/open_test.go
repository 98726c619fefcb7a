package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// open makes a store in a directory of its own, and closes it at the end.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "nixie.db")
	}
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func TestOpenMakesFilesForTheirOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "odd ?%41#name")
	open(t, Options{Path: filepath.Join(dir, "nixie.db")})
	for name, want := range map[string]os.FileMode{"": 0o700, "nixie.db": 0o600, "nixie.db-wal": 0o600, "nixie.db-shm": 0o600, lockName: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != want {
			t.Errorf("%q has the mode %v, not %v", name, info.Mode().Perm(), want)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nixie.db")
	s := open(t, Options{Path: path})
	if _, err := Open(context.Background(), Options{Path: path}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second opening gave %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, Options{Path: path})
}

func TestOpenNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nixie.db")
	s := open(t, Options{Path: path})
	err := s.write(context.Background(), func(t *tx) error {
		return t.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(context.Background(), Options{Path: path}); !errors.Is(err, ErrNewer) {
		s.Close()
		t.Fatalf("opening a newer database gave %v", err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	s := open(t, Options{})
	if _, err := s.read.Exec("DELETE FROM events"); err == nil {
		t.Error("a reader could delete")
	}
}

// TestPragmas asks the database itself what holds; 2 is FULL
// (https://www.sqlite.org/pragma.html#pragma_synchronous).
func TestPragmas(t *testing.T) {
	s := open(t, Options{})
	err := s.write(context.Background(), func(tx *tx) error {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "temp_store": "2", "busy_timeout": "10000"} {
			var got string
			if err := tx.row("PRAGMA " + pragma).Scan(&got); err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s is %q, not %q", pragma, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadyAndClosed(t *testing.T) {
	s := open(t, Options{})
	if err := s.Ready(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(context.Background()); err == nil {
		t.Error("a closed store says it is ready")
	}
	err := s.write(context.Background(), func(*tx) error { return nil })
	if !errors.Is(err, ErrUnwell) || !errors.Is(err, ErrClosed) {
		t.Errorf("writing to a closed store gave %v", err)
	}
}
