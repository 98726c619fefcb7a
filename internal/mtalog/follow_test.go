package mtalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a test within a bubble, over a log that is not there yet.
func inBubble(t *testing.T, test func(t *testing.T, d logDir, k *keeper)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newLogDir(t), &keeper{}) })
}

// TestFollowTold checks what a follower says of what hinders it: once for each change.
func TestFollowTold(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		r := start(t, k, Config{Path: d.path})
		r.now()
		r.now()
		wantTold(t, k, "mail.log: no such file")
		d.write("a\n")
		r.now()
		r.now()
		wantTold(t, k, "mail.log: no such file", "")
		d.rename("", ".1")
		d.must(os.Mkdir(d.path, 0o700))
		r.now()
		r.now()
		wantTold(t, k, "mail.log: no such file", "", "mail.log is no file (d")
		d.must(os.Remove(d.path))
		d.must(os.Symlink(d.path, d.path)) // nobody can read a link to itself
		r.now()
		d.must(os.Remove(d.path))
		d.write("b\n")
		r.now()
		wantTold(t, k, "mail.log: no such file", "", "mail.log is no file (d", "too many levels of symbolic links", "")
		wantLines(t, k, "a", "b")
		r.end(t)
	})
}

// TestFollowAbsent starts without a file: all of it is new when it comes, also for
// who starts at the end, and after a restart.
func TestFollowAbsent(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		start(t, k, Config{Path: d.path, FromEnd: true}).end(t)
		d.write("a\n")
		r := start(t, k, Config{Path: d.path, FromEnd: true})
		wantLines(t, k, "a")
		r.end(t)
	})
}

// TestFollowFromEnd starts after the last line that is complete, and stays with it
// although it is ended before the first line comes.
func TestFollowFromEnd(t *testing.T) {
	for _, partial := range []string{"", "b", strings.Repeat("b", 3*MaxLine)} {
		inBubble(t, func(t *testing.T, d logDir, k *keeper) {
			d.write("a\n" + partial)
			start(t, k, Config{Path: d.path, FromEnd: true}).end(t)
			if k.calls != 1 || k.at.Offset != 2 {
				t.Errorf("%d calls, offset %d; want one call that keeps offset 2", k.calls, k.at.Offset)
			}
			d.write("c\n")
			d.rename("", ".1")
			d.write("d\n")
			r := start(t, k, Config{Path: d.path, FromEnd: true})
			if len(partial) > MaxLine {
				wantLines(t, k, "d")
			} else {
				wantLines(t, k, partial+"c", "d")
			}
			r.end(t)
		})
	}
}

// TestFollowStoreUnwell holds the same lines until they are taken, 250 ms, then
// twice as long each time, never more than 30 s.
func TestFollowStoreUnwell(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		d.write("a\n")
		r := start(t, k, Config{Path: d.path})
		var times []time.Time
		k.before = func() error {
			times = append(times, time.Now())
			if len(times) <= 10 {
				return errors.New("disk full")
			}
			return nil
		}
		d.write("b\n")
		r.now()
		d.write("c\n")
		d.rename("", ".1")
		d.write("d\n")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		var pauses []time.Duration
		for i := range times[1:11] {
			pauses = append(pauses, times[i+1].Sub(times[i]))
		}
		const s = time.Second
		if want := []time.Duration{s / 4, s / 2, s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s, 30 * s}; !slices.Equal(pauses, want) {
			t.Errorf("pauses %v, want %v", pauses, want)
		}
		wantLines(t, k, "a", "b", "c", "d")
		wantTold(t, k, "1 lines are held: disk full", "")
		k.before = func() error { return errors.New("disk full") }
		d.write("e\n")
		r.now()
		r.end(t) // and it ends at once, though lines are held
	})
}

// TestFollowPolls needs no hint that there is something new.
func TestFollowPolls(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		d.write("a\n")
		r := start(t, k, Config{Path: d.path, Poll: 5 * time.Second})
		d.write("b\n")
		time.Sleep(5*time.Second - 1)
		synctest.Wait()
		wantLines(t, k, "a")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantLines(t, k, "a", "b")
		r.end(t)
	})
}

// TestFollowLost begins anew where the file of the position is gone, and says so once.
func TestFollowLost(t *testing.T) {
	tests := []struct {
		name string
		do   func(d logDir)
		want []string
	}{
		{"deleted", func(d logDir) {
			d.must(os.Remove(d.path))
			d.write("new\n")
		}, []string{"a", "new"}},
		{"its inode used again", func(d logDir) {
			d.must(os.WriteFile(d.path, []byte("new\n"), 0o600))
		}, []string{"a", "new"}},
		{"truncated without a copy", func(d logDir) {
			d.must(os.Truncate(d.path, 0))
			d.write("n\n")
		}, []string{"a", "n"}},
		{"older ones left", func(d logDir) {
			d.must(os.WriteFile(d.path+".1", []byte("old\n"), 0o600))
			d.must(os.Remove(d.path))
			d.write("new\n")
		}, []string{"a", "new"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, d logDir, k *keeper) {
				d.write("a\n")
				start(t, k, Config{Path: d.path}).end(t)
				tt.do(d)
				r := start(t, k, Config{Path: d.path})
				r.now()
				wantLines(t, k, tt.want...)
				var lost *LostError
				if len(k.told) != 1 || !errors.As(k.told[0], &lost) || lost.Position.Offset != 2 {
					t.Errorf("told %v, want one LostError for offset 2", k.told)
				}
				r.end(t)
			})
		})
	}
}

// TestFollowDeletedWhileHeld goes on with what is newer than the file that it still
// has open, although that was deleted as the oldest.
func TestFollowDeletedWhileHeld(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		old := time.Now().Add(-time.Hour)
		d.must(os.WriteFile(d.path+".4", []byte("older\n"), 0o600))
		d.must(os.Chtimes(d.path+".4", old, old.Add(-2*time.Hour)))
		d.write("a\n")
		d.must(os.Chtimes(d.path, old, old.Add(-time.Hour)))
		r := start(t, k, Config{Path: d.path})
		d.must(os.Remove(d.path))
		d.write("b\n")
		d.must(os.Chtimes(d.path, old, old))
		d.rename("", ".3")
		d.write("c\n")
		r.now()
		wantLines(t, k, "a", "b", "c")
		wantTold(t, k)
		r.end(t)
	})
}

// TestFollowDevice finds a file although the numbers of devices have changed.
func TestFollowDevice(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		d.write("a\n")
		start(t, k, Config{Path: d.path}).end(t)
		k.at.Device++
		d.write("b\n")
		r := start(t, k, Config{Path: d.path})
		wantLines(t, k, "a", "b")
		wantTold(t, k)
		r.end(t)
	})
}

// TestFollowDamaged waits while a compressed file is being written, and leaves one
// that has stayed as it is for a minute.
func TestFollowDamaged(t *testing.T) {
	whole := gzipped(t, []byte("a\nb\nc\n"))
	damage := map[string][]byte{"cut off": whole[:len(whole)-9], "bad header": append([]byte("\x1f\x8b\x08\xff"), whole[:6]...)}
	for name, damaged := range damage {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, d logDir, k *keeper) {
				d.write("a\n")
				r := start(t, k, Config{Path: d.path})
				d.rename("", ".2.gz") // to be read to its end first
				d.must(os.WriteFile(d.path+".1.gz", damaged, 0o600))
				d.must(os.Chtimes(d.path+".1.gz", time.Time{}, time.Now()))
				d.write("d\n")
				r.now()
				r.now()
				if len(k.told) != 1 || k.told[0] == nil {
					t.Fatalf("told %v, want one error", k.told)
				}
				if slices.Contains(k.lines, "d") {
					t.Errorf("went on after a file that is being written: %q", k.lines)
				}
				time.Sleep(settled)
				r.now()
				r.now()
				if k.lines[len(k.lines)-1] != "d" {
					t.Errorf("did not go on after a minute: %q", k.lines)
				}
				if len(k.told) != 3 || !strings.Contains(k.told[1].Error(), "left there") || k.told[2] != nil {
					t.Errorf("told %v, want that the file was left, and nil", k.told)
				}
				r.end(t)
			})
		})
	}
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		d.write("a\n")
		r := start(t, k, Config{Path: d.path})
		d.rename("", ".2")
		d.must(os.WriteFile(d.path+".1.gz", whole[:len(whole)-9], 0o600))
		d.must(os.Chtimes(d.path+".1.gz", time.Time{}, time.Now()))
		d.write("d\n")
		r.now()
		d.must(os.WriteFile(d.path+".1.gz", whole, 0o600))
		r.now()
		wantLines(t, k, "a", "a", "b", "c", "d")
		r.end(t)
	})
}

func TestFollowSkips(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		long := strings.Repeat("x", MaxLine)
		d.write("a\n" + long + "\n" + long + "x\nb\n")
		r := start(t, k, Config{Path: d.path})
		wantLines(t, k, "a", long, "b")
		wantTold(t, k, "mail.log: 1 lines of more than 32768 bytes left out")
		r.end(t)
	})
}

// TestFollowKilledInLong is ended within a line that is too long: what comes after
// the restart is no line of its own.
func TestFollowKilledInLong(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		d.write("a\n" + strings.Repeat("x", 2*MaxBatchBytes))
		start(t, k, Config{Path: d.path}).end(t)
		d.write("x\nb\n")
		r := start(t, k, Config{Path: d.path})
		wantLines(t, k, "a", "b")
		wantTold(t, k, "1 lines of more")
		r.end(t)
	})
}

// TestFollowRace rotates and writes all the while, so that the follower meets every
// state in between. The writer goes on in the renamed file for some lines.
func TestFollowRace(t *testing.T) {
	t.Run("dates", func(t *testing.T) {
		race(t, func(d logDir, n int) string { return fmt.Sprintf("%s-2026%04d", d.path, 101+n) })
	})
	t.Run("numbers", func(t *testing.T) {
		race(t, func(d logDir, n int) string {
			for i := n; i > 0; i-- {
				d.rename(fmt.Sprintf(".%d", i), fmt.Sprintf(".%d", i+1))
			}
			return d.path + ".1"
		})
	})
}

// race follows a log; next makes room for the file that is rotated away after n others.
func race(t *testing.T, next func(d logDir, n int) string) {
	d := newLogDir(t)
	const each, files = 50, 60
	d.write("first\n")
	want := []string{"first"}
	for i := range each * files {
		want = append(want, fmt.Sprintf("line %d", i))
	}
	begun, all := make(chan struct{}), make(chan struct{})
	k := &keeper{}
	k.after = func() {
		switch len(k.lines) {
		case 1:
			close(begun)
		case len(want):
			close(all)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	c := Config{Path: d.path, Take: k.take, Tell: k.tell, Poll: time.Microsecond}
	go func() { done <- Follow(ctx, c) }()
	<-begun
	live := d
	for i, line := range want[1:] {
		switch i % each {
		case each / 2:
			live.path = next(d, i/each)
			d.must(os.Rename(d.path, live.path))
			d.write("")
		case each/2 + 5:
			live = d
		}
		live.write(line + "\n")
	}
	select {
	case <-all:
	case <-time.After(time.Minute):
	}
	stop()
	<-done
	wantLines(t, k, want...)
}

func TestFollowRefuses(t *testing.T) {
	k := &keeper{}
	tests := []struct {
		name, want string
		c          Config
	}{
		{"no path", "needs a Path", Config{Take: k.take}},
		{"no Take", "needs a Path and Take", Config{Path: "/x"}},
		{"another path", "one in \"/y\"", Config{Path: "/x", Take: k.take, From: Position{Path: "/y"}}},
		{"a damaged position", "damaged", Config{Path: "/x", Take: k.take, From: Position{Path: "/x", Offset: -1}}},
		{"a print too long", "damaged", Config{Path: "/x", Take: k.take, From: Position{Path: "/x", Print: Print{Size: maxPrint + 1}}}},
	}
	for _, tt := range tests {
		err := Follow(t.Context(), tt.c)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestFollowNotified waits for the system's word alone.
func TestFollowNotified(t *testing.T) {
	d := newLogDir(t)
	d.write("a\n")
	taken := make(chan struct{}, 10)
	k := &keeper{after: func() { taken <- struct{}{} }}
	done := make(chan error, 1)
	look := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	c := Config{Path: d.path, Take: k.take, Tell: k.tell, Poll: time.Hour, Look: look}
	go func() { done <- Follow(ctx, c) }()
	<-taken // the position
	<-taken // a
	look <- struct{}{}
	look <- struct{}{} // so the folder has been watched since the first
	d.write("b\n")
	<-taken
	d.rename("", ".1")
	d.write("c\n")
	<-taken
	stop()
	<-done
	wantLines(t, k, "a", "b", "c")
	for _, err := range k.told {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("told %v", err)
		}
	}
}
