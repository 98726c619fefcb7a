package check

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"path"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/zone"
)

// What is looked at in a message.
const (
	maxLook       = 1 << 20   // bytes of it
	maxHeader     = 256 << 10 // bytes of its header that are searched for a field
	maxValue      = 4 << 10   // bytes of a field's value
	maxParts      = 100       // MIME parts of it
	maxNested     = 5         // how deep
	maxSignatures = 10        // of DKIM, and seals of ARC
)

// RefuseWord is what a filter finds unwanted, wherever in a message it stands.
const RefuseWord = "nixie-refuse-6.0"

// content answers for the content of a message, for one domain among its recipients.
func (k *Checker) content(d *Domain, ask *order.Ask) (order.Order, bool) {
	if !d.Reply.IsZero() && d.At == order.Message {
		return say("domain "+d.Name, d.Reply, words(d.Say)...)
	}
	if d.ASCII && ask.UTF8 && !isASCII(ask.Header) {
		// RFC 6531, 3.5 says 554 in its text, and 550 in its registration.
		return refuse("header not ASCII", 550, nixie.UTF8HeaderMessageCannotBeTransferred, "The header holds UTF-8 and this domain takes ASCII only")
	}
	if d.Gateway != NoGateway && !isASCII(look(ask.Data)) {
		return d.Gateway.convert(ask)
	}
	if d.Filter {
		if o, ok := filter(ask); ok {
			return o, true
		}
	}
	return k.authenticated(d, ask)
}

func look(data []byte) []byte { return data[:min(len(data), maxLook)] }

// convert answers for an 8-bit message and a next hop of 7 bits. RFC 6152, 3.
func (g Gateway) convert(ask *order.Ask) (order.Order, bool) {
	switch g {
	case Cannot:
		return refuse("gateway", 554, nixie.ConversionRequiredButNotSupported, "The next hop takes 7 bits only and nothing is converted here")
	case MustNot:
		return refuse("gateway", 554, nixie.ConversionRequiredAndProhibited, "The next hop takes 7 bits only and conversion is forbidden")
	case Lossless:
		return refuse("gateway", 554, nixie.ConversionWithLossPerformed, "Conversion to 7 bits would lose something")
	case Lossy:
		r := Reply{ReplyCode: 250, Code: nixie.ConversionWithLossPerformed.Success()}
		return say("gateway", r, "Taken, and what 7 bits can't hold was lost")
	case Strict:
		if found := scan(ask); found.broken {
			return refuse("gateway", 554, nixie.ConversionFailed, "Conversion to 7 bits failed: the MIME structure is broken")
		}
	}
	return none()
}

// filter answers for unwanted content.
func filter(ask *order.Ask) (order.Order, bool) {
	if bytes.Contains(look(ask.Data), []byte(RefuseWord)) {
		return refuse("filter", 554, nixie.OtherOrUndefinedMediaError, "The content is unwanted")
	}
	if found := scan(ask); found.forbidden {
		return refuse("filter", 554, nixie.MediaNotSupported, "Attachments that can be run are not taken")
	}
	return none()
}

// found is what a look at the parts of a message told.
type found struct {
	parts     int
	forbidden bool // there is a program among the attachments
	broken    bool // a multipart doesn't end, or has no boundary
}

func scan(ask *order.Ask) found {
	var f found
	data := look(ask.Data)
	body := data[min(len(ask.Header), len(data)):]
	contentType := first(fields(ask.Header, "content-type", 1))
	f.part(contentType, first(fields(ask.Header, "content-disposition", 1)), bytes.TrimPrefix(body, []byte("\r\n")), 0)
	if len(ask.Data) > maxLook {
		f.broken = false // its end wasn't seen
	}
	return f
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// part looks at a part and, if it is a multipart, at those in it. RFC 2046, 5.1.
func (f *found) part(contentType, disposition string, body []byte, depth int) {
	if f.parts++; f.parts > maxParts {
		return
	}
	kind, params, err := mime.ParseMediaType(contentType)
	_, where, _ := mime.ParseMediaType(disposition)
	if isProgram(kind, params["name"]) || isProgram(kind, where["filename"]) {
		f.forbidden = true
	}
	if !strings.HasPrefix(strings.ToLower(contentType), "multipart/") || depth == maxNested {
		return
	}
	if err != nil || params["boundary"] == "" {
		f.broken = true
		return
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for f.parts <= maxParts {
		p, err := r.NextRawPart()
		if err == io.EOF { // as it is: wrapped it says that the last boundary is missing
			return
		}
		if err != nil {
			f.broken = true
			return
		}
		inner, err := io.ReadAll(p)
		if err != nil {
			f.broken = true
		}
		f.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Disposition"), inner, depth+1)
	}
}

// isProgram goes by the type and the end of the name.
func isProgram(kind, name string) bool {
	programs := []string{".exe", ".com", ".scr", ".bat", ".pif"}
	types := []string{"application/x-msdownload", "application/x-dosexec", "application/vnd.microsoft.portable-executable"}
	return slices.Contains(types, kind) || slices.Contains(programs, strings.ToLower(path.Ext(name)))
}

// authenticated answers for what vouches for a message. No signature is verified.
func (k *Checker) authenticated(d *Domain, ask *order.Ask) (order.Order, bool) {
	if !d.Signed && !d.DMARC && !d.ARC {
		return none()
	}
	signatures := fields(ask.Header, "dkim-signature", maxSignatures)
	_, sender := split(ask.From)
	if sender == "" {
		sender = ask.Hello // RFC 7208, 2.4
	}
	spf := zone.SPFNone
	if d.DMARC && k.config.SPF != nil {
		spf = k.config.SPF(strings.ToLower(sender), ask.Client)
	}
	sealFailed := func(seal string) bool { return tag(seal, "cv") == "fail" }
	switch {
	case d.ARC && slices.ContainsFunc(fields(ask.Header, "arc-seal", maxSignatures), sealFailed): // RFC 8617, 5.2
		return refuse("ARC", 550, nixie.ARCValidationFailure, "The ARC chain says that it failed")
	case d.DMARC && len(signatures) == 0 && spf != zone.SPFPass: // RFC 7372, 3.4
		return refuse("SPF and DKIM", 550, nixie.MultipleAuthenticationChecksFailed, "Neither SPF nor DKIM vouches for the sender")
	case !d.Signed:
		return none()
	}
	return signed(ask, signatures)
}

// signed wants a DKIM signature that could pass. RFC 7372, 3.1.
func signed(ask *order.Ask, signatures []string) (order.Order, bool) {
	author := ""
	if a, err := mail.ParseAddress(first(fields(ask.Header, "from", 1))); err == nil {
		_, author = split(a.Address)
	}
	// RFC 8301, 3.1: a signature with SHA-1 counts as none.
	weak := func(s string) bool { return strings.HasSuffix(tag(s, "a"), "-sha1") }
	strangers := func(s string) bool { return weak(s) || !aligned(tag(s, "d"), author) }
	all := func(is func(string) bool) bool {
		return !slices.ContainsFunc(signatures, func(s string) bool { return !is(s) })
	}
	switch {
	case len(signatures) == 0:
		return refuse("DKIM", 550, nixie.NoPassingDKIMSignatureFound, "There is no DKIM signature")
	case all(weak):
		return refuse("DKIM", 550, nixie.NoAcceptableDKIMSignatureFound, "No DKIM signature has an algorithm that is good enough")
	case all(strangers):
		return refuse("DKIM", 550, nixie.NoValidAuthorMatchedDKIMSignatureFound, "No DKIM signature is the author's")
	}
	return none()
}

// aligned reports whether the signing domain is the author's or one above it.
func aligned(signer, author string) bool {
	signer, author = strings.ToLower(signer), strings.ToLower(author)
	return signer != "" && (signer == author || strings.HasSuffix(author, "."+signer))
}

// tag returns a tag of a list "a=rsa-sha256; d=example.net", in lower case. RFC 6376, 3.2.
func tag(list, name string) string {
	for t := range strings.SplitSeq(list, ";") {
		key, value, _ := strings.Cut(t, "=")
		if strings.TrimSpace(key) == name {
			return strings.ToLower(strings.TrimSpace(value))
		}
	}
	return ""
}
