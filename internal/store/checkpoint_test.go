package store

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
)

// TestCheckpoint: after CheckpointNews pieces of news and not before, they are in the
// database's file itself, while the writer has not closed it.
func TestCheckpoint(t *testing.T) {
	for _, news := range []int{CheckpointNews - 1, CheckpointNews} {
		t.Run(fmt.Sprint(news), func(t *testing.T) {
			s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "nixie.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			all := make([]delivery.News, news)
			for i := range all {
				at := minute(i)
				all[i].Queue = &delivery.QueueNews{Host: "mail.example.org", QueueID: fmt.Sprint("Q", i), At: at, Opens: true}
			}
			for part := range slices.Chunk(all, MaxNews) {
				if _, err := s.Record(t.Context(), delivery.Batch{News: part}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.writer.close(); err != nil { // so that nobody asks the checkpointer any more
				t.Fatal(err)
			}
			if err := s.checkpointer.close(); err != nil {
				t.Fatal(err)
			}
			defer func() { s.checkpointer = nil }()
			want := 0
			if news >= CheckpointNews {
				want = news
			}
			if got := usesInFile(t, s.path); got != want {
				t.Errorf("%d of %d pieces of news are in the file, not %d", got, news, want)
			}
		})
	}
}

// usesInFile counts rows in a copy of the file without its log, 0 if it has not even
// the tables.
func usesInFile(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", copied)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	err = db.QueryRow("SELECT count(*) FROM queues").Scan(&n)
	if err != nil && !strings.Contains(err.Error(), "no such table") {
		t.Fatal(err)
	}
	return n
}

// TestCheckpointFails: what can't be brought into the file now is only told.
func TestCheckpointFails(t *testing.T) {
	db, err := sql.Open("sqlite", sqliteDialect().checkpointName(filepath.Join(t.TempDir(), "missing.db")))
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	c := startCheckpointer(db, sqliteDialect().checkpoint, slog.New(slog.NewTextHandler(&told, nil)))
	c.wrote(CheckpointNews)
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(told.String(), "bringing the database's log into its file") {
		t.Errorf("it is told %q", told.String())
	}
}
