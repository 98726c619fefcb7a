//go:build unix

package mtalog

import (
	"os"
	"syscall"
	"testing"
)

// TestFollowPipe doesn't wait for somebody to write into a pipe that stands where
// the log should be.
func TestFollowPipe(t *testing.T) {
	inBubble(t, func(t *testing.T, d logDir, k *keeper) {
		d.must(syscall.Mkfifo(d.path, 0o600))
		d.must(syscall.Mkfifo(d.path+".1", 0o600))
		r := start(t, k, Config{Path: d.path})
		wantTold(t, k, "mail.log is no file (p")
		d.must(os.Remove(d.path))
		d.write("a\n")
		r.now()
		wantLines(t, k, "a")
		r.end(t)
	})
}
