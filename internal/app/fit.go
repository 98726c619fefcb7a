package app

import (
	"strings"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/store"
)

// fit cuts the texts of news that others wrote to what the store keeps, so that no
// line of a log, and no message, can hold up all that come behind it. What a
// client registers is left as it is, to be refused.
func fit(b *delivery.Batch) {
	for i := range b.News {
		switch n := &b.News[i]; {
		case n.Event != nil:
			e := n.Event
			r := &e.Ref
			cut(&r.Host, &r.QueueID, &r.MessageID, &r.Recipient, &r.Original, &r.Sender, &r.Stream, &r.Subject,
				&e.RemoteHost, &e.ReportingHost, &e.NextID, &e.Detail)
		case n.Queue != nil:
			q := n.Queue
			cut(&q.Host, &q.QueueID, &q.MessageID, &q.Sender, &q.Client, &q.User, &q.From)
		case n.Raw != nil:
			cut(&n.Raw.From)
			for j := range n.Raw.To {
				cut(&n.Raw.To[j])
			}
		}
	}
}

// cut shortens texts to [store.MaxText] bytes, at most one character less.
func cut(texts ...*string) {
	for _, s := range texts {
		if len(*s) > store.MaxText {
			*s = strings.ToValidUTF8((*s)[:store.MaxText], "")
		}
	}
}
