package mailbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

const (
	// maxBlocks is how many blocks an xz stream may have: the library keeps 16
	// bytes for each. xz itself makes them 1 MB and larger.
	maxBlocks = 1 << 20
	// Each block makes its dictionary anew. dictFree is how many bytes of them may
	// be made for nothing, dictForByte how many more for each byte unpacked: for
	// `xz -9 --block-size=1MiB` 64 would do.
	dictFree    = 1 << 30
	dictForByte = 256
)

var (
	errWindow = fmt.Errorf("needs a dictionary of more than %d MB", MaxWindow>>20)
	errBlocks = errors.New("too many small blocks")
)

// newXZReader unpacks xz. The library makes the dictionary that the header of
// each block asks for, up to 4 GB, whatever its DictCap says (v0.5.17,
// lzmafilter.go): so the headers are looked at before it sees them.
func newXZReader(r io.Reader) (io.Reader, error) {
	g := &xzGuard{r: r, free: dictFree}
	g.then(0, 4, (*xzGuard).streamStart)
	return xz.ReaderConfig{DictCap: lzma.MinDictCap}.NewReader(g)
}

// An xzGuard hands on an xz file and follows its structure as it goes by (The .xz
// File Format 1.2.1). It ends with an error at a block that asks for too much,
// and where the file ends too early, which the library overlooks between two
// blocks. All other damage is left to the library.
type xzGuard struct {
	r   io.Reader
	err error

	step func(*xzGuard) // called when held has need bytes
	held []byte
	need int
	pass int64 // before that, this many bytes are of no interest

	between bool  // a stream has ended, and no other begun: the file may end here
	check   int64 // size of a block's check
	at      int64 // bytes gone by since the beginning of a block's data, or of the index
	blocks  int   // of this stream
	free    int64 // bytes of dictionary that may yet be made
	records int   // in the index: numbers that are still to come, two for each block
	shift   uint  // in the index: where the next bits of the count belong
}

func (g *xzGuard) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.r.Read(p)
	g.look(p[:n])
	switch {
	case g.err != nil:
		return 0, g.err
	case err == io.EOF && !(g.between && len(g.held) == 0):
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// look follows b.
func (g *xzGuard) look(b []byte) {
	for len(b) > 0 && g.err == nil {
		var n int
		if g.pass > 0 {
			n = int(min(g.pass, int64(len(b))))
			g.pass -= int64(n)
		} else {
			n = min(g.need-len(g.held), len(b))
			g.held = append(g.held, b[:n]...)
		}
		b = b[n:]
		g.at += int64(n)
		if g.pass == 0 && len(g.held) == g.need {
			g.step(g)
		}
	}
}

// then says that after pass bytes the next need bytes are for step.
func (g *xzGuard) then(pass int64, need int, step func(*xzGuard)) {
	g.pass, g.need, g.step, g.held = pass, need, step, g.held[:0]
}

// also says that step needs need bytes, of which some are held already.
func (g *xzGuard) also(need int, step func(*xzGuard)) { g.need, g.step = need, step }

// streamStart: four bytes of padding, or a stream's first. 2.1.1, 2.2.
func (g *xzGuard) streamStart() {
	if g.between && binary.LittleEndian.Uint32(g.held) == 0 {
		g.then(0, 4, (*xzGuard).streamStart)
		return
	}
	g.between = false
	g.also(12, (*xzGuard).streamHeader)
}

// streamHeader: magic, flags, CRC. 2.1.1.
func (g *xzGuard) streamHeader() {
	sizes := [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64} // 2.1.1.2
	g.check = sizes[g.held[7]&15]
	g.blocks = 0
	g.then(0, 1, (*xzGuard).blockStart)
}

// blockStart: the size of a block's header, or the mark of the index. 3.1.1, 4.1.
func (g *xzGuard) blockStart() {
	if n := int(g.held[0]); n != 0 {
		g.also((n+1)*4, (*xzGuard).blockHeader)
		return
	}
	g.at, g.records, g.shift = 1, 0, 0
	g.then(0, 1, (*xzGuard).indexCount)
}

// blockHeader: flags, sizes, filters. 3.1.
func (g *xzGuard) blockHeader() {
	dict, ok := dictionary(g.held)
	g.blocks++
	g.free -= dict
	switch {
	case !ok:
		g.err = errBlockHeader
	case dict > MaxWindow:
		g.err = errWindow
	case g.blocks > maxBlocks || g.free < 0:
		g.err = errBlocks
	}
	g.at = 0
	g.then(0, 1, (*xzGuard).chunk)
}

var errBlockHeader = errors.New("the header of a block is malformed")

// dictionary returns the size of the largest dictionary that a block's header
// asks for, 0 for none. 3.1, 5.3.1.
func dictionary(header []byte) (size int64, ok bool) {
	const lzma2 = 0x21
	flags, b, ok := header[1], header[2:], true
	number := func() uint64 {
		n, length := binary.Uvarint(b)
		if length <= 0 {
			ok = false
			return 0
		}
		b = b[length:]
		return n
	}
	for _, present := range []byte{0x40, 0x80} { // the two sizes
		if flags&present != 0 {
			number()
		}
	}
	for range flags&3 + 1 {
		id, length := number(), number()
		if !ok || length > uint64(len(b)) || id == lzma2 && length != 1 {
			return 0, false
		}
		if id == lzma2 {
			n, err := lzma.DecodeDictCap(b[0])
			if err != nil {
				return 0, false
			}
			size = max(size, n)
		}
		b = b[length:]
	}
	return size, ok
}

// chunk: the control byte of a piece of LZMA2 data, as xz's lzma2_decoder.c has it.
func (g *xzGuard) chunk() {
	switch c := g.held[0]; {
	case c == 0:
		g.then(-g.at&3+g.check, 1, (*xzGuard).blockStart)
	case c == 1 || c == 2:
		g.also(3, (*xzGuard).chunkPlain)
	case c >= 0x80:
		g.also(5, (*xzGuard).chunkPacked)
	default: // the library will say so
		g.then(math.MaxInt64, 1, (*xzGuard).chunk)
	}
}

// chunkPlain: a chunk that is not compressed.
func (g *xzGuard) chunkPlain() {
	size := int64(binary.BigEndian.Uint16(g.held[1:])) + 1
	g.unpacked(size)
	g.then(size, 1, (*xzGuard).chunk)
}

// chunkPacked: one that is; from 0xc0 on a byte of properties comes first.
func (g *xzGuard) chunkPacked() {
	g.unpacked(int64(g.held[0]&0x1f)<<16 + int64(binary.BigEndian.Uint16(g.held[1:])) + 1)
	size := int64(binary.BigEndian.Uint16(g.held[3:])) + 1
	if g.held[0] >= 0xc0 {
		size++
	}
	g.then(size, 1, (*xzGuard).chunk)
}

// unpacked allows dictionaries for that many bytes.
func (g *xzGuard) unpacked(n int64) {
	g.free = min(g.free+n*dictForByte, math.MaxInt64/2)
}

// indexCount: a byte of the number of records. 4.2.
func (g *xzGuard) indexCount() {
	g.records += int(g.held[0]&0x7f) << g.shift
	g.shift += 7
	switch more := g.held[0]&0x80 != 0; {
	case g.records > maxBlocks || more && g.shift > 28:
		g.err = errBlocks
	case more:
		g.then(0, 1, (*xzGuard).indexCount)
	case g.records == 0:
		g.indexEnd()
	default:
		g.records *= 2
		g.then(0, 1, (*xzGuard).indexRecord)
	}
}

// indexRecord: a byte of one of the two numbers in a record. 4.3.
func (g *xzGuard) indexRecord() {
	if g.held[0]&0x80 == 0 {
		g.records--
	}
	if g.records == 0 {
		g.indexEnd()
		return
	}
	g.then(0, 1, (*xzGuard).indexRecord)
}

// indexEnd: padding, a CRC of four bytes, and the stream's footer come next. 4.4, 4.5.
func (g *xzGuard) indexEnd() { g.then(-g.at&3+4, 12, (*xzGuard).streamFooter) }

// streamFooter: the end of a stream. 2.1.2.
func (g *xzGuard) streamFooter() {
	g.between = true
	g.then(0, 4, (*xzGuard).streamStart)
}
