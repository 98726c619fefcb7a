package mtalog

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMarks reads the names that logrotate(8), newsyslog(8), savelog(8) and
// Postfix's own rotation (maillog_file_rotate_suffix) give to files.
func TestMarks(t *testing.T) {
	tests := []struct {
		name string
		want mark
		ok   bool
	}{
		{"mail.log.1", mark{"1", numbered, 1, false}, true},
		{"mail.log.0.bz2", mark{"0", numbered, 0, true}, true},
		{"mail.log.999.xz", mark{"999", numbered, 999, true}, true},
		{"mail.log.2026", mark{"2026", dated, 0, false}, true},
		{"mail.log-20261122", mark{"20261122", dated, 0, false}, true},
		{"mail.log-20261122.zst", mark{"20261122", dated, 0, true}, true},
		{"mail.log.20261122-100000.gz", mark{"20261122-100000", dated, 0, true}, true},
		{"mail.log-1790882446", mark{"1790882446", dated, 0, false}, true},
		{"mail.log.2026-W47", mark{"2026-W47", dated, 0, false}, true},
		{"mail-20261122.log.gz", mark{"20261122", dated, 0, true}, true},
		{"mail.1.log", mark{"1", numbered, 1, false}, true},
		{"mail.log.old", mark{"old", unknown, 0, false}, true},
		{"mail.log.1.bak", mark{"1.bak", unknown, 0, false}, true},
		{"mail.log", mark{}, false},
		{"mail.log.gz", mark{}, false},
		{"mail.log.", mark{}, false},
		{"mail.logs", mark{}, false},
		{"mail.err", mark{}, false},
		{"mail-err.log", mark{}, false},
		{"syslog.1", mark{}, false},
	}
	for _, tt := range tests {
		got, ok := markOf("mail.log", tt.name)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

// TestOrder lays files into a folder, each an hour newer than the one before, and
// checks in which order they are read.
func TestOrder(t *testing.T) {
	tests := []struct {
		name  string
		files string // by age as the file system tells it
		want  string
	}{
		{"numbers, whatever the times", "1 2.gz 10.gz", "10.gz 2.gz 1 live"},
		{"dates, whatever the times", "20261122 20261121.gz 20261201", "20261121.gz 20261122 20261201 live"},
		{"dates with a time", "20261122-100000 20261122 20261122-090000", "20261122 20261122-090000 20261122-100000 live"},
		{"days first: by the times", "21112026 22112026 01122026", "21112026 22112026 01122026 live"},
		{"the packed one of two is not complete", "2 2.gz 1 1.gz", "2 1 live"},
		{"from numbers to dates", "2 1 20261121 20261122", "2 1 20261121 20261122 live"},
		{"from dates to numbers", "20261121 20261122 2 1", "20261121 20261122 2 1 live"},
		{"others apart", "old 1 1.bak", "1 live"},
		{"none", "", "live"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newLogDir(t)
			d.write("x\n")
			when := time.Now().Add(-100 * time.Hour)
			for i, ending := range strings.Fields(tt.files) {
				path := d.path + "." + ending
				d.must(os.WriteFile(path, nil, 0o600))
				d.must(os.Chtimes(path, time.Time{}, when.Add(time.Duration(i)*time.Hour)))
			}
			s, err := readSeries(d.path)
			d.must(err)
			var got []string
			for _, f := range s.files {
				if f.mark.kind == liveMark {
					got = append(got, "live")
				} else {
					got = append(got, strings.TrimPrefix(f.path, d.path+"."))
				}
			}
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// TestTooManySiblings is at the edge of what is looked through.
func TestTooManySiblings(t *testing.T) {
	d := newLogDir(t)
	for i := range maxSiblings {
		d.must(os.WriteFile(fmt.Sprintf("%s.%04d", d.path, i), nil, 0o600))
	}
	if s, err := readSeries(d.path); err != nil || len(s.files) != maxSiblings {
		t.Errorf("%d files, %v; want %d", len(s.files), err, maxSiblings)
	}
	d.must(os.WriteFile(d.path+".x", nil, 0o600))
	if _, err := readSeries(d.path); err == nil || !strings.Contains(err.Error(), "more than 4096 rotated files") {
		t.Errorf("one file more: %v", err)
	}
}

// TestSeriesThroughLink finds the files beside the link and beside what it leads to, each once.
func TestSeriesThroughLink(t *testing.T) {
	d := newLogDir(t)
	d.write("x\n")
	d.must(os.WriteFile(d.path+".1", nil, 0o600))
	folder := filepath.Dir(d.path)
	link := filepath.Join(t.TempDir(), "logs")
	d.must(os.Symlink(folder, link))
	s, err := readSeries(filepath.Join(link, "mail.log"))
	if err != nil || len(s.files) != 2 || !s.live {
		t.Errorf("through a folder that is a link: %d files, live %v, %v; want 2", len(s.files), s.live, err)
	}
	other := filepath.Join(t.TempDir(), "mail.log")
	d.must(os.Symlink(d.path, other))
	d.must(os.WriteFile(other+".2", nil, 0o600))
	s, err = readSeries(other)
	if err != nil || len(s.files) != 3 || !s.live {
		t.Errorf("through a link to the file: %d files, live %v, %v; want 3", len(s.files), s.live, err)
	}
}
