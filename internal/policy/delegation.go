package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// NewPolicy returns a Server of policy delegation.
func NewPolicy(c Checker, o Options) *Server {
	return newServer("policy", o, func(s *Server) exchange { return delegation{s, c}.exchange })
}

type delegation struct {
	server  *Server
	checker Checker
}

// request is what is kept of a question's attributes.
type request struct {
	kind string
	Asked
}

func (d delegation) exchange(c *conn) error {
	r, err := readRequest(c)
	if err != nil {
		return err
	}
	began := time.Now()
	answer, word := Answer{}, unasked
	// With DATA and END-OF-MESSAGE the recipient is there only if there is but one,
	// which was asked about before; VRFY sends no mail.
	if r.kind == "smtpd_access_policy" && r.State == "RCPT" && r.Recipient != "" {
		answer, word = d.server.ask(func(ctx context.Context) (Answer, error) {
			return d.checker.Check(ctx, r.Asked)
		})
	}
	if err := c.write([]byte("action=" + d.action(answer) + "\n\n")); err != nil {
		return err
	}
	d.server.observe(word, time.Since(began))
	return nil
}

// action is what access(5) lets a table say.
func (d delegation) action(a Answer) string {
	do := a.Do
	if do == Discard && !d.server.options.DiscardMessages {
		do = Refuse
	}
	switch do {
	case Refuse:
		return "550 5.1.0 dropped by nixie: " + cleanText(a.Text)
	case Discard:
		return "DISCARD dropped by nixie: " + cleanText(a.Text)
	case Note:
		return "WARN nixie: " + cleanText(a.Text)
	}
	return "DUNNO"
}

// readRequest reads attributes up to the empty line. Where one comes twice, the last
// counts; the protocol leaves that to us.
func readRequest(c *conn) (request, error) {
	var r request
	size := 0
	for n := 0; ; n++ {
		line, err := c.readLine()
		if err != nil {
			return request{}, err
		}
		if len(line) == 0 && n > 0 {
			return r, nil
		}
		size += len(line)
		if n == MaxAttributes || size > MaxRequest {
			return request{}, fmt.Errorf("%w: more than %d attributes or %d bytes", errBroken, MaxAttributes, MaxRequest)
		}
		name, value, ok := bytes.Cut(line, []byte("="))
		if !ok || bytes.IndexByte(line, 0) >= 0 {
			return request{}, fmt.Errorf("%w: %.40q is no attribute", errBroken, line)
		}
		r.set(string(name), value)
	}
}

func (r *request) set(name string, value []byte) {
	switch name {
	case "request":
		r.kind = string(value)
	case "protocol_state":
		r.State = string(value)
	case "recipient":
		r.Recipient = string(value)
	case "sender":
		r.Sender = string(value)
	case "sasl_username":
		r.SASLUser = string(value)
	case "client_address":
		r.Client = string(value)
	case "instance":
		r.Instance = string(value)
	case "queue_id":
		r.QueueID = string(value)
	}
}

// errBroken is what the error for a question that breaks the protocol matches.
var errBroken = errors.New("the peer breaks the protocol")
