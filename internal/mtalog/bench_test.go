package mtalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// mixed returns the lines of a mail server's hour: most messages sent, some
// deferred, bounced and refused.
func mixed(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile("testdata/bench/mixed.log")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// BenchmarkParse reads a server's log, with the stamps of the two common loggers.
func BenchmarkParse(b *testing.B) {
	short := mixed(b)
	long := make([]string, len(short))
	for i, line := range short {
		long[i] = "2026-11-22T" + line[len("Nov 22 "):len("Nov 22 10:00:07")] + ".123456+01:00" + line[len("Nov 22 10:00:07"):]
	}
	for name, lines := range map[string][]string{"RFC3164": short, "RFC3339": long} {
		b.Run(name, func(b *testing.B) { benchmarkLines(b, lines, func(s string) { Parse(s) }) })
	}
	dater := Dater{Zone: zone(b, "Europe/Berlin")}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	b.Run("Dated", func(b *testing.B) {
		benchmarkLines(b, short, func(s string) {
			l, _ := Parse(s)
			dater.Date(l.Stamp, now)
		})
	})
}

func benchmarkLines(b *testing.B, lines []string, do func(string)) {
	size := 0
	for _, line := range lines {
		size += len(line) + 1
	}
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		do(lines[i%len(lines)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkFollow reads a file of 88,400 lines from its beginning, and parses them.
func BenchmarkFollow(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mail.log")
	lines := slices.Repeat(mixed(b), 200)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	total := len(lines)
	b.ReportAllocs()
	for b.Loop() {
		ctx, stop := context.WithCancel(b.Context())
		taken := 0
		err := Follow(ctx, Config{Path: path, PollOnly: true, Take: func(_ context.Context, lines []string, _ Position) error {
			for _, line := range lines {
				Parse(line)
			}
			if taken += len(lines); taken == total {
				stop()
			}
			return nil
		}})
		if !errors.Is(err, context.Canceled) || taken != total {
			b.Fatalf("%d lines, %v", taken, err)
		}
	}
	b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "lines/s")
}
