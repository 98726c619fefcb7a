package policy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// NewSocketmap returns a Server of socketmap, to be used as
//
//	transport_maps = socketmap:inet:127.0.0.1:PORT:transport
//
// It answers keys that are a full address, under any name of a map; for all other
// keys, such as domains and "*" (transport(5)), it says that there is no entry.
func NewSocketmap(l Looker, o Options) *Server {
	return newServer("socketmap", o, func(s *Server) exchange { return socketmap{s, l}.exchange })
}

type socketmap struct {
	server *Server
	looker Looker
}

func (m socketmap) exchange(c *conn) error {
	question, err := readNetstring(c)
	if err != nil {
		return err
	}
	began := time.Now()
	_, key, ok := bytes.Cut(question, []byte(" "))
	if !ok {
		return fmt.Errorf("%w: %.40q is no name and key", errBroken, question)
	}
	answer, word := Answer{}, unasked
	if recipient := string(key); isAddress(recipient) {
		answer, word = m.server.ask(func(ctx context.Context) (Answer, error) {
			return m.looker.Look(ctx, recipient)
		})
	}
	reply := entry(answer)
	if err := c.write([]byte(strconv.Itoa(len(reply)) + ":" + reply + ",")); err != nil {
		return err
	}
	m.server.observe(word, time.Since(began))
	return nil
}

// isAddress tells a full address from the domains, .domains, user+ext and * that
// Postfix may ask for too.
func isAddress(key string) bool {
	at := strings.LastIndexByte(key, '@')
	return at > 0 && at < len(key)-1 && key[at+1:] != "*" && strings.IndexByte(key, 0) < 0
}

// entry is a reply of socketmap_table(5) with an entry of transport(5).
func entry(a Answer) string {
	switch a.Do {
	case Refuse:
		return "OK error:5.1.0 dropped by nixie: " + cleanText(a.Text)
	case Discard:
		return "OK discard:dropped by nixie: " + cleanText(a.Text)
	}
	return "NOTFOUND "
}

// readNetstring reads "5:hello,". The result is good until the next read.
func readNetstring(c *conn) ([]byte, error) {
	length := 0
	for digits := 0; ; digits++ {
		b, err := c.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if b == ':' && digits > 0 {
			break
		}
		if b < '0' || b > '9' || digits > 0 && length == 0 {
			return nil, fmt.Errorf("%w: %q in the length of a netstring", errBroken, b)
		}
		if length = length*10 + int(b-'0'); length > MaxNetstring {
			return nil, fmt.Errorf("%w: a netstring of more than %d bytes", errBroken, MaxNetstring)
		}
	}
	text := c.buffer[:length+1]
	if _, err := io.ReadFull(c.r, text); err != nil {
		return nil, err
	}
	if text[length] != ',' {
		return nil, fmt.Errorf("%w: %q at the end of a netstring", errBroken, text[length])
	}
	return text[:length], nil
}
