package seen

import (
	"cmp"
	"slices"
)

// A queue holds values in the order of their numbers. What was put in first is
// taken out first.
type queue[T interface{ number() uint64 }] struct {
	items []T
	head  int // what lies before is gone
}

func (q *queue[T]) all() []T    { return q.items[q.head:] }
func (q *queue[T]) length() int { return len(q.items) - q.head }

func (q *queue[T]) push(v T) { q.items = append(q.items, v) }

// pop takes the first one out. There must be one.
func (q *queue[T]) pop() T {
	var none T
	v := q.items[q.head]
	q.items[q.head] = none
	q.head++
	if q.head >= 64 && q.head*2 >= len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return v
}

// find returns where the value with a number is, or would be, in all().
func (q *queue[T]) find(number uint64) (int, bool) {
	return slices.BinarySearchFunc(q.all(), number, func(v T, n uint64) int { return cmp.Compare(v.number(), n) })
}
