package mtalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// maxPrint is how many bytes at the beginning of a file, at most, tell it from
// others. A log's first line has its time, so these differ.
const maxPrint = 1 << 10

// A Position is a place in a log file, and enough to find the file again after it
// was renamed, copied or compressed. The zero Position is none.
type Position struct {
	Path string `json:"path"` // of the file that is followed, whatever its present name
	// Device and Inode are those of the file read, 0 where the system has none.
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
	// Offset is where the next line begins, in bytes of the file unpacked.
	Offset int64 `json:"offset"`
	Print  Print `json:"print"`
}

// A Print tells a file by its first bytes. The zero Print fits every file.
type Print struct {
	Size int    `json:"size"` // how many bytes, at most 1,024
	Sum  string `json:"sum"`  // the first half of their SHA-256, in hexadecimal
}

func printOf(head []byte) Print {
	if len(head) == 0 {
		return Print{}
	}
	sum := sha256.Sum256(head)
	return Print{Size: len(head), Sum: hex.EncodeToString(sum[:len(sum)/2])}
}

// fits reports whether a file that begins with head, of which there is more only
// beyond maxPrint, can be the one.
func (p Print) fits(head []byte) bool {
	return p.Size >= 0 && p.Size <= len(head) && printOf(head[:p.Size]) == p
}

// known reports whether the position says in which file it is.
func (p Position) known() bool { return p.Inode != 0 || p.Print.Size > 0 }

func (p Position) check(path string) error {
	switch {
	case p == Position{}:
		return nil
	case p.Path != path:
		return fmt.Errorf("the position is one in %q: begin anew, or follow that file", p.Path)
	case p.Offset < 0 || p.Print.Size < 0 || p.Print.Size > maxPrint:
		return errors.New("the position is damaged: begin anew")
	}
	return nil
}
