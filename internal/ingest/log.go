package ingest

import (
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/mtalog"
)

// A Log makes news of the lines of one MTA's log.
type Log struct {
	*Reader
	// Name is the source's. Two logs with the same lines in them have one name, so
	// that a line counts once.
	Name string
	// Host is the machine that wrote lines which name none.
	Host  string
	Dater mtalog.Dater
}

// Counts says what became of lines.
type Counts struct {
	Lines   int // all
	News    int // that told something of a message
	Foreign int // that aren't the MTA's, or longer than [mtalog.MaxLine]
	Undated int // that told something, at no time
}

// Lines makes news of lines in their order. reference is a time shortly after they
// were written, see [mtalog.Dater.Date]; received is now.
func (g *Log) Lines(lines []string, reference, received time.Time) ([]delivery.News, Counts) {
	news := make([]delivery.News, 0, len(lines))
	c := Counts{Lines: len(lines)}
	for _, raw := range lines {
		l, ok := mtalog.Parse(raw)
		if !ok {
			c.Foreign++
			continue
		}
		before := len(news)
		at := g.Dater.Date(l.Stamp, reference)
		if news = g.line(news, raw, &l, at, received); len(news) == before {
			continue
		}
		if c.News++; at.IsZero() {
			c.Undated++
			news = news[:before]
		}
	}
	return news, c
}

func (g *Log) line(news []delivery.News, raw string, l *mtalog.Line, at, received time.Time) []delivery.News {
	host := strings.ToLower(l.Host)
	if host == "" {
		host = g.Host
	}
	queue := func(q delivery.QueueNews) []delivery.News {
		if l.QueueID == "" {
			return news
		}
		q.Host, q.QueueID, q.At = host, strings.Clone(l.QueueID), at
		return append(news, delivery.News{Queue: &q})
	}
	switch l.Kind {
	case mtalog.KindClient:
		return queue(delivery.QueueNews{Opens: true, Client: strings.Clone(l.Client.Text), User: strings.Clone(l.User), From: strings.Clone(l.OrigQueueID)})
	case mtalog.KindMessageID:
		return queue(delivery.QueueNews{MessageID: messageID(l.MessageID)})
	case mtalog.KindQueued:
		return queue(delivery.QueueNews{Sender: strings.Clone(l.Sender), SenderKnown: true, Size: l.Size})
	case mtalog.KindRemoved:
		news = queue(delivery.QueueNews{Closes: true})
	}
	e := g.event(raw, l, host)
	if e == nil {
		return news
	}
	e.Stamp(at, received, l.Stamp.Precision)
	return append(news, delivery.News{Event: e})
}

// event makes an event of a line that tells of recipients, nil of any other.
func (g *Log) event(raw string, l *mtalog.Line, host string) *delivery.Event {
	src := delivery.Source{Kind: delivery.FromLog, Name: g.Name}
	raw = strings.TrimSpace(raw)
	e := &delivery.Event{
		ID: g.IDs.New(time.Now()), Key: delivery.KeyOf(src, raw), Source: src, Proof: delivery.ProofOwn,
		ReportingHost: host, RemoteHost: strings.Clone(l.Relay.Name),
		Ref: delivery.Ref{Host: host, QueueID: strings.Clone(l.QueueID), Recipient: strings.Clone(l.Recipient), Original: strings.Clone(l.OrigTo), Create: true},
	}
	switch l.Kind {
	case mtalog.KindExpired:
		return wide(e, delivery.GaveUp, delivery.Expired)
	case mtalog.KindRemoved:
		if l.Deleted() {
			e.Detail = "deleted by the administrator"
			return wide(e, delivery.Drop, delivery.Dropped)
		}
	case mtalog.KindReject, mtalog.KindDiscard:
		if l.Kind == mtalog.KindDiscard && l.QueueID != "" {
			e.Detail = "discarded: " + strings.Clone(l.Words)
			return wide(e, delivery.Drop, delivery.Dropped)
		}
		return g.rejected(e, l)
	case mtalog.KindDelivery:
		return g.delivered(e, l)
	}
	return nil
}

// wide makes the event of a line about all who still wait for a message; nil if
// the line doesn't say which.
func wide(e *delivery.Event, k delivery.Kind, told delivery.Outcome) *delivery.Event {
	if e.Ref.QueueID == "" {
		return nil
	}
	e.Kind, e.Told, e.Wide, e.Ref.Recipient, e.Ref.Original = k, told, true, "", ""
	return e
}

// delivered makes the event of a try to deliver; nil for a probe, which is none.
func (g *Log) delivered(e *delivery.Event, l *mtalog.Line) *delivery.Event {
	if l.Probe || l.Recipient == "" || l.QueueID == "" {
		return nil
	}
	e.Kind = delivery.Attempt
	switch {
	case l.Said == "sent" && discarded(l):
		e.Kind, e.Told = delivery.Drop, delivery.Dropped
	case l.Said == "sent":
		e.Told = delivery.Delivered
		e.NextID = nextID(l)
	case l.Said == "deferred", l.SoftBounce:
		e.Told = delivery.Deferred
		if suspended(l) {
			e.Kind = delivery.Delayed
		}
	case l.Said == "bounced":
		e.Told = delivery.Failed
		if delivery.IsDropReply(l.Words) && strings.HasSuffix(l.Program, "/error") {
			e.Kind, e.Told = delivery.Drop, delivery.Dropped
		}
	case strings.HasSuffix(l.Said, "expired"):
		e.Kind, e.Told = delivery.GaveUp, delivery.Expired
	default:
		return nil
	}
	e.Soft = l.SoftBounce
	if e.Kind != delivery.Drop {
		g.say(e, l.Words, l.Code)
		return e
	}
	if delivery.IsDropReply(l.Words) { // they repeat what was said to an earlier message
		g.say(e, l.Words, l.Code)
	} else { // it was thrown away: there is nothing to judge in the code of a success
		e.Reply = strings.ToValidUTF8(l.Words, "\uFFFD")
	}
	e.Code, e.ReplyCode = l.Code, 0
	return e
}

// discarded reports whether what is logged as sent was thrown away: by discard(8), or
// by amavis where final_spam_destiny is D_DISCARD.
func discarded(l *mtalog.Line) bool {
	return strings.HasSuffix(l.Program, "/discard") || l.Relay.Local() && strings.HasPrefix(l.Words, "250 2.7.0 Ok, discarded, ")
}

// nextID returns the next queue id of a message that was taken, as far as is told.
func nextID(l *mtalog.Line) string {
	next := l.NextID()
	switch {
	case next == l.QueueID: // no queue hands to itself, whatever a server says
		return ""
	case next == "" && (strings.HasSuffix(l.Program, "/pipe") || l.Relay.Local()):
		return delivery.NextUntold + strings.Clone(l.Relay.Text)
	}
	return strings.Clone(next)
}

// suspended reports whether nobody was tried: the queue manager puts mail off for a
// while after others for the same destination failed. src/qmgr/qmgr_queue.c. It says so
// itself or has error(8) say so, under whatever name; a server's words would have
// "host … said" before them. error(8) tries nobody, whatever it puts mail off for, as
// where no route could be looked up. src/qmgr/qmgr_message.c.
func suspended(l *mtalog.Line) bool {
	return strings.HasSuffix(l.Program, "/error") || strings.HasPrefix(l.Words, "delivery temporarily suspended: ")
}

// rejected makes the event of a refusal by our own server. Where it is the answer
// that we told it to give, the event is about that drop.
func (g *Log) rejected(e *delivery.Event, l *mtalog.Line) *delivery.Event {
	if l.Recipient == "" {
		return nil
	}
	e.Kind = delivery.RefusedHere
	e.Ref.Create = false
	e.Ref.Sender, e.Ref.SenderKnown = strings.Clone(l.Sender), true
	e.RemoteHost = strings.Clone(l.Client.Text)
	e.Ref.Delivery, _ = delivery.DropRef(l.Words)
	g.say(e, l.Words, l.Code)
	return e
}

// messageID is a Message-ID in angle brackets; empty if it is none.
func messageID(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if s == "" || len(s) > delivery.MaxMessageID || strings.ContainsAny(s, " \t\r\n") {
		return ""
	}
	return "<" + strings.ToValidUTF8(s, "\uFFFD") + ">"
}
