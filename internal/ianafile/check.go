package ianafile

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// A Severity says how bad a finding is.
type Severity string

// The severities. A file with an error cannot be registered, or not be loaded.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// A Finding is something that Check has to say about a proposal.
type Finding struct {
	Line     int      `json:"line"` // from 1; 0 when it is about the file as a whole
	Code     string   `json:"code"` // as it stands there, may be empty; quoted if it is long or has control characters
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
}

// Check judges proposed registrations, in any format that Read knows, or an
// overlay of vendor codes, against a registry. It finds nothing in a file that
// is in order. The error is for a file that cannot be read at all.
func Check(name string, r io.Reader, reg *nixie.Registry) ([]Finding, error) {
	text, err := readText(name, r)
	if err != nil {
		return nil, err
	}
	if isOverlay(text) {
		return checkOverlay(name, text, reg), nil
	}
	_, d, err := parse(text)
	if err != nil {
		return nil, named(name, err)
	}
	if len(d.records) > MaxRows {
		return nil, &ReadError{File: name, Err: ErrRows}
	}
	if len(d.records) == 0 {
		return nil, &ReadError{File: name, Err: ErrNoRows}
	}
	c := checker{reg: reg, seen: make(map[codeKey]int)}
	for _, p := range d.problems {
		c.findings = append(c.findings, Finding{Line: p.Line, Severity: SeverityWarning, Text: p.Text})
	}
	for i := range d.records {
		c.check(&d.records[i])
	}
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return a.Line - b.Line })
	return c.findings, nil
}

// A checker goes through proposed registrations.
type checker struct {
	reg      *nixie.Registry
	seen     map[codeKey]int // the lines of the codes before
	rec      *record         // the one being checked
	findings []Finding
}

func (c *checker) fail(format string, args ...any) { c.say(SeverityError, format, args...) }
func (c *checker) warn(format string, args ...any) { c.say(SeverityWarning, format, args...) }

func (c *checker) say(s Severity, format string, args ...any) {
	if len(c.findings) >= MaxRemarks {
		return
	}
	code := c.rec.Code
	if len(code) > len("X.999.999") || badText(code) != nil {
		code = fmt.Sprintf("%.20q", code) // nothing in it reaches a terminal
	}
	c.findings = append(c.findings, Finding{c.rec.Line, code, s, fmt.Sprintf(format, args...)})
}

func (c *checker) check(r *record) {
	c.rec = r
	for _, f := range fields() {
		if len(r.cell(f)) > MaxCell {
			c.fail("the field %q has more than %d bytes", f, MaxCell)
			return
		}
	}
	table := c.checkCode()
	for _, f := range fieldsOf(table) {
		c.checkField(f, table)
	}
	c.checkReference()
	if table == TableCodes {
		c.checkReplyCodes()
	}
	c.checkDeprecation()
}

// checkCode returns the table that the code belongs to, the third in doubt.
func (c *checker) checkCode() Table {
	code, ok := mendCode(c.rec.Code)
	if !ok {
		if _, err := nixie.ParseCode(c.rec.Code); err == nil {
			c.fail("codes are registered without their class: write X%s", c.rec.Code[1:])
		} else if c.rec.Code != "" {
			c.fail("%.40q is no code: want X.n.n, each n a number from 0 to 999 without leading zeros (RFC 3463, 2)", c.rec.Code)
		}
		return TableCodes
	}
	if code != c.rec.Code {
		c.fail("%.40q must be written %s", c.rec.Code, code)
	}
	key := keyOf(code)
	if line, again := c.seen[key]; again {
		c.fail("%s is there twice, first on line %d", code, line)
	} else {
		c.seen[key] = c.rec.Line
	}
	c.checkRegistered(code, key)
	return tableOf(code)
}

// checkRegistered refuses what the registry has already: published codes are
// not redefined (RFC 3463, 2).
func (c *checker) checkRegistered(code string, key codeKey) {
	switch tableOf(code) {
	case TableClasses:
		if nixie.Class(key[0]).String() == "" {
			c.fail("class %d cannot be registered: the classes are 2, 4 and 5 (RFC 3463, 2)", key[0])
		} else {
			c.fail("class %d is registered already", key[0])
		}
	case TableSubjects:
		if s := c.subject(key[1]); s != nil {
			c.fail("subject %d is registered already: %q", key[1], s.Name)
		}
	default:
		d, err := nixie.ParseDetail(code)
		if err != nil {
			return
		}
		if e := c.reg.Entry(d); e != nil {
			c.fail("%s is registered already: %q", code, firstFilled(e.Name, e.Meaning))
		}
		if _, proposed := c.seen[codeKey{-1, key[1], -1}]; c.subject(key[1]) == nil && !proposed {
			c.warn("subject %d is not registered: propose X.%d.YYY too, before this code", key[1], key[1])
		}
	}
}

func (c *checker) subject(n int) *nixie.SubjectEntry {
	for i, s := range c.reg.Subjects() {
		if s.Subject == n {
			return &c.reg.Subjects()[i]
		}
	}
	return nil
}

// checkField wants every field of RFC 5248, 2.1, with something in it.
func (c *checker) checkField(f Field, t Table) {
	text := c.rec.cell(f)
	switch {
	case !c.rec.has.Has(f):
		c.fail("the field %q is missing (RFC 5248, 2.1)", f.label(t))
	case text == "" && f == FieldReplyCodes:
		c.fail("the field %q is empty: give reply codes, \"Any\" or \"Not given\"", f.label(t))
	case text == "":
		c.fail("the field %q is empty", f.label(t))
	case strings.ContainsFunc(text, isForbidden):
		c.fail("the field %q has a control character", f.label(t))
	}
}

// checkReference warns of a specification that will not stay where it is.
func (c *checker) checkReference() {
	if ref := strings.ToLower(c.rec.Reference); strings.Contains(ref, "draft-") {
		c.warn("the reference is an Internet-Draft, which expires: a registration wants a lasting specification (RFC 8126, 4.6)")
	}
}

func (c *checker) checkReplyCodes() {
	codes, odd := parseReplyCodes(c.rec.RawReplyCodes)
	for _, o := range odd {
		c.fail("%.40q is no reply code that can carry this code: want three digits that begin with 2, 4 or 5, or a pattern such as 5XX", o)
	}
	for _, r := range codes {
		n, err := strconv.Atoi(r)
		switch {
		case r[0] == '3':
			c.fail("reply code %s: no code goes with a 3xx reply (RFC 2034, 4)", r)
		case err == nil && c.reg.ReplyCode(n) == nil:
			c.warn("reply code %s is not known", r)
		}
	}
	c.checkClasses(codes)
}

// checkClasses compares what the description says with the reply codes. They
// must agree, since the class of a code is that of its reply code (RFC 2034, 4).
func (c *checker) checkClasses(replyCodes []string) {
	said, have := saidClasses(c.rec.Description), digitClasses(replyCodes)
	if said == 0 {
		if have == 0 && c.rec.Description != "" && !c.rec.saysDeprecated() {
			c.warn("neither the description nor the reply codes say with which classes the code is used: add a sentence such as \"This code is only useful for permanent failures.\"")
		}
		return
	}
	var misfits []string
	for _, r := range replyCodes {
		if class := classOfReplyCode(r); class != 0 && !said.Has(class) {
			misfits = append(misfits, r)
		}
	}
	if len(misfits) == 0 {
		return
	}
	severity := SeverityWarning
	if have&said == 0 {
		severity = SeverityError
	}
	c.say(severity, "the description speaks of %s, which cannot be said with reply code %s", classNames(said), strings.Join(misfits, ", "))
}

func classNames(s nixie.Classes) string {
	var names []string
	for _, c := range s.List() {
		names = append(names, c.String())
	}
	return strings.Join(names, " and ")
}

// checkDeprecation wants a reason beside the word "deprecated".
func (c *checker) checkDeprecation() {
	if !c.rec.Deprecated && !c.rec.saysDeprecated() {
		return
	}
	reasons := []string{"duplicate", "replace", "because", "since", "superseded", "in favor of", "in favour of", " use ", " see ", "obsoleted by", "no longer"}
	if !containsAny(strings.ToLower(" "+c.rec.Name+" "+c.rec.Description), reasons) {
		c.warn("it is deprecated without a reason: say why, and what to use in its place")
	}
}
