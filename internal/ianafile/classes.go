package ianafile

import (
	"strings"

	"github.com/nixiemail/nixie"
)

// classCues are the turns of phrase by which a description says as what the
// code may be used. A class named in another sentence limits nothing: "this
// condition might be temporary".
func classCues() []string {
	return []string{"useful", "used as", "used for", "represent", "may be a ", "may also be a ", "failure is "}
}

// successCues say that the code speaks of a success, in whatever sentence.
func successCues() []string {
	return []string{"positive delivery", "delivery was successful", "was accepted for relay", "has been relayed"}
}

// saidClasses returns the classes that a description allows, none where it is
// silent. The registry says it in sentences such as "This code is only useful
// for permanent failures."
func saidClasses(description string) nixie.Classes {
	var said nixie.Classes
	for sentence := range strings.SplitSeq(strings.ToLower(description), ". ") {
		sentence = collapse(sentence) + " "
		if containsAny(sentence, successCues()) {
			said = said.Add(nixie.Success)
		}
		if !containsAny(sentence, classCues()) {
			continue
		}
		if strings.Contains(sentence, "success") {
			said = said.Add(nixie.Success)
		}
		if containsAny(sentence, []string{"transient", "temporary"}) {
			said = said.Add(nixie.Transient)
		}
		if strings.Contains(sentence, "permanent") {
			said = said.Add(nixie.Permanent)
		}
	}
	return said
}

func containsAny(s string, list []string) bool {
	for _, sub := range list {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}

// classesOf returns the classes that a description allows; where it is silent,
// those of the reply codes, and inferred. With neither it is all classes.
func classesOf(description string, replyCodes []string) (c nixie.Classes, inferred bool) {
	if c = saidClasses(description); c != 0 {
		return c, false
	}
	if c = digitClasses(replyCodes); c != 0 {
		return c, true
	}
	return c.Add(nixie.Success).Add(nixie.Transient).Add(nixie.Permanent), false
}

// digitClasses returns the classes of reply codes; "any" has none.
func digitClasses(replyCodes []string) nixie.Classes {
	var c nixie.Classes
	for _, r := range replyCodes {
		c = c.Add(classOfReplyCode(r))
	}
	return c
}

// classOfReplyCode returns the class of "550" or "5xx", zero for "any".
func classOfReplyCode(r string) nixie.Class {
	if c := nixie.Class(r[0] - '0'); c.String() != "" {
		return c
	}
	return 0
}
