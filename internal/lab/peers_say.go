package lab

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// greetingPeers fail before a word of the client.
func greetingPeers() []peer {
	greet := func(name, means string, a smtpserver.Answer) peer {
		return peer{name: name, means: means, answer: at(smtpserver.StageConnect, a)}
	}
	slow := raw("220 mx.lab.test ESMTP after a while\r\n")
	slow.Stall = 10 * time.Second
	return []peer{
		greet("greeting-421", "greets with 421, and closes", rawClose("421 mx.lab.test Too busy, try again later\r\n")),
		greet("greeting-521", "greets with 521: takes no mail at all (RFC 7504)", rawClose("521 mx.lab.test does not accept mail\r\n")),
		greet("greeting-554", "greets with 554: no service for this client (RFC 5321, 3.1)", raw("554 mx.lab.test No SMTP service for you here\r\n")),
		greet("greeting-code", "has an enhanced status code in the greeting, where none may be (RFC 2034, 4)", raw("220 2.0.0 mx.lab.test ESMTP\r\n")),
		greet("greeting-lines", "greets with many lines (RFC 5321, 4.2)", raw("220-mx.lab.test ESMTP\r\n220-No unsolicited mail\r\n220-\r\n220 Ready\r\n")),
		greet("greeting-slow", "greets after ten seconds", slow),
		greet("greeting-silent", "takes the connection and says nothing", silent()),
		greet("greeting-close", "takes the connection and closes it", smtpserver.Answer{Close: true}),
		greet("greeting-reset", "takes the connection and resets it", smtpserver.Answer{Close: true, Reset: true}),
		greet("greeting-http", "speaks HTTP", rawClose("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
	}
}

// helloPeers fail at EHLO, or lie in what they list there.
func helloPeers() []peer {
	extended := func(a smtpserver.Answer) func(*smtpserver.Session, smtpserver.Command, smtpserver.Answer) smtpserver.Answer {
		return func(_ *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
			if c.Verb == "EHLO" {
				return a
			}
			return own
		}
	}
	without := func(name, means string, keywords ...string) peer {
		return peer{name: name, means: means, offer: func(list []string) []string { return drop(list, keywords...) }}
	}
	return []peer{
		{name: "ehlo-502", means: "knows no EHLO, only HELO", within: extended(raw("502 Command not implemented\r\n"))},
		{name: "ehlo-421", means: "answers EHLO with 421, and closes", within: extended(rawClose("421 mx.lab.test Closing\r\n"))},
		{name: "ehlo-550", means: "refuses EHLO and HELO", answer: at(smtpserver.StageHello, raw("550 I don't talk to you\r\n"))},
		{name: "ehlo-close", means: "closes the connection at EHLO", within: extended(smtpserver.Answer{Close: true})},
		{name: "ehlo-silent", means: "answers nothing to EHLO", answer: at(smtpserver.StageHello, silent())},
		{name: "ehlo-code", means: "has an enhanced status code in the answer to EHLO, where none may be (RFC 2034, 4)",
			answer: func(s smtpserver.Stage, a smtpserver.Answer) smtpserver.Answer {
				if s != smtpserver.StageHello {
					return a
				}
				return rewritten(a, func(b []byte) []byte { return bytes.Replace(b, b[4:], append([]byte("2.0.0 "), b[4:]...), 1) })
			}},
		without("no-extensions", "lists no extension", "*"),
		without("no-pipelining", "lists no PIPELINING", "PIPELINING"),
		without("no-8bitmime", "lists no 8BITMIME, and so no SMTPUTF8 (RFC 6531, 3.1)", "8BITMIME", "SMTPUTF8"),
		without("no-smtputf8", "lists no SMTPUTF8", "SMTPUTF8"),
		without("no-dsn", "lists no DSN", "DSN"),
		without("no-starttls", "lists no STARTTLS", "STARTTLS"),
		{name: "listed-not-taken", means: "lists extensions whose parameters it then refuses", take: func(string) bool { return false }},
		{name: "taken-not-listed", means: "takes parameters of extensions that it doesn't list",
			offer: func(list []string) []string { return drop(list, "*") }, take: func(string) bool { return true }},
		without("sent-not-listed", "sends enhanced status codes but doesn't list ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES"),
		{name: "listed-not-sent", means: "lists ENHANCEDSTATUSCODES but sends none", answer: rewrite(withoutCodes)},
		{name: "size-small", means: "lists SIZE 1000, and takes nothing greater", message: 1000},
	}
}

// drop returns the list without the extensions of these keywords; "*" drops all.
func drop(list []string, keywords ...string) []string {
	var kept []string
	for _, line := range list {
		keyword, _, _ := strings.Cut(line, " ")
		gone := false
		for _, k := range keywords {
			gone = gone || k == "*" || k == keyword
		}
		if !gone {
			kept = append(kept, line)
		}
	}
	return kept
}

// inCode matches what stands before the words of a line of a reply.
var inCode = regexp.MustCompile(`(?m)^([245]\d\d)([ -])(?:([245])\.(\d+)\.(\d+) ?)?`)

func withoutCodes(b []byte) []byte { return inCode.ReplaceAll(b, []byte("$1$2")) }

// replyPeers spoil every reply.
func replyPeers() []peer {
	spoil := func(name, means string, f func([]byte) []byte) peer {
		return peer{name: name, means: means, answer: rewrite(f)}
	}
	pieces := func(name, means string, f func([]byte) smtpserver.Answer) peer {
		return peer{name: name, means: means, answer: func(s smtpserver.Stage, a smtpserver.Answer) smtpserver.Answer {
			b := bytesOf(a)
			if s == smtpserver.StageConnect || s == smtpserver.StageHello || a.ReplyCode()/100 == 3 || len(b) == 0 {
				return a
			}
			p := f(b)
			p.Stall = a.Stall
			if a.Close || a.ReplyCode() == 421 {
				p.Then = append(p.Then, smtpserver.Answer{Close: true, Reset: a.Reset})
			}
			return p
		}}
	}
	return []peer{
		spoil("code-on-one-line", "has the code on the first line of a reply only (RFC 2034, 4 wants it on each)", func(b []byte) []byte {
			return fmt.Appendf(nil, "%s-%s%s See https://lab.test/help\r\n", b[:3], lastLine(b)[4:], b[:3])
		}),
		spoil("class-against-reply", "has a code of another class than the reply code's", func(b []byte) []byte {
			return inCode.ReplaceAllFunc(b, func(m []byte) []byte {
				if i := bytes.IndexByte(m, '.'); i > 0 {
					m = bytes.Clone(m)
					m[i-1] = map[byte]byte{'2': '5', '4': '5', '5': '4'}[m[i-1]]
				}
				return m
			})
		}),
		spoil("leading-zeros", "has leading zeros in codes: 5.01.001 (RFC 3463, 2 has none)", func(b []byte) []byte {
			return inCode.ReplaceAllFunc(b, func(m []byte) []byte {
				n := inCode.FindSubmatch(m)
				if len(n[3]) == 0 {
					return m
				}
				return fmt.Appendf(nil, "%s%s%s.0%s.00%s ", n[1], n[2], n[3], n[4], n[5])
			})
		}),
		{name: "code-in-354", means: "has a code in the answer to DATA, where none may be (RFC 2034, 4)",
			answer: func(s smtpserver.Stage, a smtpserver.Answer) smtpserver.Answer {
				if s != smtpserver.StageData || a.ReplyCode() != 354 {
					return a
				}
				return raw("354 2.0.0 End with CRLF.CRLF\r\n")
			}},
		spoil("qmail", "says codes as qmail does, in brackets behind the words: (#5.1.1)", func(b []byte) []byte {
			last := lastLine(b)
			m := inCode.FindSubmatch(last)
			if m == nil || len(m[3]) == 0 || m[1][0] == '2' {
				return withoutCodes(b)
			}
			words := strings.TrimRight(string(last[len(m[0]):]), "\r\n")
			return fmt.Appendf(nil, "%s sorry, %s (#%s.%s.%s)\r\n", m[1], words, m[3], m[4], m[5])
		}),
		spoil("bare-lf", "ends its lines in LF alone", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }),
		spoil("8-bit", "says bytes that are no UTF-8", func(b []byte) []byte {
			return bytes.Replace(b, []byte("\r\n"), []byte(" - f\xfcr \xabM\xfcller\xbb\r\n"), 1)
		}),
		spoil("control", "says control characters, of a terminal too", func(b []byte) []byte {
			return bytes.Replace(b, []byte("\r\n"), []byte(" \x1b[31mred\x1b[0m\x07\x00\r\n"), 1)
		}),
		spoil("hundred-lines", "answers in a hundred lines", func(b []byte) []byte {
			last := lastLine(b)
			line := bytes.Clone(last)
			line[3] = '-'
			return append(bytes.Repeat(line, 99), last...)
		}),
		spoil("long-line", "answers in one line of 4,000 bytes (RFC 5321, 4.5.3.1.5 allows 512)", func(b []byte) []byte {
			return fmt.Appendf(nil, "%s %s\r\n", strings.TrimRight(string(lastLine(b)), "\r\n"), strings.Repeat("and so on ", 400))
		}),
		spoil("no-words", "says reply codes alone, without a word", func(b []byte) []byte { return append(bytes.Clone(b[:3]), "\r\n"...) }),
		spoil("no-reply-code", "says words without a reply code", func(b []byte) []byte { return b[4:] }),
		pieces("split", "sends each reply in many packets", split),
		pieces("half", "sends half a reply, then nothing", func(b []byte) smtpserver.Answer {
			a := raw(string(b[:len(b)/2]))
			a.Then = []smtpserver.Answer{silent()}
			return a
		}),
		pieces("half-close", "sends half a reply, then closes", func(b []byte) smtpserver.Answer { return rawClose(string(b[:len(b)/2])) }),
	}
}

// lastLine is the last line of a reply, with its end.
func lastLine(b []byte) []byte {
	if i := bytes.LastIndexByte(b[:len(b)-1], '\n'); i >= 0 {
		return b[i+1:]
	}
	return b
}

// split cuts a reply into up to sixteen pieces.
func split(b []byte) smtpserver.Answer {
	const most = 16
	n := (len(b) + most - 1) / most
	first := raw(string(b[:n]))
	for b = b[n:]; len(b) > 0; b = b[n:] {
		n = min(n, len(b))
		next := raw(string(b[:n]))
		next.Stall = time.Millisecond
		first.Then = append(first.Then, next)
	}
	return first
}
