package smtpclient

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// maxGroup is how many commands are sent before their replies are read. Their replies,
// of at most 512 bytes each (RFC 5321, 4.5.3.1.5), fit into what a connection buffers, so
// that neither side waits for the other to read. RFC 2920, 3.1.
const maxGroup = 50

// A Message is what Send hands over.
type Message struct {
	From Path
	To   []Path // at least one
	// Data is header and body: every line ends in CRLF, and no CR or LF stands elsewhere.
	Data []byte
}

// A Result is what was said of a message. A reply that was not asked for, or did not
// come any more, is the zero Reply, which has no Lines.
type Result struct {
	Mail nixie.Reply
	// Rcpt has one for each of Message.To.
	Rcpt []nixie.Reply
	// Data answers the command; the zero Reply if nobody was accepted and it was not said.
	Data nixie.Reply
	// End answers the message: one, or in LMTP one for each accepted recipient, in
	// their order. It is nil if the message was not sent.
	End  []nixie.Reply
	lmtp bool
}

// For returns the reply that decided about the recipient To[i]: the first refusal, or
// else the last yes. It is the zero Reply, and nothing is known, if the session broke.
func (r *Result) For(i int) nixie.Reply {
	if !accepts(r.Mail) {
		return r.Mail
	}
	if !accepts(r.Rcpt[i]) {
		return r.Rcpt[i]
	}
	if !goesOn(r.Data) {
		return r.Data
	}
	n := 0
	if r.lmtp {
		for _, other := range r.Rcpt[:i] {
			if accepts(other) {
				n++
			}
		}
	}
	if n >= len(r.End) {
		return nixie.Reply{}
	}
	return r.End[n]
}

// Send hands over one message: MAIL, RCPT for each recipient, DATA and the message, in
// as few packets as the server allows (RFC 2920). If a message that was begun is still
// open, it is forgotten first. Nothing more is said after the sender or all recipients are
// refused; the session can go on.
//
// Send adds SIZE where it is offered, BODY=8BITMIME where the message needs it and
// SMTPUTF8 where an address does, unless From has them; what the server doesn't offer
// is ErrNotOffered, and nothing is sent.
//
// With an error, the Result has the replies that came before. See [WireError] for
// what is known then.
func (c *Client) Send(ctx context.Context, m Message) (Result, error) {
	result := Result{Rcpt: make([]nixie.Reply, len(m.To)), lmtp: c.config.LMTP}
	lines, err := c.lines(m)
	if err != nil {
		return result, err
	}
	if c.open {
		if _, err := c.Reset(ctx); err != nil {
			return result, err
		}
	}
	if err := c.envelope(ctx, lines, &result); err != nil || c.ended != nil {
		return result, err
	}
	if len(result.Data.Lines) == 0 && accepts(result.Mail) && c.taken > 0 {
		result.Data, err = c.ask(ctx, StageData, "DATA")
		if err != nil {
			return result, err
		}
	}
	if c.ended != nil || !goesOn(result.Data) {
		return result, nil
	}
	result.End, err = c.message(ctx, m.Data)
	return result, err
}

// lines are the commands of a message, DATA the last.
func (c *Client) lines(m Message) ([]command, error) {
	if len(m.To) == 0 {
		return nil, fmt.Errorf("smtpclient: a message to nobody; give at least one recipient: %w", ErrUnwritable)
	}
	if err := checkLineEnds(m.Data); err != nil {
		return nil, err
	}
	from := Path{Address: m.From.Address, Params: c.mailParams(m)}
	mail, err := c.mailLine(from)
	if err != nil {
		return nil, err
	}
	lines := []command{{stage: StageMail, line: mail}}
	for _, to := range m.To {
		rcpt, err := c.rcptLine(to)
		if err != nil {
			return nil, err
		}
		lines = append(lines, command{stage: StageRcpt, line: rcpt})
	}
	return append(lines, command{stage: StageData, line: "DATA"}), nil
}

// mailParams are the sender's parameters and those that the message needs.
func (c *Client) mailParams(m Message) []Param {
	params := slices.Clone(m.From.Params)
	add := func(name, value string) {
		if !slices.ContainsFunc(params, func(p Param) bool { return strings.EqualFold(p.Name, name) }) {
			params = append(params, Param{name, value})
		}
	}
	if _, ok := c.Offers("SIZE"); ok {
		add("SIZE", strconv.Itoa(len(m.Data)))
	}
	if !isASCII(m.Data) {
		add("BODY", "8BITMIME")
	}
	if !isASCII(m.From.Address) || slices.ContainsFunc(m.To, func(p Path) bool { return !isASCII(p.Address) }) {
		add("SMTPUTF8", "")
	}
	return params
}

// envelope sends the commands, in groups if the server takes them so, and sorts the
// replies. DATA is sent only at the end of a first group that holds all; where there
// are more groups it waits until there is a recipient to send for.
func (c *Client) envelope(ctx context.Context, lines []command, result *Result) error {
	size := 1
	if _, ok := c.Offers("PIPELINING"); ok {
		size = maxGroup
	}
	if len(lines) > size {
		lines = lines[:len(lines)-1]
	}
	for sent := 0; sent < len(lines); {
		group := lines[sent:min(sent+size, len(lines))]
		replies, err := c.group(ctx, group...)
		for i, r := range replies {
			switch group[i].stage {
			case StageMail:
				result.Mail = r
				c.mailed(r)
			case StageRcpt:
				result.Rcpt[sent+i-1] = r
				c.rcpted(r)
			case StageData:
				result.Data = r
			}
		}
		if err != nil || c.ended != nil || !accepts(result.Mail) {
			return err
		}
		sent += len(group)
	}
	return nil
}
