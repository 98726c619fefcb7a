package later

import (
	"container/heap"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// A report is one that waits.
type report struct {
	id     uint64
	number uint64    // of the order in which they were added
	due    time.Time // by Config.Now: what the report says
	at     time.Time // the same, by the clock by which one waits
	late   order.Late
	client netip.Addr
	to     string
	data   []byte
}

// A queue is a heap of reports by the time at which they are to be sent.
type queue []*report

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].number < q[j].number
}
func (q *queue) Push(x any) { *q = append(*q, x.(*report)) }
func (q *queue) Pop() any {
	old := *q
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return r
}

// put queues a report if there is room.
func (s *Sender) put(r *report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) >= s.config.Max || s.bytes+len(r.data) > s.config.MaxBytes {
		return ErrFull
	}
	s.bytes += len(r.data)
	heap.Push(&s.queue, r)
	return nil
}

// idle is how long an empty queue is left alone; whatever is added ends it.
const idle = time.Hour

// take returns the first report that is due, or how long it will be until one is.
func (s *Sender) take(now time.Time) (r *report, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, idle
	}
	if wait = s.queue[0].at.Sub(now); wait > 0 {
		return nil, wait
	}
	r = heap.Pop(&s.queue).(*report)
	s.bytes -= len(r.data)
	return r, 0
}

// maxLogged is how many bytes of foreign text a log line takes.
const maxLogged = 200

// quoted is foreign text in a log: in quotes, ASCII, cut.
type quoted string

// LogValue implements [slog.LogValuer].
func (q quoted) LogValue() slog.Value {
	return slog.StringValue(strconv.QuoteToASCII(string(q[:min(len(q), maxLogged)])))
}
