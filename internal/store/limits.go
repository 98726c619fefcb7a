package store

import (
	"errors"
	"fmt"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
)

// Limits of what is stored. A batch with more is refused as a whole.
const (
	MaxNews       = 10_000         // pieces of news in a batch
	MaxRecipients = 10_000         // of a message
	MaxReply      = nixie.MaxReply // bytes
	MaxText       = 4 << 10        // bytes of each other text
	MaxRaw        = 2 << 20        // bytes of a message that is kept
	MaxExpired    = 16             // events about all in a queue id that are kept for those who come to be known later
	MaxPosition   = 64 << 10       // bytes of a position
	MaxReplayKey  = 255            // bytes
)

// ErrLimit is what errors match about news that is too large, or lacks something.
var ErrLimit = errors.New("it can't be stored")

// A NewsError says which piece of news of a batch could not be stored, from 0, and why.
type NewsError struct {
	News int
	Err  error
}

// Error implements error.
func (e *NewsError) Error() string { return fmt.Sprintf("news %d of the batch: %v", e.News, e.Err) }

// Unwrap returns what was wrong.
func (e *NewsError) Unwrap() error { return e.Err }

// checkBatch looks whether a batch keeps within the limits.
func checkBatch(b *delivery.Batch) error {
	if len(b.News) > MaxNews {
		return fmt.Errorf("%w: a batch has %d pieces of news, and %d is the most; divide it", ErrLimit, len(b.News), MaxNews)
	}
	for i := range b.News {
		if err := checkNews(&b.News[i]); err != nil {
			return &NewsError{i, err}
		}
	}
	if p := b.Position; p != nil {
		if p.Source == "" || len(p.Source) > MaxText || len(p.Data) > MaxPosition {
			return fmt.Errorf("%w: the position in %q has %d bytes; it needs a source, and %d is the most", ErrLimit, cutText(p.Source), len(p.Data), MaxPosition)
		}
	}
	if r := b.Replay; r != nil {
		if r.Key == "" || len(r.Key) > MaxReplayKey || len(r.Client) > MaxText {
			return fmt.Errorf("%w: the key of a request has %d bytes; it has 1 to %d", ErrLimit, len(r.Key), MaxReplayKey)
		}
	}
	return nil
}

func checkNews(n *delivery.News) error {
	switch {
	case n.Event != nil:
		return checkEvent(n.Event)
	case n.Queue != nil:
		q := n.Queue
		if q.Host == "" || q.QueueID == "" || q.At.IsZero() {
			return fmt.Errorf("%w: news of a queue needs a host, a queue id and a time", ErrLimit)
		}
		return checkTexts(q.Host, q.QueueID, q.MessageID, q.Sender, q.Client, q.User, q.From)
	case n.Message != nil:
		return checkMessage(n.Message)
	case n.Raw != nil:
		if len(n.Raw.Data) > MaxRaw || len(n.Raw.To) > MaxRecipients {
			return fmt.Errorf("%w: a message of %d bytes is kept for %d recipients, and %d and %d are the most", ErrLimit, len(n.Raw.Data), len(n.Raw.To), MaxRaw, MaxRecipients)
		}
		return checkTexts(append([]string{n.Raw.From, n.Raw.Kind}, n.Raw.To...)...)
	}
	return fmt.Errorf("%w: it is empty", ErrLimit)
}

func checkEvent(e *delivery.Event) error {
	if len(e.Reply) > MaxReply {
		return fmt.Errorf("%w: the reply has %d bytes, and %d is the most", ErrLimit, len(e.Reply), MaxReply)
	}
	if e.At.IsZero() || e.Received.IsZero() || e.Kind == "" || e.Source.Kind == "" {
		return fmt.Errorf("%w: an event needs a kind, a source, and when it happened and was received", ErrLimit)
	}
	r, j := &e.Ref, &e.Judgement
	return checkTexts(e.Source.Name, r.Host, r.QueueID, r.MessageID, r.Recipient, r.Original, r.Sender, r.Stream, r.Subject,
		e.RemoteHost, e.ReportingHost, e.NextID, e.Detail, string(e.Stage), j.Rules, j.Rule, j.Receiver)
}

func checkMessage(m *delivery.Message) error {
	if len(m.Recipients) > MaxRecipients {
		return fmt.Errorf("%w: a message has %d recipients, and %d is the most; divide it", ErrLimit, len(m.Recipients), MaxRecipients)
	}
	if m.At.IsZero() || m.Source.Kind == "" {
		return fmt.Errorf("%w: a message needs a source and a time", ErrLimit)
	}
	seen := make(map[string]bool, len(m.Recipients))
	for _, r := range m.Recipients {
		normal := address.Normal(r.Address)
		if normal == "" || seen[normal] {
			return fmt.Errorf("%w: the recipient %q is no address, or there twice", ErrLimit, cutText(r.Address))
		}
		seen[normal] = true
	}
	return checkTexts(m.Stream, m.MessageID, m.Sender, m.Subject, m.Client, m.User, m.Source.Name)
}

func checkTexts(texts ...string) error {
	for _, s := range texts {
		if len(s) > MaxText {
			return fmt.Errorf("%w: the text that begins %q has %d bytes, and %d is the most", ErrLimit, cutText(s), len(s), MaxText)
		}
	}
	return nil
}

// cutText is as much of a text as an error shows.
func cutText(s string) string {
	const most = 80
	return s[:min(len(s), most)]
}
