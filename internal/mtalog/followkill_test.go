package mtalog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A world is a log, its writer, its rotation and its follower, and the dice.
type world struct {
	logDir
	dice    *rand.Rand
	dated   bool // by rotation: else numbered
	days    int
	writer  *os.File // where the writer writes: perhaps a file that was renamed
	late    bool     // it is
	partial string   // the rest of a line that it has begun
	lines   []string // all lines it has written
	rotated []string // endings of the files that may be compressed

	k *keeper
	r *run // nil while nothing follows

	mu    sync.Mutex // guards what follows: Take runs in the follower's goroutine
	kill  int        // at which call of Take the follower is killed, counted down
	saved bool       // and whether that call had kept its lines
	ill   int        // how many calls of Take fail
	log   []string
}

var errIll = errors.New("the store is unwell")

// TestFollowKilled lets a log be written, rotated by renaming or by copying,
// compressed, and its follower be killed at any point, in a random order. The
// lines kept are those written, once each and in their order. A killed follower
// is one whose last Take was kept or not, and that comes back with the position kept.
func TestFollowKilled(t *testing.T) {
	seeds := uint64(100)
	if testing.Short() {
		seeds = 40
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			w := &world{logDir: newLogDir(t), dice: rand.New(rand.NewPCG(seed, 4)), k: &keeper{}}
			w.dated = w.dice.IntN(2) == 0
			w.k.before, w.k.after = w.beforeKept, w.afterKept
			w.reopen()
			w.write()
			w.follow()
			for range 60 {
				w.step()
			}
			w.troubles(0, 0, false)
			w.finish()
			w.follow()
			time.Sleep(time.Hour) // whatever pause it was in
			w.r.now()
			w.r.end(t)
			if !slices.Equal(w.k.lines, w.lines) {
				t.Fatalf("seed %d\n%s\nwritten %q\nkept    %q", seed, strings.Join(w.log, "\n"), w.lines, w.k.lines)
			}
			for _, err := range w.k.told {
				if lost := new(*LostError); errors.As(err, lost) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
}

// step does one thing.
func (w *world) step() {
	switch w.dice.IntN(12) {
	case 0, 1, 2:
		w.write()
	case 3:
		w.begin()
	case 4:
		w.rotate()
	case 5:
		w.copy()
	case 6:
		w.reopen()
	case 7:
		w.compress()
	case 8:
		w.troubles(w.dice.IntN(4), 1+w.dice.IntN(3), w.dice.IntN(2) == 0)
	case 9:
		w.troubles(w.dice.IntN(4), 0, false)
	case 10:
		w.stop()
	case 11:
		w.follow()
	}
	if w.r != nil && w.dice.IntN(3) > 0 {
		w.note("look")
		w.r.now()
		if w.dice.IntN(2) == 0 {
			time.Sleep(time.Minute)
		}
		synctest.Wait()
	}
}

// troubles are those of the next calls of Take.
func (w *world) troubles(ill, kill int, saved bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ill, w.kill, w.saved = ill, kill, saved
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// beforeKept fails, or kills the follower before its lines are kept.
func (w *world) beforeKept() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ill > 0 {
		w.ill--
		return errIll
	}
	if w.kill == 1 && !w.saved {
		w.kill = 0
		w.log = append(w.log, "killed")
		w.k.stop()
		return errIll
	}
	return nil
}

// afterKept kills the follower after its lines were kept, before it knows.
func (w *world) afterKept() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kill == 1 {
		w.log = append(w.log, "killed, but kept")
		w.k.stop()
	}
	w.kill = max(0, w.kill-1)
}

func (w *world) follow() {
	w.stop()
	w.note("follow from %+v", w.k.at)
	w.r = start(w.t, w.k, Config{Path: w.path})
}

func (w *world) stop() {
	if w.r == nil {
		return
	}
	w.note("stop")
	w.r.end(w.t)
	w.r = nil
}

// write writes whole lines, after the rest of one that was begun.
func (w *world) write() {
	w.finish()
	for range 1 + w.dice.IntN(5) {
		w.begin()
		w.finish()
	}
}

// begin writes a line but for its last bytes.
func (w *world) begin() {
	w.finish()
	line := fmt.Sprintf("line %d %s", len(w.lines), strings.Repeat("x", w.dice.IntN(400)))
	w.lines = append(w.lines, line)
	cut := w.dice.IntN(len(line))
	w.put(line[:cut])
	w.partial = line[cut:] + "\n"
}

func (w *world) finish() {
	w.put(w.partial)
	w.partial = ""
}

func (w *world) put(text string) {
	_, err := w.writer.WriteString(text)
	w.must(err)
}

// reopen makes the writer write to the live file from now on.
func (w *world) reopen() {
	if w.writer != nil {
		w.finish()
		w.must(w.writer.Close())
	}
	w.note("reopen")
	f, err := os.OpenFile(w.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	w.must(err)
	w.writer, w.late = f, false
}

// next makes room for a file that is rotated away, and returns its ending.
func (w *world) next() string {
	if w.dated {
		w.days++
		ending := time.Date(2026, 11, w.days, 0, 0, 0, 0, time.UTC).Format("-20060102")
		w.rotated = append(w.rotated, ending)
		return ending
	}
	for n := 99; n > 0; n-- {
		for _, packed := range []string{"", ".gz"} {
			if _, err := os.Stat(fmt.Sprintf("%s.%d%s", w.path, n, packed)); err == nil {
				w.rename(fmt.Sprintf(".%d%s", n, packed), fmt.Sprintf(".%d%s", n+1, packed))
			}
		}
	}
	for i := range w.rotated {
		var n int
		fmt.Sscanf(w.rotated[i], ".%d", &n)
		w.rotated[i] = fmt.Sprintf(".%d", n+1)
	}
	w.rotated = append(w.rotated, ".1")
	return ".1"
}

// rotate renames the live file. The writer goes on in it until it reopens.
func (w *world) rotate() {
	if w.late {
		w.reopen()
	}
	w.note("rotate")
	w.rename("", w.next())
	w.late = true
	if w.dice.IntN(2) == 0 {
		w.logDir.write("")
	}
	if w.dice.IntN(2) == 0 {
		w.reopen()
	}
}

// copy copies the live file and truncates it, between two lines.
func (w *world) copy() {
	if w.late {
		w.reopen()
	}
	w.finish()
	w.note("copy")
	w.copyTruncate(w.next())
}

// compress packs one of the rotated files that has something in it.
func (w *world) compress() {
	if w.late {
		w.reopen()
	}
	if len(w.rotated) == 0 {
		return
	}
	i := w.dice.IntN(len(w.rotated))
	name := w.rotated[i]
	if info, err := os.Stat(w.path + name); err != nil || info.Size() == 0 {
		return
	}
	w.note("compress %s", name)
	w.rotated = slices.Delete(w.rotated, i, i+1)
	w.gzip(name, func() {
		if w.r != nil && w.dice.IntN(2) == 0 {
			w.r.now()
		}
	})
}
