//go:build unix

package mtalog

import (
	"io/fs"
	"os"
	"syscall"
)

// identity returns what names a file on this machine, whatever its path.
func identity(info fs.FileInfo) (device, inode uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), uint64(s.Ino)
	}
	return 0, 0
}

// openAtOnce opens for reading without waiting for the writer of a pipe.
func openAtOnce(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
