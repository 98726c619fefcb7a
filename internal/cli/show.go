package cli

import (
	"fmt"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/verdict"
)

// explanation writes one explanation of so many, for people.
func (p *page) explanation(e *explain.Explanation, i, of int) {
	if i > 0 {
		p.line()
	}
	if of > 1 {
		p.rule(fmt.Sprintf("%d of %d", i+1, of))
	}
	p.text(headlineStyle(e), e.Headline)
	p.text(plain, e.Finality)
	p.line()
	p.field("Whose matter", e.Concerns)
	p.field("What to do", e.Next)
	if e.Kind == explain.KindMessage && e.Recipient == "" {
		return
	}
	p.line()
	p.said(e)
	p.code(e)
	p.problems(e.Problems)
	if e.Reply != nil {
		if e.Match.Class != nil || e.ReplyCodeEntry != nil || len(e.Problems) > 0 {
			p.line()
		}
		p.decidedBy(e.Verdict)
	}
	p.references(e.References)
}

// rule writes a line across the page with a title in it.
func (p *page) rule(title string) {
	p.line(p.styled(dim, "── "+title+" "+strings.Repeat("─", max(p.width-len(title)-4, 0))))
}

// headlineStyle is red for final, yellow for temporary, green for success.
func headlineStyle(e *explain.Explanation) style {
	if e.Verdict == nil {
		return bold
	}
	switch e.Verdict.Permanence {
	case nixie.Permanent:
		return red
	case nixie.Transient:
		return yellow
	case nixie.Success:
		return green
	}
	return bold
}

// said writes who said what, word for word.
func (p *page) said(e *explain.Explanation) {
	if e.Recipient != "" {
		p.field("Recipient", e.Recipient)
	}
	if e.Outcome != "" {
		p.field("Outcome", e.Outcome)
		p.field("Reported by", orElse(e.ReportingHost, "(not told)"))
	}
	if e.Reply == nil {
		return
	}
	if host := orElse(hostOf(e.Reply), e.RemoteHost); host != "" {
		p.field("Server", host)
	}
	if v := e.Verdict; v != nil && v.Receiver != "" && v.Receiver != "generic" {
		p.field("Receiver", v.Receiver)
	}
	if e.Reply.Command != "" {
		p.field("In reply to", e.Reply.Command)
	}
	p.quote("Said", e.Reply.String(), e.Verdict.Evidence)
	p.line()
}

func hostOf(r *nixie.Reply) string {
	if r.Host != "" && r.Addr != "" {
		return r.Host + "[" + r.Addr + "]"
	}
	return orElse(r.Host, r.Addr)
}

// code writes what the registry knows of the code and the reply code.
func (p *page) code(e *explain.Explanation) {
	label := "Code " + orElse(e.Code.String(), e.Asked)
	meaning := func(text string) {
		if !strings.HasSuffix(e.Headline, text) {
			p.field("", text)
		}
	}
	switch m := e.Match; {
	case m.Entry != nil:
		p.styledField(label, bold, orElse(m.Entry.Name, "(deprecated, without a name)"))
		meaning(m.Entry.Meaning)
	case len(e.Vendor) > 0:
		for _, v := range e.Vendor {
			p.styledField(label, bold, v.Name)
			p.field("", "Not registered: a code of its own that "+v.Receiver+" uses.")
			meaning(v.Meaning)
		}
	case m.Subject != nil && e.Unregistered:
		p.styledField(label, bold, "Not registered; read it as "+m.Subject.Name)
		meaning(m.Subject.Meaning)
	case m.Subject != nil:
		p.styledField(label, bold, m.Subject.Name)
	case m.Class != nil && e.Unregistered:
		p.styledField(label, bold, "Not registered, and neither is its subject")
	case m.Class != nil:
		p.styledField(label, bold, m.Class.Name)
	}
	if r := e.ReplyCodeEntry; r != nil {
		p.field("Reply code", fmt.Sprintf("%d %s", r.ReplyCode, r.Name))
	}
	if !e.Reported.IsZero() && e.Reported != e.Code {
		p.field("Reported code", e.Reported.String()+"; the one in the reply tells more")
	}
	if !e.Said.IsZero() && e.Said != e.Code {
		p.field("Said code", e.Said.String()+"; the report's own tells more")
	}
	if e.How == nixie.HowMended {
		p.field("Read as", e.Effective.String()+", since the reply code decides")
	}
}

func (p *page) problems(problems []nixie.Problem) {
	label := "Problems"
	for _, x := range problems {
		p.field(label, x.Text+" ("+explain.Cite(x.Rule)+")")
		label = ""
	}
}

// decidedBy writes what the verdict rests on.
func (p *page) decidedBy(v *verdict.Verdict) {
	if v == nil || v.Rule == "" {
		return
	}
	p.field("Decided by", basisWords(v)+": rule "+v.Rule)
	if v.Note != "" {
		p.field("", v.Note)
	}
	if v.Source != "" {
		p.field("", "Source: "+v.Source)
	}
	for _, o := range v.Overruled {
		p.field("", "Overruled: "+o.Rule+", which would mean "+string(o.Reason))
	}
}

func basisWords(v *verdict.Verdict) string {
	switch v.Basis {
	case verdict.BasisProvider:
		if v.Receiver == verdict.Generic { // known by its words, whoever says them
			return "one vendor's own words"
		}
		return "what this receiver documents"
	case verdict.BasisPhrase:
		return "the words"
	case verdict.BasisCode:
		return "the code's meaning"
	case verdict.BasisReplyCode:
		return "the reply code's meaning"
	case verdict.BasisClass:
		return "the first digit alone"
	}
	return string(v.Basis)
}

func (p *page) references(list []explain.Reference) {
	label := "See"
	for _, r := range list {
		if r.For == explain.ForVerdict {
			continue // it stands beside the rule
		}
		text := r.Name
		if r.URL != "" && r.URL != r.Name {
			text += " " + r.URL
		}
		p.field(label, text)
		label = ""
	}
}
