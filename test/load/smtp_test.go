package load

import (
	"flag"
	"fmt"
	"slices"
	"testing"
)

var (
	perTurn = flag.Int("messages", 10_000, "messages of a turn")
	all     = flag.Int("kept", 100_000, "messages until memory is looked at")
)

// A way is how smtp-source sends.
type way struct {
	name  string
	flags []string
}

func ways() []way {
	return []way{
		{"session-each", nil},               // a session for each message
		{"sessions-kept", []string{"-d"}},   // 100 sessions for all
		{"recipients=10", []string{"-r10"}}, // a session for each, with ten recipients
	}
}

// half is what the lab must reach of smtp-sink's rate.
const half = 0.5

// BenchmarkSMTPSource has smtp-source send to the lab, which keeps all that it sees, and to
// smtp-sink, which keeps nothing, in turns, and reports the medians of their rates and of the ratio.
// Either goes first as often. The ratio is what counts where the machine has other work.
//
//	go test -run '^$' -bench SMTPSource -benchtime 6x -timeout 9m ./test/load
func BenchmarkSMTPSource(b *testing.B) {
	source, sink := tool(b, "smtp-source"), startSink(b, tool(b, "smtp-sink"))
	lab := startLab(b, build(b))
	for _, w := range ways() {
		for _, size := range []int{1000, 10_000} {
			b.Run(fmt.Sprintf("%s/bytes=%d", w.name, size), func(b *testing.B) {
				var labs, sinks, ratios []float64
				before := [2]float64{lab.processor(b).Seconds(), sink.processor(b).Seconds()}
				for b.Loop() {
					turn := []*server{lab, sink}
					if len(labs)%2 == 1 {
						slices.Reverse(turn)
					}
					rate := map[*server]float64{}
					for _, s := range turn {
						rate[s] = s.send(b, source, w.flags, *perTurn, size)
					}
					labs, sinks, ratios = append(labs, rate[lab]), append(sinks, rate[sink]), append(ratios, rate[lab]/rate[sink])
				}
				all := float64(len(labs) * *perTurn)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(labs), "lab/s")
				b.ReportMetric(median(sinks), "sink/s")
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric((lab.processor(b).Seconds()-before[0])/all*1e6, "lab-cpu-µs")
				b.ReportMetric((sink.processor(b).Seconds()-before[1])/all*1e6, "sink-cpu-µs")
				if r := median(ratios); r < half {
					b.Errorf("the lab has %.2f of smtp-sink's rate; want %.1f at least", r, half)
				}
			})
		}
	}
}

// mostMemory is what the lab may hold, in MiB. The messages and dialogues that it keeps by default
// take 96 at most, and memory may grow by half beside them; the rest is what they lie in.
const mostMemory = 256

// BenchmarkMemory reports what the lab holds after ten times as many messages as it keeps, or a
// hundred times:
//
//	go test -run '^$' -bench Memory/sessions-kept -benchtime 1x -timeout 9m ./test/load -kept 1000000
func BenchmarkMemory(b *testing.B) {
	source, program := tool(b, "smtp-source"), build(b)
	for _, w := range ways()[:2] {
		b.Run(w.name, func(b *testing.B) {
			lab := startLab(b, program)
			for b.Loop() {
				rate := lab.send(b, source, w.flags, *all, 4000)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(rate, "messages/s")
			}
			b.ReportMetric(lab.memory(b, "VmRSS"), "MiB")
			most := lab.memory(b, "VmHWM")
			b.ReportMetric(most, "MiB-at-most")
			if most > mostMemory {
				b.Errorf("the lab held %.0f MiB; want %d at most", most, mostMemory)
			}
		})
	}
}

// median is the lower of the two in the middle of an even list.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[(len(list)-1)/2]
}
