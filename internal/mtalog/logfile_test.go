package mtalog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// packed returns "a\nb\n" in every form that is read.
func packed(t *testing.T) map[string][]byte {
	t.Helper()
	const text = "a\nb\n"
	var x, z bytes.Buffer
	write := func(w io.WriteCloser, err error) {
		t.Helper()
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	xw, err := xz.NewWriter(&x)
	write(xw, err)
	zw, err := zstd.NewWriter(&z)
	write(zw, err)
	b, err := hex.DecodeString("425a68393141592653593c854112000001410000103000200030cc0c7a8271772453850903c8541120") // bzip2 -9
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"plain": []byte(text), "gzip": gzipped(t, []byte(text)), "xz": x.Bytes(), "zstd": z.Bytes(), "bzip2": b,
		"two gzips": append(gzipped(t, []byte("a\n")), gzipped(t, []byte("b"))...), "no last end": []byte("a\nb"),
	}
}

func TestOpen(t *testing.T) {
	for name, data := range packed(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			when := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
			if err := os.Chtimes(path, when, when); err != nil {
				t.Fatal(err)
			}
			lines, modified := readAll(t, path)
			if !slices.Equal(lines, []string{"a", "b"}) || !modified.Equal(when) {
				t.Errorf("lines %q, modified %v; want a, b, %v", lines, modified, when)
			}
		})
	}
}

// TestOpenGzipTime takes the time of the file that was packed: the packed one may
// have been copied since.
func TestOpenGzipTime(t *testing.T) {
	when := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.ModTime = when
	if _, err := z.Write([]byte("a\n")); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, modified := readAll(t, path); !modified.Equal(when) {
		t.Errorf("modified %v, want %v", modified, when)
	}
}

// TestOpenModifiedUnknown: gzip -n, and gzip behind a pipe, note no time. RFC 1952, 2.3.1.
func TestOpenModifiedUnknown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.gz")
	when := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	if err := os.WriteFile(path, gzipped(t, []byte("a\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	if _, modified := readAll(t, path); !modified.Equal(when) {
		t.Errorf("modified %v, want the file's own %v", modified, when)
	}
}

func readAll(t *testing.T, path string) (all []string, modified time.Time) {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		lines, err := f.Next()
		if err == io.EOF {
			return all, f.Modified
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, lines...)
	}
}

func TestOpenWrong(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	path := filepath.Join(dir, "cut.gz")
	whole := gzipped(t, []byte("a\nb\n"))
	if err := os.WriteFile(path, whole[:len(whole)-4], 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := f.Next()
	if err != nil || len(lines) != 2 {
		t.Errorf("what is there before the damage: %q, %v", lines, err)
	}
	if _, err := f.Next(); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), path) {
		t.Errorf("the damage: %v, want an unexpected end of %s", err, path)
	}
}

// TestLines divides texts, at once and byte by byte.
func TestLines(t *testing.T) {
	full := strings.Repeat("x", MaxLine)
	tests := []struct {
		name, text string
		want       []string
		rest       string
		skipped    int
	}{
		{"nothing", "", nil, "", 0},
		{"empty lines", "\n\n", []string{"", ""}, "", 0},
		{"no end", "a\nb", []string{"a"}, "b", 0},
		{"longest", full + "\na\n", []string{full, "a"}, "", 0},
		{"too long", full + "x\na\n", []string{"a"}, "", 1},
		{"much too long", strings.Repeat("x", 3*MaxBatchBytes) + "\na\n", []string{"a"}, "", 1},
		{"too long, no end", "a\n" + full + "x", []string{"a"}, "", 1},
		{"NULs before", strings.Repeat("\x00", 2*MaxBatchBytes) + "a\nb\n", []string{"a", "b"}, "", 0},
		{"NULs within", "a\x00b\n", []string{"a\x00b"}, "", 0},
	}
	for _, tt := range tests {
		for how, r := range map[string]io.Reader{"at once": strings.NewReader(tt.text), "in halves": iotest.HalfReader(strings.NewReader(tt.text))} {
			l := newLineReader(r)
			var got []string
			lines, err := l.next()
			for ; err == nil; lines, err = l.next() {
				got = append(got, lines...)
			}
			rest, _ := l.rest()
			if err != io.EOF || !slices.Equal(got, tt.want) || rest != tt.rest || l.takeSkipped() != tt.skipped {
				t.Errorf("%s, %s: %d lines, rest of %d, %v", tt.name, how, len(got), len(rest), err)
			}
			if l.at != int64(len(tt.text)) {
				t.Errorf("%s, %s: read to %d of %d", tt.name, how, l.at, len(tt.text))
			}
		}
	}
}

// TestBatches is at the edges of what is handed over at once.
func TestBatches(t *testing.T) {
	for _, tt := range []struct{ lines, size, want int }{
		{MaxBatch, 1, MaxBatch},
		{MaxBatch + 1, 1, MaxBatch},
		{40, MaxBatchBytes/32 - 1, 32},
	} {
		l := newLineReader(strings.NewReader(strings.Repeat(strings.Repeat("x", tt.size)+"\n", tt.lines)))
		total := 0
		for i := 0; ; i++ {
			lines, err := l.next()
			if err == io.EOF {
				break
			}
			if i == 0 && len(lines) != tt.want {
				t.Errorf("%d lines of %d bytes: %d in the first batch, want %d", tt.lines, tt.size, len(lines), tt.want)
			}
			total += len(lines)
		}
		if total != tt.lines || len(l.buf) != MaxBatchBytes {
			t.Errorf("%d of %d lines, in a buffer of %d bytes", total, tt.lines, len(l.buf))
		}
	}
}

func TestIdleReader(t *testing.T) {
	l := newLineReader(idle{})
	if _, err := l.next(); err != io.ErrNoProgress {
		t.Errorf("a reader that returns nothing: %v, want %v", err, io.ErrNoProgress)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
