package lab

import (
	"os/exec"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// BenchmarkMessage has Postfix's smtp-source hand messages over to a lab in this process, for a
// profile, and reports the processor's time that the lab itself took for each. What that comes
// to beside smtp-sink is BenchmarkSMTPSource's to say, in test/load.
func BenchmarkMessage(b *testing.B) {
	source, err := exec.LookPath("smtp-source")
	if err != nil {
		b.Skip("there is no smtp-source; it is in Debian's package postfix")
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for _, how := range []struct{ name, flag string }{{"sessions", "-c"}, {"messages", "-d"}} {
		for _, size := range []string{"1000", "10000"} {
			b.Run(how.name+"/bytes="+size, func(b *testing.B) {
				l := begin(b, Config{NoPeers: true})
				b.ReportAllocs()
				b.ResetTimer()
				before := processorTime(b)
				cmd := exec.Command(source, how.flag, "-s", "100", "-m", strconv.Itoa(b.N), "-l", size,
					"-f", "a@example.org", "-t", "b@lab.test", l.Addr().String())
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("smtp-source: %v, %s", err, out)
				}
				b.StopTimer()
				b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
				if n := l.Seen().Counts().LastMessage; n != uint64(b.N) {
					b.Errorf("%d messages were kept; want %d", n, b.N)
				}
			})
		}
	}
}

// memoryLimit is that of the program nixie.
const memoryLimit = 128 << 20

// processorTime is what this process took until now.
func processorTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
