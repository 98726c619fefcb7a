package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A citation is an RFC and perhaps a section of it: "RFC 3464, 2.3.4".
type citation struct {
	rfc     int
	section string // "2.3.4", "A.1"; empty for the whole RFC
}

// cite finds "RFC 3464" and "RFC3464"; next what may follow: ", 2.3.4", then
// " and 2.3.6", or ", 3463", another RFC.
var (
	cite = regexp.MustCompile(`\bRFC[ -]?([0-9]{2,5})\b`)
	next = regexp.MustCompile(`^(,|;|,? and|) ((?:sections? )?)([0-9]+(?:\.[0-9]+)*|[A-H](?:\.[0-9]+)*)\b`)
)

// citations returns those in a line.
func citations(line string) []citation {
	var found []citation
	for _, at := range cite.FindAllStringSubmatchIndex(line, -1) {
		rfc, err := strconv.Atoi(line[at[2]:at[3]])
		if err != nil {
			continue
		}
		found = append(found, citation{rfc: rfc})
		for rest := line[at[1]:]; ; {
			m := next.FindStringSubmatch(rest)
			if m == nil || m[1] == "" && m[2] == "" {
				break
			}
			rest = rest[len(m[0]):]
			last := &found[len(found)-1]
			switch n, _ := strconv.Atoi(m[3]); {
			case n >= 1000 && m[1] == ",":
				found = append(found, citation{rfc: n})
			case n >= 100 || strings.HasPrefix(m[3], "A") && strings.HasPrefix(rest, " "):
				rest = "" // a reply code, "RFC 5248, A Registry for …"
			case last.section == "" && (m[1] == "," || m[1] == ""):
				last.section = m[3]
			case last.section != "" && strings.Contains(m[3], "."):
				found = append(found, citation{last.rfc, m[3]})
			}
		}
	}
	return found
}

// An index tells for each RFC which sections it has; nil for all.
type index map[int]map[string]bool

// refuses says what is wrong with a citation, "" if nothing is.
func (x index) refuses(c citation) string {
	sections, ok := x[c.rfc]
	switch {
	case !ok:
		return fmt.Sprintf("RFC %d is not in %s: add it there with the sections it has", c.rfc, indexFile)
	case c.section != "" && sections != nil && !sections[c.section]:
		return fmt.Sprintf("RFC %d has no section %s by %s", c.rfc, c.section, indexFile)
	}
	return ""
}

// parseIndex reads rfc/index.tsv.
func parseIndex(text string) (index, error) {
	const header = "rfc\ttitle\tsections\tused for"
	x := index{}
	headed := false
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !headed {
			if line != header {
				return nil, fmt.Errorf("%s:%d: the first line must be %q", indexFile, i+1, header)
			}
			headed = true
			continue
		}
		cells := strings.Split(line, "\t")
		rfc, err := strconv.Atoi(cells[0])
		if err != nil || len(cells) != strings.Count(header, "\t")+1 {
			return nil, fmt.Errorf("%s:%d: want number, title, sections, use, with tabs between", indexFile, i+1)
		}
		if _, twice := x[rfc]; twice {
			return nil, fmt.Errorf("%s:%d: RFC %d is listed twice", indexFile, i+1, rfc)
		}
		if x[rfc], err = parseSections(cells[2]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", indexFile, i+1, err)
		}
	}
	return x, nil
}

// maxRange bounds how many sections one a-b may stand for.
const maxRange = 99

// parseSections reads "1-3 2.3.1-9 A"; nil for "*".
func parseSections(s string) (map[string]bool, error) {
	if s == "*" {
		return nil, nil
	}
	sections := map[string]bool{}
	for _, word := range strings.Fields(s) {
		first, last, isRange := strings.Cut(word, "-")
		if !isRange {
			sections[word] = true
			continue
		}
		dot := strings.LastIndexByte(first, '.') + 1
		from, err1 := strconv.Atoi(first[dot:])
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || to < from || to-from > maxRange {
			return nil, fmt.Errorf("sections %q: want 2.3.1-9 for 2.3.1 to 2.3.9", word)
		}
		for n := from; n <= to; n++ {
			sections[first[:dot]+strconv.Itoa(n)] = true
		}
	}
	if len(sections) == 0 {
		return nil, fmt.Errorf("no sections: want a list, or * for any")
	}
	return sections, nil
}
