package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
)

// crashPath names, in the environment of a child, the database that it writes.
const crashPath = "NIXIE_STORE_CRASH"

// crashBatch is one of the batches that the child of TestKill records: three events
// and a position.
func crashBatch(run, worker, n int) delivery.Batch {
	w := &world{}
	b := delivery.Batch{Position: &delivery.Position{Source: fmt.Sprint("log:", worker), Data: fmt.Append(nil, n)}}
	for i := range 3 {
		e := w.event(minute(n), delivery.Attempt, delivery.Failed, to(fmt.Sprintf("p%d@example.net", n*3+i)), queued(fmt.Sprintf("Q%dR%dN%d", worker, run, n)), noMailbox)
		e.Key = delivery.KeyOf(ourLog, crashName(run, worker, n), strconv.Itoa(i))
		e.ID, e.Detail = [16]byte{}, crashName(run, worker, n)
		b.News = append(b.News, delivery.News{Event: e})
	}
	return b
}

func crashName(run, worker, n int) string { return fmt.Sprintf("%d %d %d", run, worker, n) }

// crash is what the child of TestKill does: it records until it is killed, and
// writes a line for each batch once it was acknowledged.
func crash(path, run string) {
	number, err := strconv.Atoi(run)
	var s *Store
	if err == nil {
		s, err = Open(context.Background(), Options{Path: path})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	var lines sync.Mutex
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for n := range 1_000_000 {
				if _, err := s.Record(context.Background(), crashBatch(number, worker, n)); err != nil {
					return
				}
				lines.Lock()
				fmt.Fprintln(os.Stdout, "stored", crashName(number, worker, n))
				lines.Unlock()
			}
		})
	}
	workers.Wait()
}

// TestKill kills a process while it records: what was acknowledged is there, no
// batch is there in part, and nothing is counted twice when it comes again.
func TestKill(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	path := filepath.Join(t.TempDir(), "nixie.db")
	acknowledged := map[string]bool{}
	for run := range 10 {
		for _, name := range killed(t, path, run, 20+r.IntN(150)) {
			acknowledged[name] = true
		}
		s, err := Open(t.Context(), Options{Path: path})
		if err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		w := &world{T: t, Store: s, ctx: t.Context()}
		checkLedger(w, acknowledged)
		if again, err := s.Record(t.Context(), crashBatch(run, 0, 0)); err != nil || again.News[0].New {
			t.Errorf("run %d: the first batch again: %+v, %v", run, again, err)
		}
		w.countsAgree()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed runs the child until so many batches were acknowledged, kills it, and
// returns which were.
func killed(t *testing.T, path string, run, after int) []string {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", crashPath, path, run))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "stored "); ok {
			names = append(names, name)
		}
		if len(names) == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	child.Wait() // it says that the child was killed
	if len(names) < after {
		t.Fatalf("run %d: the child ended after %d batches", run, len(names))
	}
	// The last line may have been cut short by the kill; what it says was acknowledged all the same.
	return names[:after]
}

// checkLedger looks whether all that was acknowledged is there, and nothing in part.
func checkLedger(w *world, acknowledged map[string]bool) {
	w.Helper()
	rows, err := w.read.Query("SELECT detail, count(*) FROM events GROUP BY detail")
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			w.Fatal(err)
		}
		if n != 3 {
			w.Errorf("batch %s is there with %d of 3 events", name, n)
		}
		there[name] = true
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	for name := range acknowledged {
		if !there[name] {
			w.Errorf("batch %s was acknowledged, and is missing", name)
		}
	}
}
