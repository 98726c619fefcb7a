package bounce

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/mimetree"
)

// awsNotification is what Amazon SES writes to an SNS topic, which may be a
// mailbox. https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
type awsNotification struct {
	NotificationType string
	EventType        string
	Mail             struct {
		CommonHeaders struct {
			From, To                 []string
			Subject, MessageID, Date string
		}
	}
	Bounce struct {
		BounceType        string
		ReportingMTA      string
		Timestamp         string
		BouncedRecipients []struct{ EmailAddress, Action, Status, DiagnosticCode string }
	}
	Complaint struct {
		ComplaintFeedbackType string
		ComplainedRecipients  []struct{ EmailAddress string }
	}
	Delivery struct {
		Recipients                 []string
		SMTPResponse, ReportingMTA string
		Timestamp                  string
	}
	DeliveryDelay struct {
		ReportingMTA      string
		ExpirationTime    string
		DelayedRecipients []struct{ EmailAddress, Status, DiagnosticCode string }
	}
}

// notification reads a message whose text is a JSON object of Amazon's.
func (r *reading) notification() bool {
	if r.parts.text < 0 || r.head.sender == senderOther && indexFold(r.head.from, "amazon") < 0 {
		return false
	}
	switch body := strings.TrimLeft(cutAt(r.tree.Parts[r.parts.text].Body, 100), " \r\n"); {
	case strings.HasPrefix(body, "{"):
	case strings.HasPrefix(body, "e") && r.tree.Parts[r.parts.text].Encoding == mimetree.Base64: // what { becomes
	default:
		return false
	}
	text := strings.TrimLeft(r.tree.Text(r.parts.text, MaxWords), " \n")
	if !strings.HasPrefix(text, "{") {
		return false
	}
	var n awsNotification
	var envelope struct{ Message string } // SNS's own, around the notification
	if json.NewDecoder(strings.NewReader(text)).Decode(&envelope) == nil && strings.HasPrefix(envelope.Message, "{") {
		text = envelope.Message
	}
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&n); err != nil {
		// Long lines were broken on the way.
		text = strings.ReplaceAll(text, "\n", "")
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&n); err != nil {
			return false
		}
	}
	r.res.Format = "amazon-sns"
	h := &n.Mail.CommonHeaders
	r.res.Original = originalOf([...][2]string{{"From", strings.Join(h.From, ", ")}, {"To", strings.Join(h.To, ", ")}, {"Subject", h.Subject}, {"Message-ID", h.MessageID}, {"Date", h.Date}})
	add := func(rec Recipient, diagnostic string) {
		rec.Taken = Taken{Address: Words, Action: Words, Code: Words}
		if diagnostic != "" {
			_, after, ok := strings.Cut(diagnostic, ";")
			if !ok || !beginsFold(diagnostic, "smtp") {
				after = diagnostic
			}
			rec.say(strings.TrimSpace(after), Words)
		}
		rec.conclude()
		if rec.Action == dsn.Delivered {
			rec.Code = rec.SaidCode
		}
		if len(r.res.Recipients) < MaxRecipients {
			r.res.Recipients = append(r.res.Recipients, rec)
		} else if len(r.res.Problems) == 0 {
			r.tooMany()
		}
	}
	r.res.Kind = DeliveryReport
	switch n.NotificationType + n.EventType {
	case "Bounce":
		for _, b := range n.Bounce.BouncedRecipients {
			rec := Recipient{Address: cleanAddress(b.EmailAddress), Action: dsn.Action(strings.ToLower(b.Action)), Stated: Stated{b.Action, b.Status}, ReportingMTA: awsHost(n.Bounce.ReportingMTA), LastAttempt: awsTime(n.Bounce.Timestamp)}
			if rec.Action != dsn.Failed && rec.Action != dsn.Delayed {
				rec.Action = dsn.Failed
			}
			rec.Code, _ = nixie.ParseCode(b.Status)
			add(rec, b.DiagnosticCode)
		}
	case "Delivery":
		for _, a := range n.Delivery.Recipients {
			add(Recipient{Address: cleanAddress(a), Action: dsn.Delivered, ReportingMTA: awsHost(n.Delivery.ReportingMTA), LastAttempt: awsTime(n.Delivery.Timestamp)}, n.Delivery.SMTPResponse)
		}
	case "DeliveryDelay":
		for _, d := range n.DeliveryDelay.DelayedRecipients {
			rec := Recipient{Address: cleanAddress(d.EmailAddress), Action: dsn.Delayed, Stated: Stated{"", d.Status}, ReportingMTA: awsHost(n.DeliveryDelay.ReportingMTA), RetryUntil: awsTime(n.DeliveryDelay.ExpirationTime)}
			rec.Code, _ = nixie.ParseCode(d.Status)
			add(rec, d.DiagnosticCode)
		}
	case "Complaint":
		r.res.Kind, r.res.Subtype = Feedback, strings.ToLower(n.Complaint.ComplaintFeedbackType)
		for _, c := range n.Complaint.ComplainedRecipients[:min(len(n.Complaint.ComplainedRecipients), MaxRecipients)] {
			r.res.Recipients = append(r.res.Recipients, Recipient{Address: cleanAddress(c.EmailAddress), Taken: Taken{Address: Words}})
		}
	default:
		r.res = Result{}
		return false
	}
	if len(r.res.Recipients) == 0 {
		r.res = Result{}
		return false
	}
	return true
}

// awsTime reads RFC 3339, and is zero for anything else.
func awsTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

// awsHost takes the type away: "dsn; a8-70.smtp-out.amazonses.com".
func awsHost(s string) string {
	if _, after, ok := strings.Cut(s, ";"); ok {
		s = after
	}
	return hostName(strings.TrimSpace(s))
}

// originalOf makes a header of what is told of one.
func originalOf(fields [5][2]string) dsn.Original {
	var b strings.Builder
	for _, f := range fields {
		if value := strings.Map(withoutLineEnds, f[1]); value != "" {
			b.WriteString(f[0] + ": " + value + "\n")
		}
	}
	return dsn.ReadOriginal(b.String())
}

func withoutLineEnds(r rune) rune {
	if r == '\r' || r == '\n' {
		return ' '
	}
	return r
}
