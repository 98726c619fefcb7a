//go:build !unix

package mtalog

import (
	"io/fs"
	"os"
)

// identity has nothing to return here: files are found by their first bytes.
func identity(fs.FileInfo) (device, inode uint64) { return 0, 0 }

func openAtOnce(path string) (*os.File, error) { return os.Open(path) }
