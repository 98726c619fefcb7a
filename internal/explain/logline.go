package explain

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/verdict"
)

// logPiece reads a line of a mail server's log. ok is false when it is none; the
// piece is empty when the line tells nothing that could be explained.
func logPiece(line string, offset int) (p piece, ok bool) {
	l, ok := mtalog.Parse(line)
	if !ok || l.Words == "" {
		return piece{}, ok
	}
	lead := leading(line)
	return piece{kind: KindLog, text: strings.TrimSpace(line), offset: offset + lead, log: &l}, true
}

// logLine explains what a log line says of one recipient.
func (o Options) logLine(p piece) (e Explanation, ok bool) {
	l := p.log
	e = Explanation{
		Kind: KindLog, Input: p.text, Offset: p.offset, Code: l.Code,
		Recipient: l.Recipient, RemoteHost: peerName(l.Relay),
	}
	r, err := nixie.ParseReply(wordsOf(p))
	if err != nil {
		return e, false
	}
	h := o.Hints
	h.RemoteHost = orElse(r.Host, orElse(l.Relay.Name, h.RemoteHost))
	h.Domain = orElse(domainOf(l.Recipient), h.Domain)
	switch l.Said {
	case "bounced", "expired", "force-expired":
		h.GaveUp = true
	}
	if stage, err := verdict.ParseStage(stageWord(l.Stage)); err == nil && h.Stage == verdict.StageUnknown {
		h.Stage = stage
	}
	o.judge(&e, r, h)
	return e, true
}

// wordsOf returns the words of a log line that are to be judged. Where Postfix
// gives up a message, "status=expired, returned to sender", its own word tells
// more than those behind it.
func wordsOf(p piece) string {
	if l := p.log; l.Kind == mtalog.KindExpired {
		if i := strings.Index(p.text, "status="+l.Said+", "+l.Words); i >= 0 {
			return p.text[i:]
		}
	}
	return p.log.Words
}

// stageWord turns Postfix's word for where it rejected something into ours.
func stageWord(s string) string {
	if s == "END-OF-MESSAGE" {
		return string(verdict.StageEnd)
	}
	return strings.ToLower(s)
}

// peerName is how a peer is shown: "mx.example.net[192.0.2.3]", without the port.
func peerName(p mtalog.Peer) string {
	switch {
	case p.Name == "" && p.Addr == "":
		return ""
	case p.Addr == "":
		return p.Name
	}
	return p.Name + "[" + p.Addr + "]"
}
