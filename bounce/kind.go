package bounce

import (
	"strings"

	"github.com/nixiemail/nixie/internal/mimetree"
)

// kindOf weighs what speaks for a bounce, and else says what the message is.
func (r *reading) kindOf(f int) Kind {
	h := &r.head
	if f >= 0 {
		if k := r.formats[f].Kind; k != "" {
			return k
		}
	}
	away := h.subjectSays.has(listAwaySubject)
	sure := (r.parts.status >= 0 || len(h.failed) > 0 && !h.list && (!h.ownPath || h.sender != senderOther)) && !(h.reply && h.sender == senderOther)
	points := r.points(f, away)
	if points >= enoughPoints-2 && points < enoughPoints && !sure {
		points += r.pointsForLayout()
	}
	automatic := h.subjectSays.has(listAutoSubject) || h.awayHeader || h.autoSubmitted == "auto-replied"
	switch {
	case sure || points >= enoughPoints:
		return DeliveryReport
	case h.list:
		return Other
	case r.said[wordHeld] && h.nullPath && !r.said[wordChallenge]:
		return AutoReply
	case r.said[wordChallenge]:
		r.res.Subtype = "challenge"
		return AutoReply
	case away, automatic && r.said[wordAway]:
		r.res.Subtype = "out-of-office"
		return AutoReply
	case automatic && !h.reply:
		return AutoReply
	}
	return Other
}

// pointsForLayout adds what the words' layout says in any language: an address that
// stands apart, a reply.
func (r *reading) pointsForLayout() (points int) {
	r.findHeadings()
	for i := range r.headings {
		h := &r.headings[i]
		if r.sendersOwn(h) || r.office(h) {
			continue
		}
		if points = max(points, 1); h.weight >= weightLabel && r.head.sender != senderOther {
			points = 2
			break
		}
	}
	for i := range r.spoken {
		if isReplyLine(r.words.text[r.spoken[i].start:r.spoken[i].end]) {
			points++
			break
		}
	}
	r.headings, r.spoken = r.headings[:0], r.spoken[:0]
	return points
}

// enoughPoints make a bounce.
const enoughPoints = 5

// points weighs what speaks for a bounce.
func (r *reading) points(f int, away bool) int {
	h := &r.head
	points := 0
	add := func(has bool, n int) {
		if has {
			points += n
		}
	}
	add(h.sender == senderDaemon, 2)
	add(h.sender == senderRole, 1)
	add(h.nullPath, 2)
	add(h.ownPath && f < 0, -4)
	add(h.subjectSays.has(listBounceSubject), 2)
	add(r.said[wordFailed] || r.said[wordDelayed] || r.said[wordExpired], 2)
	add(r.said[wordDelivered], 1)
	add(r.res.Report != nil && len(r.res.Report.Recipients) > 0, 2)
	add(f >= 0, 3)
	automatic := h.autoSubmitted == "auto-replied" || h.autoSubmitted == "auto-generated"
	add(automatic && h.sender != senderOther, 1)
	add(automatic && h.sender == senderOther && f < 0, -2)
	add(h.sender == senderOther && f < 0 && r.res.Original.IsZero(), -1)
	add(!r.res.Original.IsZero(), 1)
	switch {
	case h.reply && h.nullPath:
		add(f < 0, -1)
	case h.reply:
		add(true, -4)
	}
	add(h.list, -3)
	add(away, -4)
	add(r.said[wordAway] && h.sender != senderDaemon, -1)
	add(r.said[wordHeld] || r.said[wordNotice] || r.said[wordChallenge] && h.sender != senderDaemon, -4)
	return points
}

// disposition reads a receipt. RFC 8098, 3.2.6.2.
func (r *reading) disposition() {
	r.res.Kind, r.res.Format = Disposition, "rfc8098"
	fields, _ := mimetree.ParseHeader(r.tree.Text(r.parts.disposition, MaxWords))
	value := fields.Get("Disposition")
	if _, after, ok := strings.Cut(value, ";"); ok {
		value = after
	}
	value, _, _ = strings.Cut(value, "/")
	r.res.Subtype = strings.ToLower(strings.TrimSpace(value))
}

// feedback reads an abuse report. RFC 5965, 3.
func (r *reading) feedback() {
	r.res.Kind, r.res.Format = Feedback, "rfc5965"
	fields, _ := mimetree.ParseHeader(r.tree.Text(r.parts.feedback, MaxWords))
	r.res.Subtype = strings.ToLower(fields.Get("Feedback-Type"))
	var seen addressSet
	for _, name := range [...]string{"Original-Rcpt-To", "Removal-Recipient"} {
		for value := range fields.All(name) {
			if a := cleanAddress(value); a != "" && len(r.res.Recipients) < MaxRecipients && seen.add(addressKey(a)) {
				r.res.Recipients = append(r.res.Recipients, Recipient{Address: a, Taken: Taken{Address: Status}})
			}
		}
	}
	if len(r.res.Recipients) == 0 {
		r.complainedOriginal()
	}
}

// complainedOriginal takes the recipients from the message complained of.
func (r *reading) complainedOriginal() {
	to := r.res.Original.Field("To")
	for at := 0; len(r.res.Recipients) < maxTo; {
		a, ok := nextAddress(to, at)
		if !ok {
			return
		}
		r.res.Recipients = append(r.res.Recipients, Recipient{Address: a.text(to), Taken: Taken{Address: Returned}})
		at = a.end
	}
}
