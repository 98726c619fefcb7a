package mailbox

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// content says what a file may hold.
type content int

const (
	anything   content = iota // an mbox, a tar archive, a message
	oneMessage                // a file of a Maildir: one message
)

var (
	errDepth  = fmt.Errorf("more than %d layers of compression and archives", MaxDepth)
	errSparse = errors.New("sparse file in an archive: it is not read")
)

// read yields the messages in r, around which depth layers were taken off. An
// empty file holds none.
func (k *walk) read(path string, r io.Reader, c content, depth int) bool {
	w := k.window(r)
	defer k.release(w)
	w.fill(lookAhead)
	goOn := true
	switch l := layerOf(w.data()); {
	case l != noLayer && depth == MaxDepth:
		return k.fail(path, errDepth)
	case l == tarLayer && c != oneMessage:
		return k.archive(path, w, depth+1)
	case l != noLayer && l != tarLayer:
		return k.unpack(path, w, l, c, depth+1)
	case c == oneMessage:
		goOn = k.message(path, w)
	default:
		goOn = k.messages(path, w)
	}
	if err := w.damage(); goOn && err != nil {
		return k.fail(path, err)
	}
	return goOn
}

// messages yields the messages of an mbox, or the one that w is.
func (k *walk) messages(path string, w *window) bool {
	m, ok := newMbox(w, k.maxMessage)
	if !ok {
		return k.message(path, w)
	}
	for n := 1; k.ctx.Err() == nil; n++ {
		raw, truncated, ok := m.next()
		if !ok {
			return k.ctx.Err() == nil
		}
		if k.ctx.Err() != nil {
			return false // this is why the message ended
		}
		if !k.yield(Message{Path: path, Number: n, Raw: raw, Truncated: truncated}, nil) {
			return false
		}
	}
	return false
}

// message yields w as one message. Some programs leave the From_ line at the
// beginning of a Maildir's files: it is taken off.
func (k *walk) message(path string, w *window) bool {
	if start, eol, ok := mboxStart(w.data()); ok {
		w.skip(start)
		w.skip(bytes.IndexByte(w.data(), eol) + 1)
	}
	w.fill(k.maxMessage + 1)
	if k.ctx.Err() != nil {
		return false
	}
	text := w.data()
	if len(text) == 0 {
		return true
	}
	m := Message{Path: path, Number: 1, Truncated: len(text) > k.maxMessage || w.damage() != nil}
	m.Raw = string(text[:min(len(text), k.maxMessage)])
	return k.yield(m, nil)
}

// A layer is what lies around mail.
type layer string

const (
	noLayer    layer = ""
	gzipLayer  layer = "gzip"  // RFC 1952, 2.3.1
	bzip2Layer layer = "bzip2" // "BZh", the block size, then pi
	xzLayer    layer = "xz"    // The .xz File Format 1.2.1, 2.1.1.1
	zstdLayer  layer = "zstd"  // RFC 8878, 3.1.1 and 3.1.2
	tarLayer   layer = "tar"   // POSIX.1-2017, pax, "ustar Interchange Format"
)

// Where a tar header has its magic word.
const (
	tarMagic   = "ustar"
	tarMagicAt = 257
)

// layerOf tells by the first bytes of a file what lies around it.
func layerOf(head []byte) layer {
	has := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case has("\x1f\x8b\x08"):
		return gzipLayer
	case has("BZh") && len(head) >= 10 && string(head[4:10]) == "1AY&SY":
		return bzip2Layer
	case has("\xfd7zXZ\x00"):
		return xzLayer
	case has("\x28\xb5\x2f\xfd"), len(head) > 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18":
		return zstdLayer
	case len(head) > tarMagicAt && bytes.HasPrefix(head[tarMagicAt:], []byte(tarMagic)):
		return tarLayer
	}
	return noLayer
}

// A damaged reader says which layer is at fault where reading fails.
type damaged struct {
	r io.Reader
	l layer
}

func (d damaged) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err != nil && err != io.EOF {
		err = d.l.wrap(err)
	}
	return n, err
}

func (l layer) wrap(err error) error { return fmt.Errorf("%s data: %w", l, err) }

// unpack reads what is compressed in w.
func (k *walk) unpack(path string, w *window, l layer, c content, depth int) bool {
	var r io.Reader
	var err error
	switch l {
	case gzipLayer:
		r, err = gzip.NewReader(w)
	case bzip2Layer:
		r = bzip2.NewReader(w)
	case xzLayer:
		r, err = newXZReader(w)
	case zstdLayer:
		var d *zstd.Decoder
		d, err = zstd.NewReader(w, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(MaxWindow))
		if err == nil {
			defer d.Close()
		}
		r = d
	}
	if err != nil {
		return k.fail(path, l.wrap(err))
	}
	return k.read(path, damaged{r, l}, c, depth)
}

// archive reads the files in a tar archive, in the order in which they lie there.
// What is no file is passed over, and so is what [Walker.Messages] passes over in
// a folder.
func (k *walk) archive(name string, w *window, depth int) bool {
	t := tar.NewReader(w)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return k.ctx.Err() == nil
		}
		if err != nil {
			return k.fail(name, tarLayer.wrap(err))
		}
		inner := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		member := join(name, inner)
		c := memberContent(inner)
		goOn := true
		switch {
		case sparse(h):
			goOn = k.fail(member, errSparse)
		case h.Typeflag != tar.TypeReg || c == anything && !isMail(path.Base(inner)) || hidden(path.Base(inner)):
		default:
			goOn = k.read(member, damaged{t, tarLayer}, c, depth)
		}
		if !goOn || k.ctx.Err() != nil {
			return false
		}
	}
}

// memberContent tells files of a Maildir by the folder that they are in.
func memberContent(name string) content {
	if d := path.Base(path.Dir(name)); d == "cur" || d == "new" {
		return oneMessage
	}
	return anything
}

// sparse reports whether a file has holes: some bytes of archive can then stand
// for any number of zeros.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return h.Typeflag == tar.TypeGNUSparse
}
