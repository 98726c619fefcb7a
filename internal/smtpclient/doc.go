// Package smtpclient is the wire as a client: SMTP (RFC 5321) and LMTP (RFC 2033).
// It says what it is told to say and returns every reply word for word; what a reply
// means, and what to do next, others decide.
//
// A refusal is a value, not an error: an error is for the wire alone, a [*WireError]
// with the stage at which it broke, or for what no client may write, before the first
// byte of it is sent.
//
// What a session does:
//
//	c, err := smtpclient.Dial(ctx, smtpclient.Config{Address: "mx.example.net:25"})
//	c.Greeting()                      // a reply; with anything but 220 only Quit is left
//	reply, err := c.Hello(ctx, "mta.example.com")
//	result, err := c.Send(ctx, smtpclient.Message{From: …, To: …, Data: …})
//	reply, err = c.Quit(ctx)
//
// Reading is tolerant: a reply ends where RFC 5321 has it end, whatever stands in its
// lines, in at most [MaxReply] bytes. Writing is strict: no address, parameter or
// message can smuggle in a second command.
package smtpclient
