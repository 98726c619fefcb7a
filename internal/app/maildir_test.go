package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/store"
)

// testMaildir makes a Maildir with files in new, and what watches it.
func testMaildir(t *testing.T, record recorder, files map[string]string) *maildirWatcher {
	dir := t.TempDir()
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(t, filepath.Join(dir, "new", name), text)
	}
	return &maildirWatcher{
		path: dir, reader: testReader(), record: record, now: at(today), log: slog.New(slog.DiscardHandler), most: 1 << 20, left: map[string]bool{},
	}
}

// in lists the files of new or cur.
func (w *maildirWatcher) in(t *testing.T, sub string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.path, sub))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// checkIn compares what is in new and cur.
func (w *maildirWatcher) check(t *testing.T, inNew, inCur []string) {
	t.Helper()
	if got := w.in(t, "new"); !slices.Equal(got, inNew) {
		t.Errorf("in new are %q, want %q", got, inNew)
	}
	if got := w.in(t, "cur"); !slices.Equal(got, inCur) {
		t.Errorf("in cur are %q, want %q", got, inCur)
	}
}

// movesLate is a store that looks where the messages are while it keeps news.
type movesLate struct {
	*memory
	look func()
}

func (m *movesLate) Record(ctx context.Context, b delivery.Batch) (delivery.Receipt, error) {
	m.look()
	return m.memory.Record(ctx, b)
}

// TestMaildir: a bounce moves to cur once it is kept, and not before; other mail
// stays.
func TestMaildir(t *testing.T) {
	m := &movesLate{memory: &memory{}}
	w := testMaildir(t, m, map[string]string{
		"1.bounce": report("<1@example.org>", "ann@example.net"),
		"2.other":  "From: ann@example.net\nSubject: lunch?\n\nToday?\n",
	})
	looked := false
	m.look = func() { looked = true; w.check(t, []string{"1.bounce", "2.other"}, nil) }
	if err := w.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.check(t, []string{"2.other"}, []string{"1.bounce:2,S"})
	if kept := m.kept(); !looked || len(kept) != 1 || kept[0].News[1].Event.Ref.Recipient != "ann@example.net" {
		t.Errorf("kept %+v", kept)
	}
}

// TestMaildirUnwell: what can't be kept stays in new, and is taken when it can.
func TestMaildirUnwell(t *testing.T) {
	m := &memory{err: errUnwell}
	w := testMaildir(t, m, map[string]string{"1": report("<1@example.org>", "ann@example.net")})
	if err := w.look(t.Context()); err == nil {
		t.Error("no error")
	}
	w.check(t, []string{"1"}, nil)
	m.fail(nil)
	if err := w.look(t.Context()); err != nil {
		t.Error(err)
	}
	w.check(t, nil, []string{"1:2,S"})
}

// TestMaildirLimit: what never can be kept is left alone, and doesn't hold up what is
// behind it.
func TestMaildirLimit(t *testing.T) {
	m := &memory{err: fmt.Errorf("%w: too many", store.ErrLimit)}
	w := testMaildir(t, m, map[string]string{"1": report("<1@example.org>", "ann@example.net")})
	if err := w.look(t.Context()); err != nil {
		t.Errorf("it is an error to be tried again: %v", err)
	}
	m.fail(nil)
	write(t, filepath.Join(w.path, "new", "2"), report("<2@example.org>", "bob@example.net"))
	if err := w.look(t.Context()); err != nil {
		t.Error(err)
	}
	w.check(t, []string{"1"}, []string{"2:2,S"})
}

// TestMaildirNames: files that are no messages, or have names that can't be moved, harm
// nobody.
func TestMaildirNames(t *testing.T) {
	bounce := func(n int) string { return report(fmt.Sprintf("<%d@example.org>", n), "ann@example.net") }
	long := strings.Repeat("n", 255) // NAME_MAX of Linux: no room for ":2,S"
	w := testMaildir(t, &memory{}, map[string]string{
		".hidden": bounce(1), "a\nb\x1b[31m": bounce(2), long: bounce(3), "z": bounce(4), "big": bounce(5) + strings.Repeat("x", 1<<20),
	})
	outside := filepath.Join(t.TempDir(), "secret")
	write(t, outside, bounce(6))
	for _, err := range []error{
		os.Symlink(outside, filepath.Join(w.path, "new", "link")),
		os.Mkdir(filepath.Join(w.path, "new", "folder"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.look(t.Context()); err != nil {
			t.Error(err)
		}
	}
	w.check(t, []string{".hidden", "big", "folder", "link", long}, []string{"a\nb\x1b[31m:2,S", "z:2,S"})
	if kept := w.record.(*memory).kept(); len(kept) != 3 {
		t.Errorf("%d messages were kept, want 3: each once", len(kept))
	}
}

// TestMaildirKeeps: a message in cur is not written over.
func TestMaildirKeeps(t *testing.T) {
	w := testMaildir(t, &memory{}, map[string]string{"1": report("<1@example.org>", "ann@example.net")})
	write(t, filepath.Join(w.path, "cur", "1:2,S"), "another message")
	if err := w.look(t.Context()); err != nil {
		t.Error(err)
	}
	w.check(t, []string{"1"}, []string{"1:2,S"})
	if text, err := os.ReadFile(filepath.Join(w.path, "cur", "1:2,S")); err != nil || string(text) != "another message" {
		t.Errorf("it is %q, %v now", text, err)
	}
}

// TestMaildirRun: what is there at the start is taken, and what comes later.
func TestMaildirRun(t *testing.T) {
	m := &memory{asked: make(chan struct{}, 100)}
	w := testMaildir(t, m, map[string]string{"1": report("<1@example.org>", "ann@example.net")})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.run(ctx) }()
	<-m.asked
	write(t, filepath.Join(w.path, "tmp", "2"), report("<2@example.org>", "bob@example.net"))
	if err := os.Rename(filepath.Join(w.path, "tmp", "2"), filepath.Join(w.path, "new", "2")); err != nil {
		t.Fatal(err)
	}
	<-m.asked
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.check(t, nil, []string{"1:2,S", "2:2,S"})
}
