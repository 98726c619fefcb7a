package smtpclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
)

// Hello says who we are: EHLO, or HELO if the server doesn't know that (500 or 502:
// RFC 5321, 3.2), or LHLO in LMTP. It returns the reply to the last of them. What the
// server offers is known afterwards: see [Client.Offers].
func (c *Client) Hello(ctx context.Context, name string) (nixie.Reply, error) {
	if !isHelloName(name) {
		return nixie.Reply{}, fmt.Errorf("smtpclient: the name %+.80q: want a domain or an [address] in ASCII: %w", name, ErrUnwritable)
	}
	verb := "EHLO "
	if c.config.LMTP {
		verb = "LHLO "
	}
	r, err := c.ask(ctx, StageHello, verb+name)
	if n := r.ReplyCode(); err == nil && !c.config.LMTP && (n == 500 || n == 502) {
		verb = "HELO "
		r, err = c.ask(ctx, StageHello, verb+name)
	}
	if err == nil && accepts(r) {
		c.open, c.taken, c.offered = false, 0, map[string]string{}
		if verb != "HELO " {
			c.offered = extensions(r)
		}
	}
	return r, err
}

// extensions reads what stands in the lines of the reply to EHLO, the first aside. An
// = behind a keyword, as in "AUTH=PLAIN", is from before RFC 2554. A keyword that is
// listed twice has the words of both.
func extensions(r nixie.Reply) map[string]string {
	offered := map[string]string{}
	for i, l := range r.Lines {
		text, _, _ := strings.Cut(r.String()[l.Start:l.End], "\n")
		if i == 0 || len(text) <= len("250 ") {
			continue
		}
		text = strings.TrimSpace(text[len("250 "):])
		end := strings.IndexAny(text, " \t=\r")
		if end < 0 {
			end = len(text)
		}
		keyword, words := strings.ToUpper(text[:end]), strings.Trim(text[end:], " \t=\r")
		if had := offered[keyword]; had != "" {
			words = strings.TrimSpace(had + " " + words)
		}
		if keyword != "" {
			offered[keyword] = words
		}
	}
	return offered
}

// Offers reports whether the server listed an extension, and the words behind its
// keyword: "PIPELINING", "SIZE". After StartTLS nothing is known until the next Hello.
func (c *Client) Offers(keyword string) (words string, ok bool) {
	words, ok = c.offered[strings.ToUpper(keyword)]
	return words, ok
}

// Offered returns the keywords of all listed extensions, in upper case, sorted. They are hostile text.
func (c *Client) Offered() []string {
	var list []string
	for keyword := range c.offered {
		list = append(list, keyword)
	}
	slices.Sort(list)
	return list
}

// Mail begins a message from a sender. Parameters of extensions that were not offered
// are refused: ErrNotOffered.
func (c *Client) Mail(ctx context.Context, from Path) (nixie.Reply, error) {
	line, err := c.mailLine(from)
	if err != nil {
		return nixie.Reply{}, err
	}
	r, err := c.ask(ctx, StageMail, line)
	c.mailed(r)
	return r, err
}

func (c *Client) mailed(r nixie.Reply) {
	if accepts(r) {
		c.open, c.taken = true, 0
	}
}

func (c *Client) mailLine(from Path) (string, error) {
	if err := c.checkOffered(from); err != nil {
		return "", err
	}
	if !isASCII(from.Address) && !slices.ContainsFunc(from.Params, func(p Param) bool { return strings.EqualFold(p.Name, "SMTPUTF8") }) {
		return "", fmt.Errorf("smtpclient: the sender %+q is not ASCII; add the parameter SMTPUTF8 (RFC 6531, 3.4): %w", from.Address, ErrUnwritable)
	}
	return pathCommand("MAIL FROM:", from, true)
}

// Rcpt adds a recipient.
func (c *Client) Rcpt(ctx context.Context, to Path) (nixie.Reply, error) {
	line, err := c.rcptLine(to)
	if err != nil {
		return nixie.Reply{}, err
	}
	r, err := c.ask(ctx, StageRcpt, line)
	c.rcpted(r)
	return r, err
}

func (c *Client) rcpted(r nixie.Reply) {
	if accepts(r) {
		c.taken++
	}
}

func (c *Client) rcptLine(to Path) (string, error) {
	if err := c.checkOffered(to); err != nil {
		return "", err
	}
	if _, ok := c.Offers("SMTPUTF8"); !ok && !isASCII(to.Address) && !c.config.Unoffered {
		return "", fmt.Errorf("smtpclient: SMTPUTF8 for the recipient %+q: %w", to.Address, ErrNotOffered)
	}
	return pathCommand("RCPT TO:", to, false)
}

// checkOffered refuses parameters of extensions that the server did not list. RFC 5321, 2.2.1.
func (c *Client) checkOffered(p Path) error {
	if c.config.Unoffered {
		return nil
	}
	for _, q := range p.Params {
		extension := extensionOf(q.Name)
		if _, ok := c.Offers(extension); !ok {
			return fmt.Errorf("smtpclient: %s for the parameter %+.40q: %w", extension, q.Name, ErrNotOffered)
		}
	}
	return nil
}

// extensionOf returns the keyword of the extension a parameter belongs to. Most are named alike.
func extensionOf(param string) string {
	switch name := strings.ToUpper(param); name {
	case "BODY":
		return "8BITMIME" // RFC 6152, 2
	case "RET", "ENVID", "NOTIFY", "ORCPT":
		return "DSN" // RFC 3461, 4
	case "BY":
		return "DELIVERBY" // RFC 2852, 2
	case "HOLDFOR", "HOLDUNTIL":
		return "FUTURERELEASE" // RFC 4865, 4
	default:
		return name
	}
}

// Reset forgets the message that was begun.
func (c *Client) Reset(ctx context.Context) (nixie.Reply, error) {
	r, err := c.ask(ctx, StageReset, "RSET")
	if accepts(r) {
		c.open, c.taken = false, 0
	}
	return r, err
}

// Noop asks for nothing but a reply.
func (c *Client) Noop(ctx context.Context) (nixie.Reply, error) {
	return c.ask(ctx, StageOther, "NOOP")
}

// Verify asks whether there is a mailbox: VRFY.
func (c *Client) Verify(ctx context.Context, mailbox string) (nixie.Reply, error) {
	if strings.TrimSpace(mailbox) == "" {
		return nixie.Reply{}, fmt.Errorf("smtpclient: VRFY of nobody; give a name or an address: %w", ErrUnwritable)
	}
	return c.ask(ctx, StageVerify, "VRFY "+mailbox)
}

// Command sends a line of its own making, such as "HELP" or "EXPN list", and returns
// the reply. Commands that change the session have methods of their own and are
// refused: ErrUnwritable.
func (c *Client) Command(ctx context.Context, line string) (nixie.Reply, error) {
	verb, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "", "EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT", "ETRN", "TURN", "ATRN":
		return nixie.Reply{}, fmt.Errorf("smtpclient: the command %+.80q changes the session; use the method for it: %w", line, ErrUnwritable)
	}
	return c.ask(ctx, StageOther, line)
}

// Quit says goodbye and closes the connection, whatever the reply.
func (c *Client) Quit(ctx context.Context) (nixie.Reply, error) {
	r, err := c.ask(ctx, StageQuit, "QUIT")
	c.end(errors.New("QUIT was said"))
	_ = c.raw.Close()
	return r, err
}
