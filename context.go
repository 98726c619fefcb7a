package nixie

import "strings"

// takeCommand finds the command that a text says a reply answered, and returns
// where the reply ends before that note.
func (r *Reply) takeCommand(from, to int) (end int) {
	text := r.raw
	const open = "(in reply to "
	if i := lastIndex(text[from:to], open); i >= 0 {
		rest := text[from+i+len(open) : to]
		if n := strings.IndexByte(rest, ')'); n >= 0 {
			rest = rest[:n]
		}
		r.Command = commandName(strings.TrimSuffix(rest, " command"))
		// Postfix closes every quoted reply with such a note of its own.
		end = from + i
		if j := strings.Index(text[from:end], open); j >= 0 {
			end = from + j
		}
		_, end = trim(text, from, end)
		return max(end, from)
	}
	for i := from; i < to && r.Command == ""; i++ {
		if c := text[i]; c == '[' || c == 'a' && strings.HasPrefix(text[i:to], "after ") {
			r.Command = commandAt(text[i:to])
		}
	}
	return to
}

// commandAt reads the command in "after RCPT TO:<a@b.example>" and "[RCPT_TO]",
// empty for none.
func commandAt(s string) string {
	if rest, ok := strings.CutPrefix(s, "after "); ok {
		rest = strings.TrimPrefix(rest, "pipelined ")
		for _, c := range [...]struct{ begins, is string }{
			{"MAIL FROM", "MAIL FROM"}, {"RCPT TO", "RCPT TO"}, {"end of data", "end of DATA"}, {"DATA", "DATA"},
			{"initial connection", "connect"}, {"EHLO", "EHLO"}, {"HELO", "HELO"}, {"STARTTLS", "STARTTLS"},
		} {
			if strings.HasPrefix(rest, c.begins) {
				return c.is
			}
		}
		return ""
	}
	for _, c := range [...]struct{ begins, is string }{{"[RCPT_TO]", "RCPT TO"}, {"[MAIL_FROM]", "MAIL FROM"}, {"[DATA]", "DATA"}, {"[BODY]", "end of DATA"}} {
		if strings.HasPrefix(s, c.begins) {
			return c.is
		}
	}
	return ""
}

// lastIndex is strings.LastIndex, quick where there is nothing to find.
func lastIndex(s, sub string) int {
	last := -1
	for from := 0; ; {
		i := strings.Index(s[from:], sub)
		if i < 0 {
			return last
		}
		last = from + i
		from = last + 1
	}
}

// commandName brings a command to the words of RFC 5321.
func commandName(s string) string {
	switch up := strings.ToUpper(strings.TrimSpace(s)); up {
	case "END OF DATA":
		return "end of DATA"
	case "MAIL":
		return "MAIL FROM"
	case "RCPT":
		return "RCPT TO"
	case "EHLO", "HELO", "LHLO", "AUTH", "STARTTLS", "MAIL FROM", "RCPT TO", "DATA", "QUIT", "RSET":
		return up
	}
	return strings.TrimSpace(s)
}

// takeHost finds the server that a text says a reply came from: "host
// mx.example.net[192.0.2.3] said:", "connect to mx.example.net[192.0.2.3]:25:",
// "while talking to mx.example.net.:", "[Hostname=mx.example.net]".
func (r *Reply) takeHost(from, to, start int) {
	end := to
	if start >= 0 {
		end = start
	}
	head := r.raw[from:end]
	for _, lead := range []string{"host ", "connect to ", "conversation with ", "lost connection with ", "talking to ", "Connected to "} {
		for rest := head; ; {
			i := lastIndex(rest, lead)
			if i < 0 {
				break
			}
			if host, addr := hostAt(rest[i+len(lead):]); host != "" {
				r.Host, r.Addr = host, addr
				return
			}
			rest = rest[:i]
		}
	}
	if _, tail, ok := strings.Cut(r.raw[from:to], "[Hostname="); ok {
		r.Host, _ = hostAt(tail)
		return
	}
	// Exchange Online names its servers in brackets at the end.
	if i := lastIndex(r.raw[from:to], ".outlook.com"); i >= 0 {
		name := r.raw[from : from+i+len(".outlook.com")]
		if j := strings.LastIndexByte(name, '['); j >= 0 {
			if host, _ := hostAt(name[j+1:]); host == name[j+1:] {
				r.Host = host
			}
		}
	}
}

// maxHostName bounds a host name. RFC 1035, 2.3.4.
const maxHostName = 255

// hostAt reads "mx.example.net[192.0.2.3]:25" and "mx.example.net [192.0.2.3]".
// A name without a dot is none.
func hostAt(s string) (host, addr string) {
	n := 0
	for n < len(s) && n < maxHostName && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '.' || s[n] == '-' || s[n] == '_' || s[n] >= 0x80) {
		n++
	}
	host = strings.TrimRight(s[:n], ".")
	if !strings.Contains(host, ".") {
		return "", ""
	}
	rest := strings.TrimLeft(s[n:], " ")
	if strings.HasPrefix(rest, "[") {
		if i := strings.IndexByte(rest, ']'); i > 0 && i <= len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%interface") {
			addr = rest[1:i]
		}
	}
	return host, addr
}
