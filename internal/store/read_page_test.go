package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
)

// fill records n deliveries of one message, several at the same moment.
func (w *world) fill(n int) {
	w.Helper()
	var news []any
	for i := range n {
		news = append(news, w.event(minute(i/3), delivery.Attempt, delivery.Delivered, to(fmt.Sprintf("u%04d@example.net", i)), queued("A1")))
	}
	w.record(news...)
}

// pages reads all pages, and calls between after each.
func (w *world) pages(f delivery.Filter, between func()) (all []string, sizes []int) {
	w.Helper()
	for {
		page, err := w.Deliveries(w.ctx, f)
		if err != nil {
			w.Fatal(err)
		}
		all, sizes = append(all, names(page.Items)...), append(sizes, len(page.Items))
		if f.Cursor = page.Next; f.Cursor == "" {
			return all, sizes
		}
		between()
	}
}

var pageTests = []suiteTest{
	{"pages are the whole", func(t *testing.T, w *world) {
		w.fill(10)
		for _, oldest := range []bool{false, true} {
			whole := w.deliveries(delivery.Filter{Oldest: oldest})
			if len(whole) != 10 {
				t.Fatalf("%d deliveries", len(whole))
			}
			for limit := 1; limit <= 11; limit++ {
				got, sizes := w.pages(delivery.Filter{Oldest: oldest, Limit: limit}, func() {})
				if !slices.Equal(got, whole) {
					t.Errorf("by %d: %q, not %q", limit, got, whole)
				}
				if want := (10 + limit - 1) / limit; len(sizes) != want {
					t.Errorf("by %d: %d pages, not %d", limit, len(sizes), want)
				}
			}
		}
	}},
	{"pages while rows change", func(t *testing.T, w *world) {
		w.fill(12)
		whole := w.deliveries(delivery.Filter{})
		n := 0
		got, _ := w.pages(delivery.Filter{Limit: 4}, func() {
			// Something is heard of one that was read, of one that was not, and of a new one.
			n++
			at := minute(600 + n)
			w.record(
				w.event(at, delivery.Complaint, "", to("u0011@example.net"), queued("A1")),
				w.event(at, delivery.Complaint, "", to("u0000@example.net"), queued("A1")),
				w.event(at, delivery.Attempt, delivery.Delivered, to(fmt.Sprintf("new%d@example.net", n)), queued("A1")))
		})
		want := slices.DeleteFunc(whole, func(s string) bool { return strings.HasPrefix(s, "u0000@") }) // it is at the front by now
		if !slices.Equal(got, want) {
			t.Errorf("%q, not %q", got, want)
		}
	}},
	{"sizes of pages", func(t *testing.T, w *world) {
		w.fill(delivery.MaxPage + 1)
		for _, tt := range []struct{ limit, want int }{
			{0, delivery.DefaultPage}, {1, 1}, {delivery.MaxPage, delivery.MaxPage}, {delivery.MaxPage + 1, delivery.MaxPage},
		} {
			page, err := w.Deliveries(w.ctx, delivery.Filter{Limit: tt.limit})
			if err != nil || len(page.Items) != tt.want || page.Next == "" {
				t.Errorf("limit %d: %d items, next %q, %v", tt.limit, len(page.Items), page.Next, err)
			}
		}
	}},
	{"pages of the other lists", func(t *testing.T, w *world) {
		w.tell()
		events, messages := 0, 0
		for f := (delivery.Filter{Limit: 2}); ; {
			page, err := w.Events(w.ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			events += len(page.Items)
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
		}
		for f := (delivery.Filter{Limit: 2, Oldest: true}); ; {
			page, err := w.Messages(w.ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			messages += len(page.Items)
			if f.Cursor = page.Next; f.Cursor == "" {
				break
			}
		}
		if events != 6 || messages != 3 {
			t.Errorf("%d events and %d messages", events, messages)
		}
	}},
	{"cursors that are none", func(t *testing.T, w *world) {
		w.tell()
		page, err := w.Deliveries(w.ctx, delivery.Filter{Limit: 1})
		if err != nil || page.Next == "" {
			t.Fatal(page, err)
		}
		good := page.Next
		bad := []string{"x", "1", "' OR 1=1", good + "A", good[1:], strings.ToLower(good), good + "\n", good + "=="}
		for i := range len(good) {
			for _, c := range []byte("A9_") {
				if good[i] != c {
					bad = append(bad, good[:i]+string(c)+good[i+1:])
				}
			}
		}
		for _, cursor := range bad {
			if _, err := w.Deliveries(w.ctx, delivery.Filter{Cursor: cursor}); !errors.Is(err, delivery.ErrCursor) {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		if _, err := w.Deliveries(w.ctx, delivery.Filter{Cursor: good, Oldest: true}); !errors.Is(err, delivery.ErrCursor) {
			t.Errorf("in the other order: %v", err)
		}
		if _, err := w.Events(w.ctx, delivery.Filter{Cursor: good}); !errors.Is(err, delivery.ErrCursor) {
			t.Errorf("for events: %v", err)
		}
		if _, err := w.Messages(w.ctx, delivery.Filter{Cursor: good}); !errors.Is(err, delivery.ErrCursor) {
			t.Errorf("for messages: %v", err)
		}
		if _, err := w.Suppressions(w.ctx, suppression.Filter{Cursor: good}); !errors.Is(err, delivery.ErrCursor) {
			t.Errorf("for suppressions: %v", err)
		}
		if _, err := base64.RawURLEncoding.DecodeString(good); err != nil {
			t.Errorf("a cursor doesn't fit into a URL: %v", err)
		}
	}},
}
