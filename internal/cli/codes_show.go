package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// numberColumn is the width of the column with the codes in a list.
const numberColumn = 13

// codeList writes the registered codes by subject, then the vendors' own.
func (p *page) codeList(r *nixie.Registry, found codesFound) {
	subject := -1
	for _, e := range found.entries {
		if n := e.Detail.Subject(); n != subject {
			if subject >= 0 {
				p.line()
			}
			subject = n
			p.title(fmt.Sprintf("X.%d", n), subjectName(r, n))
		}
		p.row(e.Detail.String(), plain, listName(e))
	}
	if len(found.vendor) > 0 {
		if len(found.entries) > 0 {
			p.line()
		}
		p.vendorList(found.vendor)
	}
}

// vendorList writes the codes that receivers use without a registration.
func (p *page) vendorList(codes []nixie.VendorCode) {
	p.text(bold, "Not registered: receivers' own codes")
	for len(codes) > 0 {
		n := alike(codes)
		code, name := codes[0].Code.String(), codes[0].Receiver+": "+codes[0].Name
		if n > 1 {
			code += "-" + strconv.Itoa(codes[n-1].Code.Detail().Number())
		}
		p.row(code, plain, name)
		codes = codes[n:]
	}
}

// alike is how many codes at the beginning are neighbours that mean the same, as
// those of a range in vendor.tsv do.
func alike(codes []nixie.VendorCode) int {
	n := 1
	for ; n < len(codes); n++ {
		a, b := codes[n-1], codes[n]
		if a.Code.Class() != b.Code.Class() || b.Code.Detail() != a.Code.Detail()+1 || a.Receiver != b.Receiver || a.Name != b.Name {
			break
		}
	}
	return n
}

// row writes a code and its name, wrapped.
func (p *page) row(code string, s style, name string) {
	for i, l := range wrap(visible(name), p.width-numberColumn) {
		if i > 0 {
			code = ""
		}
		p.line(code, strings.Repeat(" ", max(numberColumn-len(code), 1)), p.styled(s, l))
	}
}

func listName(e *nixie.Entry) string {
	if e.Deprecated {
		return orElse(e.Name+" (deprecated)", "(deprecated)")
	}
	return e.Name
}

func subjectName(r *nixie.Registry, n int) string {
	for _, s := range r.Subjects() {
		if s.Subject == n {
			return s.Name
		}
	}
	return "(not registered)"
}

// title writes the first line of a page: a code and its name.
func (p *page) title(code, name string) {
	indent := len(code) + 2
	for i, l := range wrap(visible(name), p.width-indent) {
		if i == 0 {
			l = code + "  " + l
		} else {
			l = strings.Repeat(" ", indent) + l
		}
		p.line(p.styled(bold, l))
	}
}

// codePage writes a page for one code that was asked for.
func (p *page) codePage(r *nixie.Registry, w wanted, found codesFound) {
	if w.replyCode != 0 {
		p.replyCodePage(r, w.replyCode, found.entries)
		return
	}
	pages := 0
	for _, e := range found.entries {
		if e.Detail == w.detail {
			p.entryPage(r, e)
			pages++
		}
	}
	for _, v := range found.vendor {
		if !w.isVendor(v) {
			continue
		}
		if pages > 0 {
			p.line()
		}
		p.vendorPage(v)
		pages++
	}
	if pages == 0 {
		p.unknownPage(r, w)
	}
}

func (p *page) entryPage(r *nixie.Registry, e *nixie.Entry) {
	p.title(e.Detail.String(), orElse(e.Name, "(no name)"))
	if e.Deprecated {
		p.text(yellow, "Deprecated: understand it, and do not send it.")
	}
	p.line()
	p.field("Meaning", e.Meaning)
	p.field("What to do", e.Advice)
	if e.Description != "" && e.Description != e.Meaning {
		p.field("Registry", e.Description)
	}
	p.line()
	p.field("Subject", fmt.Sprintf("X.%d %s", e.Detail.Subject(), subjectName(r, e.Detail.Subject())))
	p.field("Used as", usedAs(e))
	p.field("Reply codes", orElse(strings.Join(e.ReplyCodes, ", "), "none given"))
	p.field("Reference", orElse(e.Reference, "none given"))
	p.field("Submitter", orElse(e.Submitter, "none given"))
	p.field("Controller", orElse(e.ChangeController, "none given"))
}

// usedAs lists the codes that the definition allows: "4.7.26 (transient), …".
func usedAs(e *nixie.Entry) string {
	var forms []string
	for _, c := range e.Classes.List() {
		forms = append(forms, e.Detail.In(c).String()+" ("+c.String()+")")
	}
	text := strings.Join(forms, ", ")
	if e.ClassesInferred {
		text += "; the registry does not say, its reply codes do"
	}
	return orElse(text, "not said")
}

func (p *page) vendorPage(v nixie.VendorCode) {
	p.title(v.Code.String(), v.Name)
	p.text(plain, "Not registered: "+v.Receiver+" uses it.")
	p.line()
	p.field("Meaning", v.Meaning)
	p.field("What to do", v.Advice)
	p.field("Source", v.Source)
}

// replyCodePage writes a page for a reply code, and the codes that the registry
// lists with it.
func (p *page) replyCodePage(r *nixie.Registry, replyCode int, entries []*nixie.Entry) {
	known := r.ReplyCode(replyCode)
	if known == nil {
		p.title(strconv.Itoa(replyCode), "Not a known reply code")
		p.text(plain, "Such a one is judged by its first digit (RFC 5321, 4.2.1).")
		return
	}
	p.title(strconv.Itoa(replyCode), known.Name)
	p.line()
	p.field("Meaning", known.Meaning)
	p.field("Has a code", known.Codes)
	p.field("Reference", known.Reference)
	first := true
	for _, e := range entries {
		if !listsReplyCode(e, replyCode) {
			continue
		}
		if first {
			p.line()
			p.text(bold, "Codes that the registry lists with it")
			first = false
		}
		code := e.Detail.String()
		if c := nixie.ClassOf(replyCode); e.Classes.Has(c) {
			code = e.Detail.In(c).String()
		}
		p.row(code, plain, listName(e))
	}
}

// unknownPage says what can be said of a code that nobody lists.
func (p *page) unknownPage(r *nixie.Registry, w wanted) {
	p.title(w.text, "Not registered")
	class := w.class
	if class == 0 {
		class = nixie.Permanent
	}
	m := r.Lookup(w.detail.In(class))
	p.line()
	switch {
	case m.Subject != nil:
		p.field("Read it as", fmt.Sprintf("X.%d.0, since its subject is known (RFC 3463, 2)", w.detail.Subject()))
		p.field("Subject", m.Subject.Name+". "+m.Subject.Meaning)
	case m.Class != nil:
		p.field("Read it as", "X.0.0, since not even its subject is known (RFC 3463, 2)")
	}
	if w.class != 0 && m.Class != nil {
		p.field("Class", m.Class.Name+". "+m.Class.Meaning)
	}
}
