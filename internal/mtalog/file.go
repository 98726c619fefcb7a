package mtalog

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"time"
)

// A File is a log file that is read once, from beginning to end, compressed (gzip,
// bzip2, xz, zstd) or not.
type File struct {
	// Modified is when the file was last written to before it was compressed: the
	// reference for [Dater.Date].
	Modified time.Time

	path  string
	file  *os.File
	lines *lineReader
	stop  func()
}

// Open opens a log file, or anything else that lines can be read from.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder: name the files in it", path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	b := bufio.NewReader(file)
	magic, _ := b.Peek(maxMagic) // a shorter file is a plain one
	r, modified, stop, err := unpack(b, magic)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// What gzip notes is older than the file that it makes, or it is nonsense.
	if modified.IsZero() || modified.After(info.ModTime()) {
		modified = info.ModTime()
	}
	return &File{Modified: modified, path: path, file: file, lines: newLineReader(r), stop: stop}, nil
}

// Next returns the next lines, at most [MaxBatch] and [MaxBatchBytes], and io.EOF
// after the last. The last line needs no end.
func (f *File) Next() ([]string, error) {
	lines, err := f.lines.next()
	switch {
	case err == io.EOF:
		if line, ok := f.lines.rest(); ok {
			return []string{line}, nil
		}
	case err != nil:
		err = fmt.Errorf("%s: %w", f.path, err)
	}
	return lines, err
}

// Skipped returns how many lines were longer than [MaxLine] and left out, so far.
func (f *File) Skipped() int { return f.lines.skipped }

// Close closes the file.
func (f *File) Close() error {
	f.stop()
	return f.file.Close()
}
