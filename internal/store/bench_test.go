package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// Sizes of the benchmark.
const (
	benchPosters = 64
	benchBatch   = 100       // events
	benchRows    = 1_000_000 // events, deliveries and messages that are there before; NIXIE_BENCH_ROWS overrides it
)

// BenchmarkRecord stores events, each of a message of its own, from many posters,
// and writes the same rows into the same tables by a bare SQL loop. An op is a
// batch.
//
//	go test -run '^$' -bench Record -benchtime 1000x ./internal/store
func BenchmarkRecord(b *testing.B) {
	path := filepath.Join(b.TempDir(), "nixie.db")
	fill(b, path)
	s, err := Open(b.Context(), Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	rate, used := benchStore(b, s, begin)
	b.StopTimer()
	stats := s.Stats()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	bare, bareUsed := benchBare(b, path, int(stats.Batches/stats.Commits), begin)
	b.ReportMetric(float64(stats.Batches)/float64(stats.Commits), "batches/commit")
	b.ReportMetric(rate, "events/s")
	b.ReportMetric(bare, "bare_events/s")
	b.ReportMetric(100*rate/bare, "%_of_bare")
	b.ReportMetric(used, "cpu-µs/event")
	b.ReportMetric(bareUsed, "bare_cpu-µs/event")
}

// benchStore records batches from many posters and returns events a second, and
// the CPU's microseconds for each, those of the posters included.
func benchStore(b *testing.B, s *Store, begin time.Time) (rate, used float64) {
	var n atomic.Int64
	ids := &id.Maker{}
	work := make(chan struct{})
	var posters sync.WaitGroup
	for range benchPosters {
		posters.Go(func() {
			for range work {
				if _, err := s.Record(context.Background(), benchNews(ids, &n, begin)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	started, cpu := time.Now(), cpuTime(b)
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	posters.Wait()
	events := float64(n.Load())
	return events / time.Since(started).Seconds(), float64((cpuTime(b) - cpu).Microseconds()) / events
}

// cpuTime is what this process has used of the CPUs.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchNews makes a batch: of 100 events 80 are deliveries, 14 deferrals, 6
// mailboxes that don't exist and are suppressed.
func benchNews(ids *id.Maker, n *atomic.Int64, begin time.Time) delivery.Batch {
	source := delivery.Source{Kind: delivery.FromAPI, Name: "bench"}
	news := make([]delivery.News, benchBatch)
	for i := range news {
		k := n.Add(1)
		at := begin.Add(time.Duration(k) * time.Millisecond)
		address := fmt.Sprintf("p%d@d%d.example.net", k*7919%1_000_003, k%5000)
		e := &delivery.Event{
			ID: ids.New(at), Key: delivery.KeyOf(source, begin.String(), strconv.FormatInt(k, 10)), Kind: delivery.Attempt, Told: delivery.Delivered,
			Source: source, Proof: delivery.ProofOwn, RemoteHost: "mx.example.net",
			Ref: delivery.Ref{
				MessageID: fmt.Sprintf("<%d.%d@example.org>", begin.Unix(), k), Recipient: address, Sender: "news@example.org", SenderKnown: true, Create: true,
			},
			Reply: fmt.Sprintf("250 2.0.0 Ok: queued as %X", k), ReplyCode: 250, Code: nixie.MustCode("2.0.0"),
			Judgement: delivery.Judgement{
				Rules: "1", Reason: verdict.Delivered, Permanence: nixie.Success, Scope: verdict.ScopeRecipient, Action: verdict.NoAction,
				Basis: verdict.BasisCode, Rule: "delivered", Receiver: "example",
			},
		}
		switch {
		case i%50 < 7:
			e.Told, e.ReplyCode, e.Code = delivery.Deferred, 450, nixie.MustCode("4.7.1")
			e.Reply = "450 4.7.1 <" + address + ">: Recipient address rejected: Greylisted, please try again later"
			e.Judgement.Reason, e.Judgement.Permanence, e.Judgement.Action = verdict.Greylisted, nixie.Transient, verdict.Retry
		case i%50 < 10:
			e.Told, e.ReplyCode, e.Code = delivery.Failed, 550, nixie.MustCode("5.1.1")
			e.Reply = "550 5.1.1 <" + address + ">: Recipient address rejected: User unknown in virtual mailbox table"
			e.Judgement.Reason, e.Judgement.Permanence, e.Judgement.Action = verdict.BadMailbox, nixie.Permanent, verdict.Suppress
		}
		e.Stamp(at, at.Add(time.Second), time.Second)
		news[i].Event = e
	}
	return delivery.Batch{News: news}
}

// Indexes in which new rows come at random places. They grow while the database is
// filled: one that is made at the end has full pages, each of which is divided by
// the first row that comes into it, as those of a grown one are not.
const benchGrown = "'events_key', 'deliveries_normal', 'deliveries_domain'"

// fill makes a database with many rows. Indexes but for benchGrown are made at the end.
func fill(b *testing.B, path string) {
	n := benchRows
	if text := os.Getenv("NIXIE_BENCH_ROWS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	s, err := Open(b.Context(), Options{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", sqliteName(path, "rw", "synchronous(OFF)", "cache_size(-500000)"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(query string, args ...any) {
		if _, err := db.Exec(query, args...); err != nil {
			b.Fatalf("%s: %v", query, err)
		}
	}
	const later = " FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND name NOT IN (" + benchGrown + ")"
	indexes := columnOf(b, db, "SELECT sql"+later)
	for _, name := range columnOf(b, db, "SELECT name"+later) {
		run("DROP INDEX " + name)
	}
	run("CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1) SELECT i FROM n", n)
	const ids = "unhex(printf('%012x7%03x8%03x%012x', 1790000000000 + i, i % 4096, $1, i))"
	const at = "1790000000000000 + i * 1000"
	run("INSERT INTO messages SELECT 1, "+ids+`, 'default', 0, '<' || i || '@old.example.org>', 'news@example.org', 1, 'example.org', '', '', '', 0, `+at+`, 20717, 0, 'api:bench', '' FROM n`, 1)
	state := `{"f":[{"t":1790000000000000,"a":1790000000000000,"k":"0123456789abcdef0123456789abcdef","e":"0190a7c0-0000-7000-8000-000000000000","n":"attempt","o":"delivered","r":2,"s":1234567,"p":"own","h":12345,"c":"2.0.0","d":250,"y":"delivered","v":"example"}],"a":1790000000000000}`
	run("INSERT INTO deliveries SELECT 1, "+ids+", "+strings.Replace(ids, "$1", "$2", 1)+`, 'p' || (i * 7919 % 1000003) || '@d' || (i % 5000) || '.example.net', 'p' || (i * 7919 % 1000003) || '@d' || (i % 5000) || '.example.net',
		'd' || (i % 5000) || '.example.net', '', '', 0, 'default', 'example.org', $4, 'delivered', 0, 0, 1, `+strings.Replace(ids, "$1", "$3", 1)+`, NULL, 'own', '2.0.0', 250, 'delivered', 'example', `+at+", "+at+", "+at+" FROM n",
		2, 1, 3, []byte(state))
	run("INSERT INTO events SELECT 1, "+ids+", randomblob(16), "+strings.Replace(ids, "$1", "$2", 1)+`, NULL, 'attempt', 'delivered', 0, 'api', 'bench', 'own', `+at+", 1000000, "+at+`, 0, NULL, NULL, '', '', '<' || i || '@old.example.org>',
		'p' || (i * 7919 % 1000003) || '@d' || (i % 5000) || '.example.net', '', 'news@example.org', 1, '', '', CAST('250 2.0.0 Ok: queued as ' || hex(i) AS BLOB), 250, '2.0.0', '', 'mx.example.net', '', '', 0, NULL, '' FROM n`, 3, 2)
	run("INSERT INTO judgements SELECT 1, "+ids+", '1', 'delivered', 2, 'recipient', 'none', 'code', 'delivered', 'example', 0 FROM n", 3)
	for _, index := range indexes {
		run(index)
	}
	run("PRAGMA wal_checkpoint(TRUNCATE)")
}

func columnOf(b *testing.B, db *sql.DB, query string) []string {
	rows, err := db.Query(query)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			b.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// benchBare takes the rows out that the store wrote, writes them again with as many
// batches in a transaction, and returns events a second and the CPU's microseconds
// for each. Like the store it begins with no page in memory.
func benchBare(b *testing.B, path string, batches int, begin time.Time) (rate, used float64) {
	var tables []*bareTable
	onWriter(b, path, func(conn *sql.Conn) { tables = bareTables(b, conn, begin) })
	onWriter(b, path, func(conn *sql.Conn) { rate, used = writeBare(b, conn, tables, batches*benchBatch) })
	return rate, used
}

// onWriter calls f with a connection as the store writes by.
func onWriter(b *testing.B, path string, f func(*sql.Conn)) {
	db, err := sql.Open("sqlite", sqliteDialect().writeName(path))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	f(conn)
}

// writeBare writes rows, so many events in a transaction.
func writeBare(b *testing.B, conn *sql.Conn, tables []*bareTable, perCommit int) (rate, used float64) {
	for _, table := range tables {
		table.prepare(b, conn)
	}
	events := len(tables[0].rows)
	started, cpu := time.Now(), cpuTime(b)
	for at := 0; at < events; at += perCommit {
		if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
			b.Fatal(err)
		}
		for i := at; i < min(events, at+perCommit); i++ {
			for _, table := range tables {
				if i >= len(table.rows) {
					continue
				}
				if _, err := table.insert.ExecContext(context.Background(), table.rows[i]...); err != nil {
					b.Fatal(err)
				}
			}
		}
		if _, err := conn.ExecContext(context.Background(), "COMMIT"); err != nil {
			b.Fatal(err)
		}
	}
	return float64(events) / time.Since(started).Seconds(), float64((cpuTime(b) - cpu).Microseconds()) / float64(events)
}

// A bareTable is a table with rows to be written into it.
type bareTable struct {
	name   string
	insert *sql.Stmt
	rows   [][]any
}

func (t *bareTable) prepare(b *testing.B, conn *sql.Conn) {
	if len(t.rows) == 0 {
		return
	}
	var err error
	t.insert, err = conn.PrepareContext(b.Context(), "INSERT INTO "+t.name+" VALUES ("+list(1, len(t.rows[0]))+")")
	if err != nil {
		b.Fatal(err)
	}
}

// bareTables reads the rows that were written since, and takes them out. Of those
// tables that have fewer rows than there are events, and of which the store
// writes a row once in a transaction, the bare loop writes each once.
func bareTables(b *testing.B, conn *sql.Conn, begin time.Time) []*bareTable {
	since := begin.UnixMicro()
	events := " IN (SELECT id FROM events WHERE tenant = 1 AND at >= $1)"
	var all []*bareTable
	var takeOut []string
	for _, t := range []struct{ name, where, order string }{
		{"messages", "at >= $1", "id"},
		{"deliveries", "last_at >= $1", "id"},
		{"events", "at >= $1", "rowid"},
		{"judgements", "event" + events, "event"},
		{"strikes", "event" + events, "event"},
		{"suppressions", "since_at >= $1", "id"},
		{"rollups", "hour >= $1 / 3600000000", "hour"},
		{"reply_shapes", "first_at >= $1", "hash"},
	} {
		all = append(all, readBare(b, conn, t.name, t.where+" ORDER BY "+t.order, since))
		takeOut = append(takeOut, "DELETE FROM "+t.name+" WHERE "+t.where)
	}
	slices.Reverse(takeOut) // what is found by events before these
	for _, query := range takeOut {
		if _, err := conn.ExecContext(b.Context(), query, since); err != nil {
			b.Fatalf("%s: %v", query, err)
		}
	}
	if _, err := conn.ExecContext(b.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		b.Fatal(err)
	}
	return all
}

func readBare(b *testing.B, conn *sql.Conn, table, where string, since int64) *bareTable {
	rows, err := conn.QueryContext(b.Context(), "SELECT * FROM "+table+" WHERE "+where, since)
	if err != nil {
		b.Fatalf("%s: %v", table, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	t := &bareTable{name: table}
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			b.Fatal(err)
		}
		t.rows = append(t.rows, values)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return t
}
