package explain

import (
	"strings"

	"github.com/nixiemail/nixie"
)

// A bare is a code or reply code that stands alone.
type bare struct {
	class nixie.Class // 0 for X
	// level is how much of it was said: a detail, a subject (4.7.x) or a class (5.x.x).
	level     nixie.Level
	detail    nixie.Detail // X.7.0 for a subject
	replyCode int          // 550, and 0 for a code; 500 for 5xx
}

// parseBare reads a word that is nothing but a code, with the marks that people
// and servers put around one: #5.1.1, (5.1.1), "550".
func parseBare(word string) (b bare, ok bool) {
	word = strings.Trim(word, "#()[]<>{}\"'`,;:.")
	if len(word) == 3 {
		return parseBareReplyCode(word)
	}
	if c, err := nixie.ParseCode(word); err == nil {
		return bare{class: c.Class(), level: nixie.LevelDetail, detail: c.Detail()}, true
	}
	if d, err := nixie.ParseDetail(word); err == nil {
		return bare{level: nixie.LevelDetail, detail: d}, true
	}
	return parseWildcard(word)
}

func parseBareReplyCode(word string) (b bare, ok bool) {
	if word[0] < '2' || word[0] > '5' {
		return bare{}, false
	}
	n := int(word[0]-'0') * 100
	if strings.EqualFold(word[1:], "xx") {
		return bare{level: nixie.LevelClass, class: nixie.ClassOf(n)}, nixie.ClassOf(n) != 0
	}
	if word[1] < '0' || word[1] > '9' || word[2] < '0' || word[2] > '9' {
		return bare{}, false
	}
	return bare{replyCode: n + int(word[1]-'0')*10 + int(word[2]-'0')}, true
}

// parseWildcard reads 4.7.x, X.7.x, 5.x.x and the registry's 5.XXX.YYY.
func parseWildcard(word string) (b bare, ok bool) {
	parts := strings.Split(word, ".")
	if len(parts) != 3 || !wild(parts[2]) {
		return bare{}, false
	}
	head := parts[0]
	if wild(parts[1]) {
		c, err := nixie.ParseCode(head + ".0.0")
		return bare{class: c.Class(), level: nixie.LevelClass}, err == nil
	}
	if c, err := nixie.ParseCode(head + "." + parts[1] + ".0"); err == nil {
		return bare{class: c.Class(), level: nixie.LevelSubject, detail: c.Detail()}, true
	}
	d, err := nixie.ParseDetail(head + "." + parts[1] + ".0")
	return bare{level: nixie.LevelSubject, detail: d}, err == nil
}

// wild reports whether s is what people write for any number.
func wild(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "xyzn*") == ""
}

// code returns the code that was said in full, zero if it was not.
func (b bare) code() nixie.Code {
	if b.level != nixie.LevelDetail {
		return nixie.Code{}
	}
	return b.detail.In(b.class)
}

// bareCode explains a code or reply code that stands alone.
func (o Options) bareCode(word string, b bare) Explanation {
	e := Explanation{Kind: KindCode, Asked: strings.Trim(word, "#()[]<>{}\"'`,;:. ")}
	if b.replyCode != 0 {
		o.judgeBare(&e, e.Asked)
		e.Kind = KindReplyCode
		if e.ReplyCodeEntry != nil {
			e.Headline = e.ReplyCodeEntry.Meaning
		}
		return e
	}
	e.Code = b.code()
	e.Match = o.match(b)
	e.Vendor = o.Registry.Vendor(e.Code)
	switch {
	case !e.Code.IsZero():
		o.judgeBare(&e, e.Code.String())
	case b.class != 0:
		o.judgeBare(&e, b.detail.In(b.class).String())
		e.Code, e.Effective, e.How = nixie.Code{}, nixie.Code{}, nixie.HowNone
		e.Match = o.match(b)
	default:
		o.withoutClass(&e, b)
	}
	e.Reply, e.Problems = nil, nil
	o.registered(&e, b)
	e.References = references(&e)
	return e
}

// judgeBare judges a code as a reply that says nothing else.
func (o Options) judgeBare(e *Explanation, text string) {
	if r, err := nixie.ParseReply(text); err == nil {
		o.judge(e, r, o.Hints)
		e.Reply = nil
	}
}

// match is what the registry knows of what was asked.
func (o Options) match(b bare) nixie.Match {
	class := b.class
	if class == 0 {
		class = nixie.Permanent
	}
	m := o.Registry.Lookup(b.detail.In(class))
	if b.class == 0 {
		m.Class = nil
	}
	switch {
	case b.level == nixie.LevelClass:
		m.Level, m.Subject, m.Entry = nixie.LevelClass, nil, nil
	case b.level == nixie.LevelSubject && m.Subject != nil:
		m.Level, m.Entry = nixie.LevelSubject, nil
	}
	return m
}

// withoutClass explains X.7.26: the same number can be final or temporary.
func (o Options) withoutClass(e *Explanation, b bare) {
	e.Finality = "That depends on the first digit: 5 is final, 4 is temporary, 2 is success."
	class := nixie.Permanent
	if m := e.Match.Entry; m != nil && !m.Classes.Has(class) {
		class = nixie.Transient
		if !m.Classes.Has(class) {
			class = nixie.Success
		}
	}
	r, err := nixie.ParseReply(b.detail.In(class).String())
	if err != nil {
		return
	}
	v := o.Judge.Of(r, o.Hints)
	e.Headline, e.Concerns, e.Next = headline(&v), concerns(&v), next(&v, o.Hints.GaveUp)
}

// registered puts the registry's word for a bare code in place of the verdict's.
func (o Options) registered(e *Explanation, b bare) {
	m := e.Match
	e.Unregistered = b.level == nixie.LevelDetail && m.Entry == nil
	switch {
	case m.Entry != nil && !explains(m.Entry, b.class):
		// The verdict's sentences stay: the entry tells what is wrong, and here nothing
		// is, or it tells what is final, and here it is not.
	case m.Entry != nil:
		e.Headline = orElse(m.Entry.Meaning, e.Headline)
		e.Next = orElse(m.Entry.Advice, e.Next)
	case len(e.Vendor) > 0:
		e.Headline = orElse(e.Vendor[0].Meaning, e.Headline)
		e.Next = orElse(e.Vendor[0].Advice, e.Next)
	case m.Subject != nil && e.Unregistered:
		e.Headline = "The code is not registered, only its subject. " + m.Subject.Meaning
	case m.Subject != nil:
		e.Headline = orElse(m.Subject.Meaning, e.Headline)
	case e.Unregistered:
		e.Headline = strings.TrimSpace("The code is not registered, not even its subject. " + ofClass(b.class))
	case b.level == nixie.LevelSubject:
		e.Headline = strings.TrimSpace("No code of this subject is registered. " + ofClass(b.class))
	default:
		e.Headline = orElse(ofClass(b.class), e.Headline)
	}
}

// explains reports whether an entry's meaning and advice are about the class: it
// is 0 or among those that the definition allows, and a success is the only one.
func explains(e *nixie.Entry, c nixie.Class) bool {
	if c == nixie.Success {
		return e.Classes == nixie.Classes(0).Add(nixie.Success)
	}
	return c == 0 || e.Classes.Has(c)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
