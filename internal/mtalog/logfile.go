package mtalog

import (
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxZstdWindow is the most memory, in bytes, that unpacking zstd may ask for; zstd
// itself refuses more without --long (RFC 8878, 3.1.1.1.2 asks for 8 MB at least).
const maxZstdWindow = 128 << 20

// maxMagic is how many bytes tell a compressed file.
const maxMagic = 10

// unpack returns a reader of what is in r, which begins with magic; modified is
// what gzip noted of the file, else zero. stop gives memory back. Logs are packed by
// their own administrator: of xz the memory is not bounded, but what its header asks for.
func unpack(r io.Reader, magic []byte) (unpacked io.Reader, modified time.Time, stop func(), err error) {
	has := func(begin string) bool { return bytes.HasPrefix(magic, []byte(begin)) }
	stop = func() {}
	switch {
	case has("\x1f\x8b\x08"): // RFC 1952, 2.3.1
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, time.Time{}, nil, fmt.Errorf("gzip data: %w", err)
		}
		if z.ModTime.Unix() == 0 { // "no time stamp is available", RFC 1952, 2.3.1
			return z, time.Time{}, stop, nil
		}
		return z, z.ModTime, stop, nil
	case has("BZh") && len(magic) >= 10 && string(magic[4:10]) == "1AY&SY":
		return bzip2.NewReader(r), time.Time{}, stop, nil
	case has("\xfd7zXZ\x00"): // The .xz File Format 1.2.1, 2.1.1.1
		x, err := xz.NewReader(r)
		if err != nil {
			return nil, time.Time{}, nil, fmt.Errorf("xz data: %w", err)
		}
		return x, time.Time{}, stop, nil
	case has("\x28\xb5\x2f\xfd"): // RFC 8878, 3.1.1
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, time.Time{}, nil, fmt.Errorf("zstd data: %w", err)
		}
		return d, time.Time{}, d.Close, nil
	}
	return r, time.Time{}, stop, nil
}

// A logFile is a file of a log and of its rotated predecessors.
type logFile struct {
	path   string
	file   *os.File
	info   fs.FileInfo
	packed bool // and so never written to again
	r      io.Reader
	stop   func()
	head   []byte // the first bytes that were seen, at most maxPrint
	read   int64  // how many bytes were read, unpacked
	left   bool   // it is damaged, and somebody was told
}

// openLog opens a regular file, and unpacks it unless it is the live one.
func openLog(path string, live bool) (*logFile, error) {
	file, err := openAtOnce(path)
	if err != nil {
		return nil, err
	}
	l := &logFile{path: path, file: file, r: file, stop: func() {}}
	if err := l.begin(live); err != nil {
		file.Close()
		return nil, err
	}
	return l, nil
}

func (l *logFile) begin(live bool) (err error) {
	if l.info, err = l.file.Stat(); err != nil {
		return err
	}
	if !l.info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file (%s): nothing can be read from it", l.path, l.info.Mode().Type())
	}
	if l.head, err = l.peek(maxPrint); err != nil || live {
		return err
	}
	magic := l.head[:min(len(l.head), maxMagic)]
	r, _, stop, err := unpack(l.file, magic)
	switch {
	case err != nil:
		l.r, l.packed, l.head = damaged{err}, true, nil
	case r != io.Reader(l.file):
		l.r, l.stop, l.packed, l.head = r, stop, true, nil
	}
	return nil
}

// A damaged reader is that of a file whose first bytes are already wrong.
type damaged struct{ err error }

func (d damaged) Read([]byte) (int, error) { return 0, d.err }

// peek reads the file's first bytes, packed or not, and leaves the place as it is.
func (l *logFile) peek(most int) ([]byte, error) {
	b := make([]byte, most)
	n, err := l.file.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// Read reads what comes next. Of a file that was truncated or written anew it
// reads nothing, and returns errChanged.
func (l *logFile) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", l.path, err)
	}
	if err == nil || err == io.EOF {
		// Looked at after reading: what was read before it was truncated is in
		// the copy, what was read after it is not what stood there.
		if same, failed := l.same(l.read + int64(n)); failed != nil {
			return 0, failed
		} else if !same {
			return 0, errChanged
		}
	}
	if had := int64(len(l.head)); had < maxPrint && had >= l.read {
		l.head = append(l.head, b[min(had-l.read, int64(n)):min(int64(n), maxPrint-l.read)]...)
	}
	l.read += int64(n)
	return n, err
}

// same reports whether a plain file still has size bytes, and those at its
// beginning that it had.
func (l *logFile) same(size int64) (bool, error) {
	if l.packed {
		return true, nil
	}
	info, err := l.file.Stat()
	if err != nil {
		return false, err
	}
	head, err := l.peek(len(l.head))
	return info.Size() >= size && bytes.Equal(head, l.head), err
}

// seek goes to an offset in a plain file.
func (l *logFile) seek(offset int64) (err error) {
	l.read, err = l.file.Seek(offset, io.SeekStart)
	return err
}

// begins returns the file's first bytes, unpacked, at most maxPrint, and reads
// them off if it is packed.
func (l *logFile) begins() ([]byte, error) {
	if !l.packed {
		return l.head, nil
	}
	b := make([]byte, maxPrint)
	n, err := io.ReadFull(l, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return b[:n], err
}

func (l *logFile) close() {
	l.stop()
	l.file.Close()
}
