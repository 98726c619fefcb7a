package verdict

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Generic is the receiver of a reply that nobody in particular said.
const Generic = "generic"

// A Receiver is somebody who runs the mail of many domains.
type Receiver struct {
	Name    string
	Aliases []string // other names that hints and rules may use
	Hosts   []string // ends of its servers' names: "google.com"
	Domains []string // of its users: "gmail.com"
	Says    []string // phrases in a reply that give it away
}

const receiverHeader = "name\taliases\thosts\tdomains\tsays"

// ParseReceivers reads a table of receivers: tab-separated, with a header line;
// the phrases of the last column are divided by " | ", the other lists by commas.
func ParseReceivers(name string, r io.Reader) ([]Receiver, error) {
	limited := &io.LimitedReader{R: r, N: MaxRuleFile + 1}
	sc := bufio.NewScanner(limited)
	sc.Buffer(make([]byte, 0, 4096), MaxRuleLine)
	var all []Receiver
	var errs []error
	fail := func(line int, format string, args ...any) {
		if len(errs) < maxRuleErrors {
			errs = append(errs, &RuleError{File: name, Line: line, Text: fmt.Sprintf(format, args...)})
		}
	}
	header, line := false, 0
	for sc.Scan() {
		line++
		text := sc.Text()
		switch cells := strings.Split(text, "\t"); {
		case strings.TrimSpace(text) == "" || text[0] == '#':
		case !header:
			if header = true; text != receiverHeader {
				fail(line, "the header must be %q", receiverHeader)
			}
		case !utf8.ValidString(text):
			fail(line, "the line is not UTF-8")
		case len(cells) != 5:
			fail(line, "want 5 columns, got %d", len(cells))
		case cells[0] == "":
			fail(line, "a receiver has no name")
		default:
			all = append(all, Receiver{Name: cells[0], Aliases: cellList(cells[1], ","), Hosts: cellList(cells[2], ","),
				Domains: cellList(cells[3], ","), Says: cellList(cells[4], " | ")})
		}
	}
	if err := sc.Err(); err != nil {
		fail(line+1, "%v", err)
	} else if limited.N <= 0 {
		fail(line, "the file has more than %d bytes", MaxRuleFile)
	}
	return all, errors.Join(errs...)
}

func cellList(cell, sep string) []string {
	var parts []string
	for s := range strings.SplitSeq(cell, sep) {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, s)
		}
	}
	return parts
}

// receiverIndex finds receivers by name, host and domain. Values are indexes
// into names, so that a judge can compare numbers.
type receiverIndex struct {
	names  []string // names[0] is Generic
	byName map[string]int32
	byHost map[string]int32
}

func newReceiverIndex(all []Receiver) (*receiverIndex, error) {
	ix := &receiverIndex{names: []string{Generic}, byName: map[string]int32{Generic: 0}, byHost: map[string]int32{}}
	var errs []error
	for _, r := range all {
		n, known := ix.byName[r.Name]
		if !known {
			n = int32(len(ix.names))
			ix.names = append(ix.names, r.Name)
		}
		for _, name := range append([]string{r.Name}, r.Aliases...) {
			if at, taken := ix.byName[name]; taken && at != n {
				errs = append(errs, fmt.Errorf("verdict: receivers %s and %s are both called %q", ix.names[at], r.Name, name))
			}
			ix.byName[name] = n
		}
		for _, host := range append(r.Hosts, r.Domains...) {
			ix.byHost[strings.ToLower(host)] = n
		}
	}
	return ix, errors.Join(errs...)
}

// maxHost is the longest host name that is looked up. RFC 1035, 2.3.4.
const maxHost = 255

// host finds the receiver that a host or domain name belongs to, by its longest
// known ending. It does not allocate.
func (ix *receiverIndex) host(name string) (int32, bool) {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxHost {
		return 0, false
	}
	var buf [maxHost]byte
	low := buf[:len(name)]
	for i := range low {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	for {
		if n, ok := ix.byHost[string(low)]; ok {
			return n, true
		}
		dot := 0
		for dot < len(low) && low[dot] != '.' {
			dot++
		}
		if dot == len(low) {
			return 0, false
		}
		low = low[dot+1:]
	}
}
