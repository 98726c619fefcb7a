package mailbox

import (
	"io"
)

// content says what a file may hold.
type content int

const (
	anything   content = iota // an mbox, an archive, a message
	oneMessage                // a file of a Maildir: one message, maybe compressed
)

// read yields the messages that r holds, inside depth layers.
func (k *walk) read(path string, r io.Reader, c content, depth int) bool {
	b, err := io.ReadAll(io.LimitReader(r, int64(k.maxMessage)))
	if err != nil {
		return k.fail(path, err)
	}
	return k.yield(Message{Path: path, Number: 1, Raw: string(b)}, nil)
}

type window struct{}
