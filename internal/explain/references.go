package explain

import (
	"strings"
)

// A Reference is a document that something in an explanation rests on.
type Reference struct {
	Name string // "RFC 3463", or what else there is to name it by
	URL  string // empty where there is none
	For  string // what rests on it: "code 5.1.1", "the verdict"
}

// ForVerdict is what a reference to the deciding rule's source is for.
const ForVerdict = "the verdict"

// references lists what an explanation rests on, each document once.
func references(e *Explanation) []Reference {
	var list []Reference
	add := func(text, what string) {
		for _, r := range parseReferences(text) {
			r.For = what
			if !known(list, r) {
				list = append(list, r)
			}
		}
	}
	if m := e.Match; m.Entry != nil {
		add(m.Entry.Reference, "code "+m.Entry.Detail.String())
	} else if m.Subject != nil {
		add(m.Subject.Reference, "the subject")
	} else if m.Class != nil {
		add(m.Class.Reference, "the class")
	}
	for _, v := range e.Vendor {
		add(v.Source, v.Receiver+" "+v.Code.String())
	}
	if e.ReplyCodeEntry != nil {
		add(e.ReplyCodeEntry.Reference, "reply code")
	}
	if e.Verdict != nil {
		add(e.Verdict.Source, ForVerdict)
	}
	for _, p := range e.Problems {
		add(p.Rule, "problems")
	}
	return list
}

func known(list []Reference, r Reference) bool {
	for _, k := range list {
		if k.Name == r.Name {
			return true
		}
	}
	return false
}

// Cite shortens a reference in the registry's way of writing, "[RFC3463]
// (Standards Track)", to "RFC 3463". Any other text comes back as it is.
func Cite(text string) string {
	if !strings.HasPrefix(text, "[") {
		return text
	}
	var names []string
	for _, r := range parseReferences(text) {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// parseReferences reads the ways in which references are written: the
// registry's "[RFC7372], Section 3.3 (Standards Track)", "RFC 5321, 4.2.3",
// an address, and several of them with semicolons between.
func parseReferences(text string) []Reference {
	var list []Reference
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "][", "]; ["), ";") {
		part = strings.TrimSpace(part)
		if part == "" || part == "none" {
			continue
		}
		list = append(list, parseReference(part))
	}
	return list
}

// registryURL is where IANA publishes the registry.
const registryURL = "https://www.iana.org/assignments/smtp-enhanced-status-codes"

func parseReference(s string) Reference {
	if i := strings.Index(s, "https://"); i >= 0 {
		name := strings.TrimRight(strings.TrimSpace(s[:i]), ":(, ")
		url := firstWord(s[i:])
		return Reference{Name: orElse(name, url), URL: strings.TrimRight(url, ").,")}
	}
	if n := rfcNumber(s); n != "" {
		return Reference{Name: "RFC " + n, URL: "https://www.rfc-editor.org/rfc/rfc" + n}
	}
	if s == "the registry" {
		return Reference{Name: s, URL: registryURL}
	}
	return Reference{Name: strings.Trim(s, "[]")}
}

// rfcNumber returns the digits of the RFC that s begins with: "[RFC3463] …", "RFC 5321, 4".
func rfcNumber(s string) string {
	s, ok := strings.CutPrefix(strings.TrimLeft(s, "["), "RFC")
	if !ok {
		return ""
	}
	s = strings.TrimLeft(s, " ")
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}
