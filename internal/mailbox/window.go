package mailbox

import "io"

const (
	// windowSize is how much is read at once.
	windowSize = 256 << 10
	// keepWindow is the size from which a window is given back after the long
	// message that it was made for.
	keepWindow = 4 << 20
	// maxIdleReads is how often in turn a reader may return nothing at all.
	maxIdleReads = 100
)

// A window is a buffer over a reader that can show as many bytes ahead as are
// asked for. It grows to less than four times of what is asked for at once.
type window struct {
	r        io.Reader
	buf      []byte
	pos, end int   // buf[pos:end] is read and not yet skipped
	err      error // why there is no more; io.EOF at the end
}

// window returns a window over r.
func (k *walk) window(r io.Reader) *window {
	w := &window{}
	if n := len(k.windows); n > 0 {
		w, k.windows = k.windows[n-1], k.windows[:n-1]
	} else {
		w.buf = make([]byte, windowSize)
	}
	w.r, w.pos, w.end, w.err = r, 0, 0, nil
	return w
}

// release keeps a window for the next file.
func (k *walk) release(w *window) {
	w.r, w.pos, w.end = nil, 0, 0
	w.shrink()
	k.windows = append(k.windows, w)
}

// data is what can be seen of what comes next. It is valid until the next call of
// a method other than skip.
func (w *window) data() []byte { return w.buf[w.pos:w.end] }

// skip goes past n bytes of data.
func (w *window) skip(n int) { w.pos += n }

// fill makes data n bytes long; false if what is left is shorter.
func (w *window) fill(n int) bool {
	for w.end-w.pos < n {
		if !w.more() {
			return false
		}
	}
	return true
}

// more makes data longer; false if there is no more.
func (w *window) more() bool {
	if w.err != nil {
		return false
	}
	w.makeRoom()
	for range maxIdleReads {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		w.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// makeRoom makes place at the end of buf. Bytes are moved only into a half that
// is free, so each is moved about once, whatever is asked for.
func (w *window) makeRoom() {
	if w.pos == w.end {
		w.pos, w.end = 0, 0
	}
	if w.end < len(w.buf) {
		return
	}
	to := w.buf
	if w.pos < len(w.buf)/2 {
		to = make([]byte, 2*len(w.buf))
	}
	w.end = copy(to, w.buf[w.pos:w.end])
	w.buf, w.pos = to, 0
}

// shrink gives the memory of a long message back, once it has been skipped.
func (w *window) shrink() {
	if len(w.buf) < keepWindow || w.end-w.pos > windowSize/2 {
		return
	}
	to := make([]byte, windowSize)
	w.end = copy(to, w.data())
	w.buf, w.pos = to, 0
}

// Read makes a window the reader that a decompressor reads from.
func (w *window) Read(p []byte) (int, error) {
	if w.pos == w.end && !w.more() {
		return 0, w.err
	}
	n := copy(p, w.data())
	w.pos += n
	return n, nil
}

// damage returns why there was no more, nil at a proper end.
func (w *window) damage() error {
	if w.err == io.EOF {
		return nil
	}
	return w.err
}
