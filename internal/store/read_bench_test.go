package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

// BenchmarkSearch reads a first page from among a million deliveries, each of a
// message of its own with one event. The last four go through all of them.
//
//	go test -run '^$' -bench Search -benchtime 100x ./internal/store
func BenchmarkSearch(b *testing.B) {
	path := filepath.Join(b.TempDir(), "nixie.db")
	fill(b, path)
	s := open(b, Options{Path: path})
	deliveries := func(f delivery.Filter) func(int) (int, error) {
		return func(int) (int, error) {
			page, err := s.Deliveries(b.Context(), f)
			return len(page.Items), err
		}
	}
	address := func(i int) delivery.Filter {
		return delivery.Filter{Recipient: fmt.Sprintf("p%d@d%d.example.net", i*7919%1_000_003, i%5000)}
	}
	for _, search := range []struct {
		name string
		run  func(i int) (int, error)
		any  bool // whether some are found
	}{
		{"deliveries by address", func(i int) (int, error) { return deliveries(address(i))(i) }, true},
		{"events by address", func(i int) (int, error) {
			page, err := s.Events(b.Context(), address(i))
			return len(page.Items), err
		}, true},
		{"messages by address", func(i int) (int, error) {
			page, err := s.Messages(b.Context(), address(i))
			return len(page.Items), err
		}, true},
		{"by Message-ID", func(i int) (int, error) {
			return deliveries(delivery.Filter{MessageID: fmt.Sprintf("%d@old.example.org", i)})(i)
		}, true},
		{"by queue id", deliveries(delivery.Filter{QueueID: "4ZZZZZZZ"}), false},
		{"a recipient", func(i int) (int, error) {
			r, err := s.Recipient(b.Context(), address(i).Recipient)
			return len(r.Last), err
		}, true},
		{"the newest", deliveries(delivery.Filter{}), true},
		{"a domain", deliveries(delivery.Filter{Domain: "d77.example.net"}), true},
		{"a domain and 5000 below it", deliveries(delivery.Filter{Domain: "example.net"}), true},
		{"a reason that never was", deliveries(delivery.Filter{Reasons: []verdict.Reason{verdict.Virus}}), false},
		{"a sender that never was", deliveries(delivery.Filter{Sender: "nobody@example.org"}), false},
		{"messages with a reason that never was", func(int) (int, error) {
			page, err := s.Messages(b.Context(), delivery.Filter{Reasons: []verdict.Reason{verdict.Virus}})
			return len(page.Items), err
		}, false},
	} {
		b.Run(search.name, func(b *testing.B) {
			var most time.Duration
			for i := range b.N {
				begin := time.Now()
				n, err := search.run(i * 31)
				if err != nil || (n > 0) != search.any {
					b.Fatalf("%d found, %v", n, err)
				}
				most = max(most, time.Since(begin))
			}
			b.ReportMetric(float64(most.Microseconds())/1000, "ms/slowest")
		})
	}
}
