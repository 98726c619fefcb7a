package dsn

import (
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nixiemail/nixie/internal/mimetree"
)

// An Original is the message that a report is about, as far as it was returned.
// The zero Original means that nothing was returned. It is made by
// [ReadOriginal], and small enough to be copied.
//
// What is given of its header is in UTF-8, unfolded, and empty where the header
// has no such field. The header is read when it is first asked for.
type Original struct {
	// Raw is what was returned, as it stood, its transfer encoding undone.
	Raw string
	// HeadersOnly says that nothing of the body was returned.
	HeadersOnly bool

	header *lateHeader // of Raw, nil for none
}

// A lateHeader is a header that is read when it is first asked for, by whatever
// goroutine.
type lateHeader struct {
	read   sync.Once
	fields mimetree.Header
}

// ReadOriginal reads a returned message, or just its header: the body of a
// message/rfc822, message/global, text/rfc822-headers or message/global-headers
// part. RFC 6522, 3 and 4. It never fails; a text that has no header at all is
// only kept.
func ReadOriginal(raw string) Original {
	if trimLines(raw) == "" {
		return Original{}
	}
	o := Original{Raw: raw, header: new(lateHeader)}
	if mimetree.HasBody(raw) {
		return o
	}
	o.header.read.Do(func() {
		var body string
		o.header.fields, body = mimetree.ParseHeader(raw)
		o.HeadersOnly = len(o.header.fields) > 0 && trimLines(body) == ""
	})
	return o
}

// fields returns the header's fields.
func (o Original) fields() mimetree.Header {
	if o.header == nil {
		return nil
	}
	o.header.read.Do(func() { o.header.fields, _ = mimetree.ParseHeader(o.Raw) })
	return o.header.fields
}

// trimLines cuts blank lines off the beginning.
func trimLines(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// IsZero reports whether nothing was returned.
func (o Original) IsZero() bool { return o.Raw == "" }

// Reader returns a reader of what was returned.
func (o Original) Reader() io.Reader { return strings.NewReader(o.Raw) }

// Field returns the first field of a name, whatever its case, its RFC 2047 words
// decoded.
func (o Original) Field(name string) string { return o.fields().Text(name) }

// Fields yields the name and the value of every field in order. The values are
// as they stood, folded lines and RFC 2047 words included.
func (o Original) Fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range o.fields() {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

// From returns the author, name and address.
func (o Original) From() string { return o.Field("From") }

// To returns who is named as recipient: those that the report is about may be
// others.
func (o Original) To() string { return o.Field("To") }

// Subject returns what it is about.
func (o Original) Subject() string { return o.Field("Subject") }

// MessageID returns the Message-ID with its angle brackets. RFC 5322, 3.6.4.
func (o Original) MessageID() string {
	id := trimSpace(o.fields().Get("Message-ID"))
	if open := strings.IndexByte(id, '<'); open >= 0 {
		if n := strings.IndexByte(id[open:], '>'); n >= 0 {
			return id[open : open+n+1]
		}
	}
	return id
}

// Date returns when it was written, in the zone that it states; zero if there is
// no date that can be read.
func (o Original) Date() time.Time {
	t, _ := readDate(o.fields().Get("Date"))
	return t
}

// ListID returns the identifier of the mailing list, without the name and the
// angle brackets around it. RFC 2919, 2.
func (o Original) ListID() string {
	id := o.Field("List-Id")
	if open := strings.LastIndexByte(id, '<'); open >= 0 {
		id, _, _ = strings.Cut(id[open+1:], ">")
	}
	return trimSpace(id)
}

// DKIMDomains returns who signed, as far as the header says: the d= of each
// DKIM-Signature in small letters, each domain once. Nothing is verified.
// RFC 6376, 3.5.
func (o Original) DKIMDomains() []string {
	var domains []string
	for signature := range o.fields().All("DKIM-Signature") {
		if d := strings.ToLower(dkimTag(signature, "d")); d != "" && !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	return domains
}

// dkimTag returns the value of a tag in a list such as "v=1; d=example.org".
// RFC 6376, 3.2.
func dkimTag(list, name string) string {
	for list != "" {
		var tag string
		tag, list, _ = strings.Cut(list, ";")
		if key, value, ok := strings.Cut(tag, "="); ok && trimSpace(key) == name {
			return trimSpace(value)
		}
	}
	return ""
}
