package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkStart starts the built program and has it explain a reply.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "nixie")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "../../cmd/nixie")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		b.Fatalf("building: %v", err)
	}
	for b.Loop() {
		if out, err := exec.Command(binary, "explain", "550 5.1.1 <user@example.com>: User unknown").CombinedOutput(); err != nil {
			b.Fatalf("explain: %v\n%s", err, out)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(time.Millisecond), "ms/start")
}
