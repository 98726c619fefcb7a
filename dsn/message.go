package dsn

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/mimetree"
)

// Limits of [Parse].
const (
	// MaxMessage is how many bytes of a message are read. The rest, which the
	// returned message has at its end, is left out, with a [ProblemTooMany].
	MaxMessage = 64 << 20
	// MaxReportText is how many bytes a report's text for people has.
	MaxReportText = 1 << 20
	// MaxStatus is how many bytes are read of a delivery-status part that has a
	// transfer encoding.
	MaxStatus = 4 << 20
)

// ErrNoReport is what [Parse] returns for a message without a delivery-status
// part. Package bounce reads those.
var ErrNoReport = errors.New("dsn: the message has no delivery-status part")

// Parse reads a delivery status notification: a whole message with header.
// RFC 3464, RFC 6522; RFC 6533 for those in UTF-8. The delivery-status part is
// found in a multipart of whatever type, whatever its transfer encoding; of
// several the first that tells of a recipient counts. The error is
// [ErrNoReport], or one of r.
func Parse(r io.Reader) (*Report, error) {
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(r, MaxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("dsn: reading the message: %w", err)
	}
	tree := mimetree.Parse(text.String()[:min(n, MaxMessage)])
	report, at := statusIn(tree)
	if at < 0 {
		return nil, ErrNoReport
	}
	if n > MaxMessage && len(report.Problems) < MaxProblems {
		report.Problems = append(report.Problems, Problem{Kind: ProblemTooMany, Recipient: -1})
	}
	report.Text = textIn(tree)
	report.Original = originalIn(tree, at)
	return &report, nil
}

// statusIn reads the first delivery-status part that tells of a recipient, or
// else the first one. at is -1 if there is none.
func statusIn(tree *mimetree.Tree) (report Report, at int) {
	at = -1
	for i := range tree.Parts {
		switch tree.Parts[i].Type {
		case "message/delivery-status", "message/global-delivery-status":
			// QUIRK: two delivery-status parts. testdata/messages/two-status-parts.eml
			if r := ParseStatus(statusText(tree, i)); at < 0 || len(r.Recipients) > 0 {
				report, at = r, i
			}
			if len(report.Recipients) > 0 {
				return report, at
			}
		}
	}
	return report, at
}

// statusText returns a part's text in UTF-8; what is in UTF-8 is not copied.
func statusText(tree *mimetree.Tree, i int) string {
	const escape = '\x1b' // of ISO-2022-JP
	p := &tree.Parts[i]
	plain := p.Encoding == mimetree.Identity || p.Encoding == mimetree.Unknown
	if plain && strings.IndexByte(p.Body, escape) < 0 && utf8.ValidString(p.Body) {
		return p.Body
	}
	// QUIRK: base64 or quoted-printable, which RFC 3464, 2.1 forbids; 8-bit text
	// that nothing declares. testdata/messages/base64.eml, quoted-printable.eml, 8-bit.eml
	return tree.Text(i, MaxStatus)
}

// textIn returns what a report says to people: the first text/plain, or else
// the first other text. RFC 6522, 3.
func textIn(tree *mimetree.Tree) string {
	other := -1
	for i := range tree.Parts {
		switch p := &tree.Parts[i]; {
		case p.Type == "text/plain":
			return tree.Text(i, MaxReportText)
		case other < 0 && p.Is("text/*") && !isHeader(p.Type):
			other = i
		}
	}
	if other < 0 {
		return ""
	}
	return tree.Text(other, MaxReportText)
}

// originalIn returns the returned message: the first that follows the status
// part, or else the first anywhere.
func originalIn(tree *mimetree.Tree, status int) Original {
	found := -1
	for i := range tree.Parts {
		if t := tree.Parts[i].Type; isMessage(t) || isHeader(t) {
			if found < 0 || found < status {
				found = i
			}
			if i > status {
				break
			}
		}
	}
	if found < 0 {
		return Original{}
	}
	p := &tree.Parts[found]
	raw := p.Body
	if p.Encoding == mimetree.Base64 || p.Encoding == mimetree.QuotedPrintable {
		// QUIRK: an encoded message/rfc822, which RFC 2046, 5.2.1 forbids. testdata/messages/base64.eml
		raw = tree.Bytes(found, MaxMessage)
	}
	o := ReadOriginal(raw)
	o.HeadersOnly = !o.IsZero() && (o.HeadersOnly || isHeader(p.Type))
	return o
}

// isMessage reports whether a type is a whole message's.
func isMessage(mediaType string) bool {
	return mediaType == "message/rfc822" || mediaType == "message/global"
}

// isHeader reports whether a type is a message's header.
func isHeader(mediaType string) bool {
	switch mediaType {
	// QUIRK: types that mean text/rfc822-headers. testdata/messages/wrong-types.eml
	case "text/rfc822-headers", "message/global-headers", "message/rfc822-headers", "text/rfc822-header":
		return true
	}
	return false
}
