package smtpserver

import (
	"errors"
	"io"
	"os"
	"time"
)

// watch reads ahead, as far as there is room, to notice that the client has gone; then
// gone is closed. After stop, which must be called, the wire is as it was before.
//
// A client that has only ended what it sends, with commands still to be answered, is there,
// if answered says that they will be.
func (w *wire) watch(answered bool) (gone <-chan struct{}, stop func()) {
	w.block, w.until = 0, time.Time{}
	left, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for w.in.Buffered() < readBuf {
			if _, err := w.in.Peek(w.in.Buffered() + 1); err != nil {
				there := errors.Is(err, os.ErrDeadlineExceeded) || err == io.EOF && w.in.Buffered() > 0 && answered
				if !there {
					close(left)
				}
				return
			}
		}
	}()
	return left, func() {
		w.setUnwatched(true)
		<-done
		w.setUnwatched(false)
	}
}

// setUnwatched ends watch's read and keeps it from another, or allows them again.
func (w *wire) setUnwatched(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unwatched = yes
	if yes {
		_ = w.conn.SetReadDeadline(time.Unix(1, 0))
	}
}
