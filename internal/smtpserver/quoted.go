package smtpserver

import (
	"log/slog"
	"strconv"
)

// maxLogged is how many bytes of a client's text a log line takes.
const maxLogged = 200

// quoted is text of a client's in a log: in quotes, ASCII, cut.
type quoted string

// LogValue implements [slog.LogValuer].
func (q quoted) LogValue() slog.Value {
	s := string(q)
	if len(s) > maxLogged {
		s = s[:maxLogged]
	}
	return slog.StringValue(strconv.QuoteToASCII(s))
}
