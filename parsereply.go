package nixie

import "fmt"

// ParseReply reads a reply as people have it.
func ParseReply(text string) (Reply, error) {
	if len(text) > MaxReply {
		return Reply{}, fmt.Errorf("nixie: reply of %d bytes: %w", len(text), ErrReplyTooLong)
	}
	return Reply{raw: text, Lines: []Line{{End: len(text)}}}, nil
}
