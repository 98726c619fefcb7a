package soak

import (
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
)

var rows = flag.Int("rows", 1_000_000, "how many events, deliveries, messages and suppressions are there before the benchmarks")

// What is filled in, of number n.
func oldRecipient(n int) string { return fmt.Sprintf("p%d@d%d.example.net", n, n%5000) }
func oldMessageID(n int) string { return fmt.Sprintf("<%d@old.example.org>", n) }
func oldQueueID(n int) string   { return fmt.Sprintf("4OLD%07dz", n) }

// idOf is an id in SQL, of row i in table number t.
func idOf(t int) string {
	return fmt.Sprintf("unhex(printf('%%012x7%%03x8%%03x%%012x', 1790000000000 + i, i %% 4096, %d, i))", t)
}

// fill puts rows into the database of a service that has run before. Indexes are
// made at the end.
func (p *plan) fill(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(p.data, "nixie.db")}).EscapedPath()+"?_pragma=synchronous(OFF)&_pragma=cache_size(-200000)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(query string) {
		if _, err := db.Exec(query); err != nil {
			b.Fatalf("%s: %v", query, err)
		}
	}
	indexes := map[string]string{}
	found, err := db.Query("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
	if err != nil {
		b.Fatal(err)
	}
	for found.Next() {
		var name, made string
		if err := found.Scan(&name, &made); err != nil {
			b.Fatal(err)
		}
		indexes[name] = made
	}
	if err := found.Err(); err != nil {
		b.Fatal(err)
	}
	for name := range indexes {
		run("DROP INDEX " + name)
	}
	run(fmt.Sprintf("CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d) SELECT i FROM n", *rows))
	const at = "1790000000000000 + i * 1000"
	const address = "'p' || i || '@d' || (i % 5000) || '.example.net'"
	const queue = "printf('4OLD%07dz', i)"
	const state = `CAST('{"f":[{"t":1790000000000000,"a":1790000000000000,"k":"0123456789abcdef0123456789abcdef","e":"0190a7c0-0000-7000-8000-000000000000","n":"attempt","o":"delivered","r":2,"s":1234567,"p":"own","h":12345,"c":"2.0.0","d":250,"y":"delivered","v":"example"}],"a":1790000000000000}' AS BLOB)`
	run("INSERT INTO messages SELECT 1, " + idOf(1) + ", 'default', 0, '<' || i || '@old.example.org>', 'news@example.org', 1, 'example.org', '', '', '', 0, " + at + ", 20717, 0, 'api:bench', '[\"' || " + queue + " || '\"]' FROM n")
	run("INSERT INTO queues SELECT 1, " + queue + ", 'mail', " + idOf(4) + ", " + idOf(1) + ", " + at + ", " + at + ", " + at + ", 1, '<' || i || '@old.example.org>', 'news@example.org', 1, '', '', 0, '', x'' FROM n")
	run("INSERT INTO deliveries SELECT 1, " + idOf(2) + ", " + idOf(1) + ", " + address + ", " + address + ", 'd' || (i % 5000) || '.example.net', '', '', 0, 'default', 'example.org', " +
		state + ", 'delivered', 0, 0, 1, " + idOf(3) + ", " + idOf(3) + ", 'own', '2.0.0', 250, 'delivered', 'example', " + at + ", " + at + ", " + at + " FROM n")
	run("INSERT INTO events SELECT 1, " + idOf(3) + ", randomblob(16), " + idOf(2) + ", " + idOf(4) + ", 'attempt', 'delivered', 0, 'api', 'bench', 'own', " + at + ", 1000000, " + at +
		", 0, NULL, NULL, 'mail', " + queue + ", '<' || i || '@old.example.org>', " + address + ", '', 'news@example.org', 1, '', '', CAST('250 2.0.0 Ok: queued as ' || hex(i) AS BLOB), 250, '2.0.0', '', 'mx.example.net', '', '', 0, NULL, '' FROM n")
	run("INSERT INTO judgements SELECT 1, " + idOf(3) + ", '1', 'delivered', 2, 'recipient', 'none', 'code', 'delivered', 'example', 0 FROM n")
	run("INSERT INTO suppressions SELECT 1, " + idOf(5) + ", 'address', 'default', randomblob(32), 'x' || i || '@gone.example.net', 'active', 'bad-address', 'bad-mailbox', 0, " + at + ", 0, '[]', '', '', 0, '', '' FROM n")
	for _, made := range indexes {
		run(made)
	}
	run("PRAGMA wal_checkpoint(TRUNCATE)")
}
