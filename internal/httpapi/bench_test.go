package httpapi

import (
	"strings"
	"testing"
)

const typical = `{"message_id":"<20261122100000.4711@news.example.com>","recipient":"somebody@mailbox.example.net","sender":"news@example.com","time":"2026-11-22T10:00:00Z","remote_mta":"mx1.example.net","reply":"550 5.1.1 <somebody@mailbox.example.net>: Recipient address rejected: User unknown in local recipient table"}` + "\n"

// BenchmarkPost posts events to an intake that does nothing with them: what is left is
// what the API itself costs.
func BenchmarkPost(b *testing.B) {
	for _, c := range []struct{ name, contentType, body string }{
		{"array", typeJSON, "[" + strings.TrimSuffix(strings.Repeat(typical+",", 100), ",") + "]"},
		{"stream", typeNDJSON, strings.Repeat(typical, 1000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := newFake()
			h := newAPIFor(b, f.config())
			events := 0
			b.ReportAllocs()
			for b.Loop() {
				f.forget()
				if w := send(h, "POST", "/events", c.contentType, strings.NewReader(c.body)); w.Code != 200 {
					b.Fatal(w.Body)
				}
				events += f.stored()
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
