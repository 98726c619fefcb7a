package mailbox

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// xzBlock returns text as a block of one plain chunk, by The .xz File Format
// 1.2.1, 3, with the dictionary that code stands for (5.3.1).
func xzBlock(text string, code byte) []byte {
	b := []byte{2, 0, 0x21, 1, code, 0, 0, 0}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	if text != "" {
		b = append(b, 1)
		b = binary.BigEndian.AppendUint16(b, uint16(len(text)-1))
		b = append(b, text...)
	}
	b = append(b, 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// xzHeader begins a stream without checks. 2.1.1.
func xzHeader() []byte {
	b := []byte("\xfd7zXZ\x00\x00\x00")
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[6:8]))
}

// codeOf128MB and codeOf4GB stand for sizes of dictionaries: 5.3.1.
const (
	codeOf4KB   = 0
	codeOf128MB = 30
	codeOf192MB = 31
	codeOf4GB   = 40
)

func TestXZDictionary(t *testing.T) {
	for _, tt := range []struct {
		name  string
		codes []byte
		err   error
	}{
		{"small", []byte{codeOf4KB}, io.ErrUnexpectedEOF}, // the index is missing
		{"largest", []byte{codeOf128MB}, io.ErrUnexpectedEOF},
		{"too large", []byte{codeOf192MB}, errWindow},
		{"as large as can be", []byte{codeOf4GB}, errWindow},
		{"too large in the second block", []byte{codeOf4KB, codeOf4GB}, errWindow},
		{"no size", []byte{codeOf4GB + 1}, errBlockHeader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := xzHeader()
			var messages []string
			for _, code := range tt.codes {
				file = append(file, xzBlock("N: 1\n", code)...)
				if code <= codeOf128MB {
					messages = append(messages, "N: 1\n")
				}
			}
			var expected []string
			if len(messages) > 0 {
				expected = []string{strings.Join(messages, "") + "…"}
			}
			want(t, stdin(string(file)), append(expected, "-: xz data: "+tt.err.Error()))
		})
	}
}

// TestXZBlocks: thousands of blocks with a large dictionary and nothing in it
// would take minutes.
func TestXZBlocks(t *testing.T) {
	file := xzHeader()
	for range dictFree>>27 + 1 {
		file = append(file, xzBlock("", codeOf128MB)...)
	}
	before := memory()
	want(t, stdin(string(file)), []string{"-: xz data: " + errBlocks.Error()})
	if n := memory() - before; n > 2*dictFree {
		t.Errorf("%d MB were made", n>>20)
	}
	file = xzHeader()
	for range maxBlocks + 1 {
		file = append(file, xzBlock("", codeOf4KB)...)
	}
	g := &xzGuard{r: bytes.NewReader(file), free: maxBlocks << 12}
	g.then(0, 4, (*xzGuard).streamStart)
	if n, err := io.Copy(io.Discard, g); err != errBlocks {
		t.Errorf("%v after %d bytes of %d", err, n, len(file))
	}
}

// TestXZGuard: the guard lets whole files by, of many blocks, streams and checks,
// and ends with an error wherever they are cut.
func TestXZGuard(t *testing.T) {
	var file []byte
	var ends []int
	for i, check := range []byte{xz.None, xz.CRC32, xz.CRC64, xz.SHA256} {
		p := packer{xzLayer, func(w io.Writer) (io.WriteCloser, error) {
			return xz.WriterConfig{CheckSum: check, NoCheckSum: check == xz.None, BlockSize: 16}.NewWriter(w)
		}}
		file = append(file, p.pack(t, strings.Repeat("abcdefgh\n", 7*i))...)
		ends = append(ends, len(file))
		file = append(file, make([]byte, 4*i)...)
		if i > 0 {
			ends = append(ends, len(file))
		}
	}
	for n := 1; n <= len(file); n++ {
		g := &xzGuard{r: bytes.NewReader(file[:n]), free: dictFree}
		g.then(0, 4, (*xzGuard).streamStart)
		_, err := io.Copy(io.Discard, g)
		mayEnd := n%4 == 0 && isEnd(file, ends, n)
		if mayEnd != (err == nil) {
			t.Errorf("cut at %d of %d: %v", n, len(file), err)
		}
	}
}

// isEnd reports whether n is an end of a stream or in the padding after it.
func isEnd(file []byte, ends []int, n int) bool {
	for _, end := range ends {
		if n >= end && len(bytes.Trim(file[end:n], "\x00")) == 0 {
			return true
		}
	}
	return false
}
