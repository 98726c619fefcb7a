package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A dialect is what differs between the databases. Statements are the same for
// all: placeholders $1, ON CONFLICT, RETURNING.
type dialect struct {
	driver     string
	goose      goose.Dialect
	migrations string // the directory below this one
	// writeName and readName make the driver's name of a database.
	writeName, readName func(path string) string
	alone               bool   // no other process writes
	begin               string // begins a transaction that will write
	// checkpointName is the name for who brings the log into the file, which checkpoint
	// does; "" where the database sees to that itself.
	checkpointName func(path string) string
	checkpoint     string
	unnumbered     bool // the writer's statements are prepared with ? in place of $1
	// broken tells errors after which the whole transaction is lost, and that are
	// no fault of what was to be stored.
	broken func(error) bool
}

// Sizes of SQLite's memory and log.
const (
	writeCache = 64 << 10 // KiB
	readCache  = 4 << 10  // KiB, each connection
	walPages   = 65_536   // after so many the writer brings the log into the file, as far as it isn't
	sideCache  = 256      // KiB, of the connection that does so before
	walKeep    = 64 << 20 // bytes the log's file keeps when it is empty
	busyWait   = 10_000   // ms to wait for a lock, which only a backup holds
)

func sqliteDialect() *dialect {
	return &dialect{
		driver: "sqlite", goose: goose.DialectSQLite3, migrations: "migrations/sqlite", alone: true,
		writeName: func(path string) string {
			return sqliteName(path, "rw", "journal_mode(WAL)", "synchronous(FULL)",
				fmt.Sprintf("cache_size(-%d)", writeCache), fmt.Sprintf("wal_autocheckpoint(%d)", walPages),
				fmt.Sprintf("journal_size_limit(%d)", walKeep))
		},
		readName: func(path string) string {
			return sqliteName(path, "ro", "query_only(1)", fmt.Sprintf("cache_size(-%d)", readCache))
		},
		checkpointName: func(path string) string {
			return sqliteName(path, "rw", "synchronous(FULL)", fmt.Sprintf("cache_size(-%d)", sideCache))
		},
		checkpoint: "PRAGMA wal_checkpoint(PASSIVE)",
		begin:      "BEGIN IMMEDIATE", unnumbered: true,
		broken: sqliteBroken,
	}
}

func sqliteName(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	pragmas = append([]string{fmt.Sprintf("busy_timeout(%d)", busyWait), "temp_store(MEMORY)", "trusted_schema(0)"}, pragmas...)
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	u := url.URL{Path: path}
	return "file:" + strings.ReplaceAll(u.EscapedPath(), ":", "%3A") + "?" + q.Encode()
}

// sqliteBroken goes by https://www.sqlite.org/rescode.html; the lower eight bits
// are the primary code.
func sqliteBroken(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB,
		sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_ABORT:
		return true
	}
	return false
}
