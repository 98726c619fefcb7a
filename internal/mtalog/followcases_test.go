package mtalog

import (
	"os"
	"strings"
	"testing"
)

// TestFollow holds what can happen to a file while it is followed, and while it isn't.
func TestFollow(t *testing.T) {
	tests := []struct {
		name string
		do   func(d logDir, look func())
		want []string
	}{
		{"nothing", func(d logDir, look func()) {}, []string{"a"}},
		{"written to", func(d logDir, look func()) {
			d.write("b\n")
			look()
			d.write("c\nd\n")
		}, []string{"a", "b", "c", "d"}},
		{"a line waits for its end", func(d logDir, look func()) {
			d.write("b")
			look()
			d.write("c\n")
		}, []string{"a", "bc"}},
		{"renamed", func(d logDir, look func()) {
			d.write("b\n")
			d.rename("", ".1")
			d.write("c\n")
		}, []string{"a", "b", "c"}},
		{"renamed, and the old one written to until the new one is", func(d logDir, look func()) {
			d.rename("", ".1")
			look()
			late := logDir{d.t, d.path + ".1"}
			late.write("b\n")
			look()
			d.write("")
			look()
			late.write("c\n")
			d.write("d\n")
		}, []string{"a", "b", "c", "d"}},
		{"renamed, nothing new made", func(d logDir, look func()) {
			d.rename("", ".1")
			logDir{d.t, d.path + ".1"}.write("b\n")
		}, []string{"a", "b"}},
		{"renamed within a line", func(d logDir, look func()) {
			d.write("b")
			d.rename("", ".1")
			d.write("c\n")
		}, []string{"a", "b", "c"}},
		{"renamed and back", func(d logDir, look func()) {
			d.rename("", ".1")
			look()
			d.rename(".1", "")
			d.write("b\n")
		}, []string{"a", "b"}},
		{"renamed three times", func(d logDir, look func()) {
			d.write("b\n")
			d.rename("", ".1")
			d.write("c\n")
			d.rename(".1", ".2")
			d.rename("", ".1")
			d.write("d\n")
			d.rename(".2", ".3")
			d.rename(".1", ".2")
			d.rename("", ".1")
			d.write("e\n")
		}, []string{"a", "b", "c", "d", "e"}},
		{"renamed by date, packed", func(d logDir, look func()) {
			d.write("b\n")
			d.rename("", "-20261121")
			d.gzip("-20261121", nil)
			d.write("c\n")
			d.rename("", "-20261122")
			d.write("d\n")
		}, []string{"a", "b", "c", "d"}},
		{"packed at once", func(d logDir, look func()) {
			d.write("b\n")
			d.rename("", ".1")
			d.gzip(".1", look)
			d.write("c\n")
		}, []string{"a", "b", "c"}},
		{"copied and truncated", func(d logDir, look func()) {
			d.write("b\n")
			d.copyTruncate(".1")
			d.write("c\n")
		}, []string{"a", "b", "c"}},
		{"copied and truncated, and as long as before", func(d logDir, look func()) {
			d.copyTruncate(".1")
			d.write("b\n")
		}, []string{"a", "b"}},
		{"copied and truncated, the copy packed", func(d logDir, look func()) {
			d.write("b\n")
			d.copyTruncate(".1")
			d.gzip(".1", nil)
			d.write("c\nd\ne\n")
		}, []string{"a", "b", "c", "d", "e"}},
		{"copied and truncated twice", func(d logDir, look func()) {
			d.write("b\n")
			d.copyTruncate(".1")
			d.write("c\n")
			d.rename(".1", ".2")
			d.copyTruncate(".1")
			d.write("d\n")
		}, []string{"a", "b", "c", "d"}},
		{"copied and truncated, seen empty, and once more", func(d logDir, look func()) {
			d.copyTruncate(".1")
			look()
			d.write("b\n")
			d.rename(".1", ".2")
			d.copyTruncate(".1")
			look()
			d.write("c\n")
		}, []string{"a", "b", "c"}},
		{"copied and truncated, seen within the first line, and once more", func(d logDir, look func()) {
			d.copyTruncate(".1")
			d.write("b")
			look()
			d.write("1\n")
			d.rename(".1", ".2")
			d.copyTruncate(".1")
			d.write("b2\n")
		}, []string{"a", "b1", "b2"}},
		{"an empty one among the rotated", func(d logDir, look func()) {
			d.rename("", ".1")
			d.write("")
			look()
			d.rename(".1", ".2")
			d.rename("", ".1")
			d.write("b\n")
		}, []string{"a", "b"}},
		{"NULs left by a writer that goes on in a truncated file", func(d logDir, look func()) {
			d.copyTruncate(".1")
			d.write(strings.Repeat("\x00", 100000) + "b\n")
		}, []string{"a", "b"}},
		{"a symbolic link to it", func(d logDir, look func()) {
			d.rename("", ".real")
			d.must(os.Symlink(d.path+".real", d.path))
			d.write("b\n")
			look()
			d.rename(".real", ".real.1")
			logDir{d.t, d.path + ".real.1"}.write("c\n")
			d.write("d\n")
		}, []string{"a", "b", "c", "d"}},
		{"neighbours that are not its own", func(d logDir, look func()) {
			d.must(os.WriteFile(d.path+".offset", []byte("x\n"), 0o600))
			d.must(os.WriteFile(d.path+"rotate", []byte("x\n"), 0o600))
			d.must(os.Mkdir(d.path+".2", 0o700))
			d.rename("", ".1")
			d.write("b\n")
		}, []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name+"; while followed", func(t *testing.T) {
			inBubble(t, func(t *testing.T, d logDir, k *keeper) {
				d.write("a\n")
				r := start(t, k, Config{Path: d.path})
				tt.do(d, r.now)
				r.now()
				wantLines(t, k, tt.want...)
				r.end(t)
			})
		})
		t.Run(tt.name+"; while not", func(t *testing.T) {
			inBubble(t, func(t *testing.T, d logDir, k *keeper) {
				d.write("a\n")
				start(t, k, Config{Path: d.path}).end(t)
				tt.do(d, func() {})
				r := start(t, k, Config{Path: d.path})
				wantLines(t, k, tt.want...)
				r.end(t)
				start(t, k, Config{Path: d.path}).end(t)
				wantLines(t, k, tt.want...)
			})
		})
	}
}
