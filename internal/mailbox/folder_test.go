//go:build unix

package mailbox

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// make writes files below a new folder; a name that ends in / is a folder.
func makeTree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		path := filepath.Join(dir, name)
		folder := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			folder = path
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if folder == path {
			continue
		}
		if err := os.WriteFile(path, []byte("N: "+filepath.Base(name)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// walkedPaths returns the paths below dir that a walk yields, and its errors.
func walkedPaths(w *Walker, dir string, below ...string) []string {
	paths := []string{dir}
	if below != nil {
		paths = nil
	}
	for _, b := range below {
		paths = append(paths, dir+"/"+b)
	}
	var got []string
	for m, err := range w.Messages(context.Background(), paths) {
		p := strings.TrimPrefix(m.Path, dir+"/")
		if err != nil {
			p += ": " + err.Error()
		}
		got = append(got, p)
	}
	return got
}

func TestFolders(t *testing.T) {
	tests := []struct {
		name        string
		files, want []string
	}{
		{"files", []string{"b.eml", "a", "sub/c", ".dot", ".git/config", "Inbox.msf", "empty/"}, []string{"a", "b.eml", "sub/c"}},
		{"MH", []string{"10", "9", "100", ",8", "1x", ".mh_sequences"}, []string{"9", "10", "100", "1x"}},
		{"Maildir", []string{
			"cur/3.host:2,S", "new/2.host", "cur/1.host:2,", "new/.hidden", "tmp/9.host", "dovecot-uidlist", "cur/folder/x",
			".Sub/cur/1", ".Sub/new/2", ".Sub/tmp/3", ".Sub/maildirfolder", "Fs/Deep/cur/1", "Fs/Deep/new/", "Fs/note",
		}, []string{"cur/1.host:2,", "new/2.host", "cur/3.host:2,S", ".Sub/cur/1", ".Sub/new/2", "Fs/Deep/cur/1"}},
		{"a folder new alone is no Maildir", []string{"new/1", "old/2"}, []string{"new/1", "old/2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want(t, walkedPaths(&Walker{}, makeTree(t, tt.files...)), tt.want)
		})
	}
}

// TestUntouched: a walk changes nothing in a Maildir, neither names nor times.
func TestUntouched(t *testing.T) {
	dir := makeTree(t, "cur/1:2,S", "new/2", "tmp/3")
	state := func() (s []string) {
		err := filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
			if err == nil {
				s = append(s, p, info.Mode().String(), info.ModTime().String())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := state()
	if n := len(walkedPaths(&Walker{}, dir)); n != 2 {
		t.Errorf("%d messages", n)
	}
	if after := state(); !slices.Equal(before, after) {
		t.Errorf("before %q\nafter %q", before, after)
	}
}

// TestOddFiles: what can't be read is told, and the walk goes on.
func TestOddFiles(t *testing.T) {
	dir := makeTree(t, "a", "real/inside", "z")
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	link("a", "good")
	link("loop", "loop")
	link("nowhere", "lost")
	link(".", "self")
	link("/dev/zero", "zero")
	want(t, walkedPaths(&Walker{}, dir), []string{
		"a",
		"fifo: " + errPipe.Error(),
		"good",
		"loop: " + syscall.ELOOP.Error(),
		"lost: " + syscall.ENOENT.Error(),
		"real/inside",
		"self: " + errLinkedFolder.Error(),
		"z",
		"zero: " + errDevice.Error(),
	})
	want(t, walkedPaths(&Walker{}, dir, "missing", "fifo", "self/real", "a"), []string{
		"missing: " + syscall.ENOENT.Error(), "fifo: " + errPipe.Error(), "self/real/inside", "a",
	})
	want(t, walked(&Walker{}, "-"), []string{"-: " + errNoStdin.Error()})
}

// TestMaildirFile: a file of a Maildir is one message, whatever is in it.
func TestMaildirFile(t *testing.T) {
	dir := makeTree(t, "cur/1", "new/")
	gz := string(layersForTest[0].pack(t, "A: 1\n\n"+fl+"B: 2\n"))
	for text, expected := range map[string]string{
		"A: 1\n\n" + fl + "B: 2\n":        "A: 1\n\n" + fl + "B: 2\n",
		fl + "A: 1\n\n>From x\n":          "A: 1\n\n>From x\n",
		gz:                                "A: 1\n\n" + fl + "B: 2\n",
		archive(t, member("a", "A: 1\n")): archive(t, member("a", "A: 1\n")),
	} {
		if err := os.WriteFile(filepath.Join(dir, "cur/1"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, walked(&Walker{}, dir), []string{expected})
	}
}

func TestStop(t *testing.T) {
	dir := makeTree(t, "a", "b", "c")
	n := 0
	for range (&Walker{}).Messages(context.Background(), []string{dir, dir}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d messages after a break", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n = 0
	for m, err := range (&Walker{}).Messages(ctx, []string{dir, dir}) {
		if err != nil {
			t.Error(m.Path, err)
		}
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d messages after a cancel", n)
	}
}

func TestProgress(t *testing.T) {
	dir := makeTree(t, "a", "b/c", "b/d")
	w := &Walker{Stdin: strings.NewReader("E: 5\n")}
	w.Measure(context.Background(), []string{dir})
	if read, total := w.Done(); read != 0 || total != 15 {
		t.Errorf("before: %d of %d", read, total)
	}
	if n := len(walkedPaths(w, dir)); n != 3 {
		t.Errorf("%d messages", n)
	}
	if read, total := w.Done(); read != 15 || total != 15 {
		t.Errorf("after: %d of %d", read, total)
	}
	w.Measure(context.Background(), []string{dir, "-"})
	if _, total := w.Done(); total != 0 {
		t.Errorf("total %d although there is a pipe", total)
	}
}
