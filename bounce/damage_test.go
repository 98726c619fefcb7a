package bounce_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/bounce"
)

// truncations is how many places each message is cut off at.
const truncations = 24

// minDamaged is how many damaged messages are made of the visible bounces at least.
const minDamaged = 15_000

// What reading a damaged message may take.
const (
	maxSlow   = raceFactor * time.Second      // for one message, met in one of three tries on a busy machine
	maxHang   = 10 * raceFactor * time.Second // after which the test ends, and shows where it hangs
	maxFactor = 8                             // bytes of memory for each byte of the message, all that is taken on the way
	maxBase   = 4 << 20                       // and for any message
)

// A damage spoils a message.
type damage struct {
	name  string
	times int
	do    func(rng *rand.Rand, msg string) string
}

// damages are done to each message, beside truncating it.
var damages = []damage{
	{"bytes flipped", 3, flipBytes},
	{"lines dropped", 3, onLines(func(rng *rand.Rand, l []string) []string { return some(rng, l, 0, 3) })},
	{"lines doubled", 2, onLines(func(rng *rand.Rand, l []string) []string { return some(rng, l, 2, 3) })},
	{"lines swapped", 2, onLines(func(rng *rand.Rand, l []string) []string {
		for range 1 + len(l)/10 {
			i, j := rng.IntN(len(l)), rng.IntN(len(l))
			l[i], l[j] = l[j], l[i]
		}
		return l
	})},
	{"header doubled", 1, func(rng *rand.Rand, msg string) string { return header(msg) + msg }},
	{"fields doubled", 2, onHeader(func(rng *rand.Rand, l []string) []string { return some(rng, l, 2, 2) })},
	{"fields dropped", 2, onHeader(func(rng *rand.Rand, l []string) []string { return some(rng, l, 0, 3) })},
	{"parts swapped", 2, swapParts},
	{"NULs inserted", 2, func(rng *rand.Rand, msg string) string { return insert(rng, msg, "\x00", 1+len(msg)/200) }},
	{"line ends changed", 3, changeLineEnds},
	{"boundaries broken", 3, breakBoundaries},
	{"nested", 1, nest},
	{"long lines", 1, func(rng *rand.Rand, msg string) string {
		return insert(rng, msg, strings.Repeat([]string{"x", "a@b.example ", "550 5.1.1 ", "<", "=?"}[rng.IntN(5)], 2000), 2)
	}},
	{"line ends dropped", 1, func(rng *rand.Rand, msg string) string { return strings.ReplaceAll(msg, "\n", "") }},
	{"8-bit inserted", 1, func(rng *rand.Rand, msg string) string {
		return insert(rng, msg, []string{"\xff", "\x1b$B", "\xe2\x80\xa8", "\x81", "é"}[rng.IntN(5)], 1+len(msg)/100)
	}},
}

func flipBytes(rng *rand.Rand, msg string) string {
	b := []byte(msg)
	for range 1 + len(b)/100 {
		if len(b) > 0 {
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
	}
	return string(b)
}

// onLines makes a damage of one to the lines of a message.
func onLines(do func(*rand.Rand, []string) []string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, msg string) string {
		return strings.Join(do(rng, strings.SplitAfter(msg, "\n")), "")
	}
}

// onHeader makes a damage of one to the lines of a message's header.
func onHeader(do func(*rand.Rand, []string) []string) func(*rand.Rand, string) string {
	return func(rng *rand.Rand, msg string) string {
		h := header(msg)
		return strings.Join(do(rng, strings.SplitAfter(h, "\n")), "") + msg[len(h):]
	}
}

// some repeats about one line of each out-of: no times, or twice.
func some(rng *rand.Rand, lines []string, times, outOf int) (out []string) {
	for _, l := range lines {
		n := 1
		if rng.IntN(outOf) == 0 {
			n = times
		}
		for range n {
			out = append(out, l)
		}
	}
	return out
}

// header returns a message's header without the empty line behind it, which may be
// all of a message.
func header(msg string) string {
	for _, blank := range []string{"\n\n", "\r\n\r\n", "\r\r"} {
		if i := strings.Index(msg, blank); i >= 0 {
			return msg[:i+len(blank)/2]
		}
	}
	return msg
}

func insert(rng *rand.Rand, msg, what string, times int) string {
	for range times {
		i := rng.IntN(len(msg) + 1)
		msg = msg[:i] + what + msg[i:]
	}
	return msg
}

// swapParts changes the order of what stands between lines of two dashes.
func swapParts(rng *rand.Rand, msg string) string {
	parts := strings.SplitAfter(msg, "\n--")
	rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, "")
}

func changeLineEnds(rng *rand.Rand, msg string) string {
	ends := []string{"\n", "\r\n", "\r", "\r\r\n", "\n\r", "\n\n", "\u2028"}
	msg = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(msg)
	if rng.IntN(2) == 0 {
		return strings.ReplaceAll(msg, "\n", ends[rng.IntN(len(ends))])
	}
	var b strings.Builder
	for line := range strings.SplitSeq(msg, "\n") {
		b.WriteString(line + ends[rng.IntN(len(ends))])
	}
	return b.String()
}

func breakBoundaries(rng *rand.Rand, msg string) string {
	switch rng.IntN(4) {
	case 0:
		return strings.ReplaceAll(msg, "\n--", "\n-")
	case 1:
		return strings.Replace(msg, "boundary", "bound", 1+rng.IntN(3))
	case 2:
		return strings.ReplaceAll(msg, "--\n", "\n")
	}
	return strings.ReplaceAll(msg, "\n--", "\n--\n--x\n--")
}

// nest puts a message into up to 150 others.
func nest(rng *rand.Rand, msg string) string {
	for i := range 1 + rng.IntN(150) {
		if rng.IntN(2) == 0 {
			msg = "Content-Type: message/rfc822\n\n" + msg
		} else {
			msg = fmt.Sprintf("Content-Type: multipart/report; boundary=n%d\n\n--n%d\n%s\n--n%d--\n", i, i, msg, i)
		}
	}
	return msg
}

// TestDamage spoils every message in many ways, always the same, and holds
// reading it to no panic, to a time, to a memory and to what every result is. With -short
// one message in three is read.
func TestDamage(t *testing.T) {
	t.Run("ours", func(t *testing.T) { runDamage(t, readMail(t, ourMail)) })
	t.Run("visible", func(t *testing.T) {
		haveVisible(t)
		n := runDamage(t, readMail(t, visibleMail+"*/*.eml"))
		if n < minDamaged {
			t.Errorf("%d damaged messages, want %d at least", n, minDamaged)
		}
	})
}

// runDamage returns how many damaged messages there are.
func runDamage(t *testing.T, list []mailFile) int {
	w := watch(t)
	step := 1
	if testing.Short() {
		step = 3
	}
	n := 0
	try := func(m mailFile, name string, i int, do func(*rand.Rand, string) string) {
		if n++; n%step == 0 {
			name := fmt.Sprintf("%s, %s %d", m.name, name, i)
			h := fnv.New64a()
			h.Write([]byte(name))
			w.read(name, do(rand.New(rand.NewPCG(h.Sum64(), 1)), m.text))
		}
	}
	for _, m := range list {
		for i := range truncations {
			try(m, "truncated", i, func(rng *rand.Rand, msg string) string {
				return msg[:len(msg)*i/truncations+rng.IntN(1+len(msg)/truncations)]
			})
		}
		for _, d := range damages {
			for i := range d.times {
				try(m, d.name, i, d.do)
			}
		}
	}
	t.Logf("%d damaged messages of %d, one in %d of them read; the slowest took %v (%s); the most memory was %d bytes, and beyond %d bytes %.1f times the message (%s)",
		n, len(list), step, w.slowest, w.slowestName, w.most, maxBase, w.factor, w.factorName)
	return n
}

// A watcher reads messages, and watches over it.
type watcher struct {
	t     *testing.T
	hangs bool // a message did not come to an end

	slowest     time.Duration
	slowestName string
	most        uint64
	factor      float64
	factorName  string
}

func watch(t *testing.T) *watcher {
	bounce.Builtin() // is made once in a program
	return &watcher{t: t}
}

// read reads a message, and checks what that took and what came of it.
func (w *watcher) read(name, msg string) (took time.Duration, used uint64) {
	res, took, used := w.try(name, msg)
	for range 2 {
		if took > maxSlow {
			res, took, used = w.try(name, msg)
		}
	}
	if text := wrong(&res); text != "" {
		w.t.Errorf("%s: %s", name, text)
	}
	if took > maxSlow {
		w.t.Errorf("%s: %d bytes took %v", name, len(msg), took)
	}
	if used > maxFactor*uint64(len(msg))+maxBase {
		w.t.Errorf("%s: %d bytes took %d bytes of memory", name, len(msg), used)
	}
	if took > w.slowest {
		w.slowest, w.slowestName = took, name
	}
	w.most = max(w.most, used)
	if f := (float64(used) - maxBase) / float64(1+len(msg)); f > w.factor {
		w.factor, w.factorName = f, name
	}
	return took, used
}

// try reads a message, and fails the test with the place where it is when that
// does not come to an end.
func (w *watcher) try(name, msg string) (res bounce.Result, took time.Duration, used uint64) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		res, took, used = cost(func() bounce.Result { return bounce.Parse(msg) })
	}()
	timer := time.NewTimer(maxHang)
	defer timer.Stop()
	select {
	case <-done:
		return res, took, used
	case <-timer.C:
		w.hangs = true
		stacks := make([]byte, 64<<10)
		w.t.Fatalf("%s: %d bytes take for ever\n%s", name, len(msg), stacks[:runtime.Stack(stacks, true)])
	}
	return bounce.Result{}, 0, 0
}
