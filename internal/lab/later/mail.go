package later

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/smtpclient"
)

// Limits of what is written into a header, in bytes save where noted.
const (
	maxAddress    = 900 // a line has at most 998: RFC 5322, 2.1.1
	maxSubject    = 200 // characters
	maxReferences = 20  // message ids
	maxMessageID  = 250
	maxLine       = 998
)

// errTooLong is why an address is not written.
var errTooLong = errors.New("an address is too long for a header field")

// checkAutomatic refuses to answer what a program sent. RFC 3834, 2 and 5.
func checkAutomatic(original dsn.Original) error {
	value := strings.ToLower(original.Field("Auto-Submitted"))
	if end := strings.IndexAny(value, " \t;("); end >= 0 {
		value = value[:end]
	}
	if value != "" && value != "no" {
		return fmt.Errorf("%w: the message has Auto-Submitted: %.40q (RFC 3834, 2)", ErrNothingDue, value)
	}
	return nil
}

// complaint writes an abuse report. RFC 5965.
func (w *writer) complaint() ([]byte, error) {
	original := dsn.ReadOriginal(string(w.about.Header))
	if err := checkAutomatic(original); err != nil {
		return nil, err
	}
	parts := [][]byte{
		part("text/plain; charset=utf-8", crlf([]byte(w.lab()+"\nA reader called the message below unwanted: this is an abuse report about it.\n"))),
		append([]byte("Content-Type: message/feedback-report\r\n\r\n"), w.feedback()...),
		part("text/rfc822-headers", crlf(w.about.Header[:min(len(w.about.Header), dsn.MaxReturnedHeader)])),
	}
	boundary := boundaryOf(parts)
	var b bytes.Buffer
	if err := w.header(&b, "postmaster@"+w.config.Name, "Abuse report", "auto-generated"); err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "Content-Type: multipart/report; report-type=feedback-report;\r\n boundary=\"%s\"\r\n\r\n", boundary)
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n", boundary, p)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes(), nil
}

// boundaryOf is a boundary made from a sum over the parts, so that none of them can hold it.
func boundaryOf(parts [][]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return "=_" + hex.EncodeToString(h.Sum(nil)[:12])
}

// feedback are the fields for programs. RFC 5965, 3.
func (w *writer) feedback() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Feedback-Type: abuse\r\nUser-Agent: nixie-lab\r\nVersion: 1\r\n")
	if isASCII(w.about.From) {
		fmt.Fprintf(&b, "Original-Mail-From: <%s>\r\n", w.about.From)
	}
	if isASCII(w.about.To) && smtpclient.CheckAddress(w.about.To) == nil && len(w.about.To) <= maxAddress {
		fmt.Fprintf(&b, "Original-Rcpt-To: <%s>\r\n", w.about.To)
	}
	if !w.about.Received.IsZero() {
		fmt.Fprintf(&b, "Arrival-Date: %s\r\n", w.about.Received.Format(time.RFC1123Z))
	}
	fmt.Fprintf(&b, "Reporting-MTA: dns; %s\r\n", w.config.Name)
	if w.about.Client.IsValid() {
		fmt.Fprintf(&b, "Source-IP: %s\r\n", w.about.Client.Unmap().WithZone(""))
	}
	return b.Bytes()
}

// notice writes a holiday notice. RFC 3834, 3.
func (w *writer) notice() ([]byte, error) {
	original := dsn.ReadOriginal(string(w.about.Header))
	if err := checkAutomatic(original); err != nil {
		return nil, err
	}
	from := w.about.To
	if strings.EqualFold(from, "postmaster") {
		from += "@" + w.config.Name
	}
	if err := smtpclient.CheckAddress(from); err != nil {
		return nil, err
	}
	if !isASCII(from) && isASCII(w.about.From) {
		from = "postmaster@" + w.config.Name // the way back may have no SMTPUTF8
	}
	subject := "Auto: " + original.Subject() // RFC 3834, 3.1.5
	var b bytes.Buffer
	if err := w.header(&b, from, subject, "auto-replied"); err != nil {
		return nil, err
	}
	if id := original.MessageID(); isMessageID(id) {
		fmt.Fprintf(&b, "In-Reply-To: %s\r\nReferences:", id)
		for _, ref := range append(references(original.Field("References")), id) {
			fmt.Fprintf(&b, "\r\n %s", ref)
		}
		b.WriteString("\r\n")
	}
	b.Write(part("text/plain; charset=utf-8", crlf([]byte(w.lab()+"\nI am out of the office and will read your message when I am back.\n"))))
	return b.Bytes(), nil
}

// header writes the fields that every message has.
func (w *writer) header(b *bytes.Buffer, from, subject, auto string) error {
	if len(from) > maxAddress || len(w.about.From) > maxAddress {
		return errTooLong
	}
	words := mime.QEncoding.Encode("utf-8", cut(strings.TrimSpace(plain(strings.ToValidUTF8(subject, "?"))), maxSubject))
	fmt.Fprintf(b, "From: <%s>\r\nTo: <%s>\r\n", inHeader(from), inHeader(w.about.From))
	fmt.Fprintf(b, "Subject: %s\r\n", strings.ReplaceAll(words, "?= =?", "?=\r\n =?")) // RFC 2047, 2
	fmt.Fprintf(b, "Date: %s\r\nMessage-ID: <%s>\r\n", w.date.Format(time.RFC1123Z), w.id)
	fmt.Fprintf(b, "Auto-Submitted: %s\r\nMIME-Version: 1.0\r\n", auto)
	return nil
}

// part writes a body part, or the end of a header and the body: as it is if lines and
// bytes allow it, else encoded.
func part(kind string, content []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Content-Type: %s\r\n", kind)
	if is7bit(content) {
		b.WriteString("\r\n")
		b.Write(content)
		return b.Bytes()
	}
	b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	w.Binary = false
	_, _ = w.Write(content) // a bytes.Buffer has no errors
	_ = w.Close()
	return b.Bytes()
}

// is7bit reports whether CRLF lines of at most 998 ASCII bytes without NUL are all there is. RFC 2045, 2.7.
func is7bit(b []byte) bool {
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		if len(line) > maxLine || bytes.ContainsAny(line, "\r\n\x00") || !isASCII(string(line)) {
			return false
		}
	}
	return true
}

// crlf returns text whose lines all end in CRLF.
func crlf(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}

// inHeader is an address as a header field has it: the local part is quoted if it is
// no dot-atom. RFC 5322, 3.4.1.
func inHeader(address string) string {
	at := strings.LastIndexByte(address, '@')
	if local := address[:at]; local[0] != '"' && (local[0] == '.' || local[at-1] == '.' || strings.Contains(local, "..")) {
		return `"` + local + `"` + address[at:]
	}
	return address
}

// references returns the last message ids of a References field.
func references(field string) []string {
	var list []string
	for id := range strings.FieldsSeq(field) {
		if isMessageID(id) {
			list = append(list, id)
		}
	}
	return list[max(0, len(list)-maxReferences):]
}

// isMessageID reports whether s is one message id with its angle brackets.
func isMessageID(s string) bool {
	inner, ok := strings.CutPrefix(s, "<")
	inner, ok2 := strings.CutSuffix(inner, ">")
	if !ok || !ok2 || inner == "" || len(s) > maxMessageID {
		return false
	}
	for i := range len(inner) {
		if c := inner[i]; c <= ' ' || c > '~' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// plain returns text with a space for each control character, so that it stays one line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// cut returns the first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
