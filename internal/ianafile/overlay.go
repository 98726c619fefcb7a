package ianafile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// isOverlay reports whether the first line that is no comment is the heading of
// an overlay of vendor codes.
func isOverlay(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		return slices.Contains(cells, "code") && slices.Contains(cells, "receiver")
	}
	return false
}

// checkOverlay says what the loader of overlays refuses; in a file that it
// takes, which codes the registry has already and which lack meaning or advice.
func checkOverlay(name, text string, reg *nixie.Registry) []Finding {
	codes, err := nixie.ParseVendorCodes(name, strings.NewReader(text))
	if err != nil {
		return overlayErrors(name, err)
	}
	var findings []Finding
	lines := overlayLines(text)
	say := func(v nixie.VendorCode, s Severity, format string, args ...any) {
		if len(findings) >= MaxRemarks {
			return
		}
		code := v.Code.String()
		findings = append(findings, Finding{lines[code], code, s, fmt.Sprintf(format, args...)})
	}
	for _, v := range codes {
		if e := reg.Entry(v.Code.Detail()); e != nil {
			say(v, SeverityError, "%s is registered: %q; an overlay is for other codes", e.Detail, e.Name)
		}
		if slices.ContainsFunc(reg.Vendor(v.Code), func(o nixie.VendorCode) bool { return o.Receiver == v.Receiver }) {
			say(v, SeverityWarning, "nixie has this code of %s already; the one of this file comes first", v.Receiver)
		}
		if v.Meaning == "" {
			say(v, SeverityWarning, "the meaning is empty")
		}
		if v.Advice == "" {
			say(v, SeverityWarning, "the advice is empty")
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return a.Line - b.Line })
	return findings
}

// overlayErrors splits the loader's joined error into findings.
func overlayErrors(name string, err error) []Finding {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	var findings []Finding
	for _, e := range errs {
		f := Finding{Severity: SeverityError, Text: strings.TrimPrefix(e.Error(), "nixie: ")}
		if rest, ok := strings.CutPrefix(f.Text, name+":"); ok {
			f.Text = strings.TrimSpace(rest)
			if line, reason, ok := strings.Cut(rest, ": "); ok {
				if n, err := strconv.Atoi(line); err == nil {
					f.Line, f.Text = n, reason
				}
			}
		}
		findings = append(findings, f)
	}
	return findings
}

// overlayLines returns the first line of every cell. A code that stands in a
// range has none.
func overlayLines(text string) map[string]int {
	lines := make(map[string]int)
	n := 0
	for line := range strings.Lines(text) {
		n++
		for _, cell := range strings.Split(strings.TrimRight(line, "\r\n"), "\t") {
			if _, known := lines[strings.TrimSpace(cell)]; !known {
				lines[strings.TrimSpace(cell)] = n
			}
		}
	}
	return lines
}
