package nixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A VendorCode is a code that one receiver uses and IANA has not registered,
// such as Microsoft's 5.7.515. The registry keeps these apart from its entries.
type VendorCode struct {
	Code     Code
	Receiver string // who says it, in the words of package verdict: "microsoft"
	Name     string
	Meaning  string
	Advice   string
	Source   string // where the receiver documents it
}

// Vendor returns what receivers other than IANA mean by c; nil for most codes.
// The caller must not change it.
func (r *Registry) Vendor(c Code) []VendorCode { return r.byVendor[c] }

// VendorCodes returns the whole overlay. The caller must not change it.
func (r *Registry) VendorCodes() []VendorCode { return r.vendor }

// A vendorRow is a line of an overlay: one code, or, when last is not zero, all
// codes up to the one that ends in last.
type vendorRow struct {
	VendorCode
	last int
}

// expandVendor returns one VendorCode for every code of the rows.
func expandVendor(rows []vendorRow) []VendorCode {
	var list []VendorCode
	for _, row := range rows {
		v, d := row.VendorCode, row.Code.detail
		for n := d.Number(); n <= max(row.last, d.Number()); n++ {
			v.Code.detail = Detail(d.Subject()*1000 + n)
			list = append(list, v)
		}
	}
	return list
}

// Limits of an overlay file. Its rows are counted with their ranges spread out.
const (
	maxVendorBytes  = 1 << 20
	maxVendorCodes  = 5000
	maxVendorCell   = 1000 // bytes
	maxVendorErrors = 20
)

// vendorColumns are the columns of an overlay. All must be there, in any order.
var vendorColumns = []string{"code", "receiver", "name", "meaning", "advice", "source"}

// ParseVendorCodes reads an overlay of vendor codes in the format of
// registry/vendor.tsv: UTF-8, a header line that names the six columns code,
// receiver, name, meaning, advice and source, then one row a line, cells
// separated by tabs. Empty lines and lines that begin with # are skipped. A code
// is written 5.7.57, or, for a range, 5.7.606-649.
//
// The name stands in error messages only. A file with anything wrong in it is
// refused as a whole: with a code that is no code or is registered at IANA, the
// same code twice for one receiver, no receiver, name or source, a control
// character, a cell of more than 1,000 bytes, more than 5,000 codes or a
// megabyte. The error joins up to 20 errors, each with file, line and reason.
func ParseVendorCodes(name string, r io.Reader) ([]VendorCode, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxVendorBytes+1))
	if err != nil {
		return nil, fmt.Errorf("nixie: %s: %w", name, err)
	}
	if len(b) > maxVendorBytes {
		return nil, fmt.Errorf("nixie: %s: more than %d bytes", name, maxVendorBytes)
	}
	p := vendorParser{name: name, seen: map[vendorKey]int{}}
	for line := range bytes.Lines(bytes.TrimPrefix(b, []byte("\ufeff"))) {
		p.line++
		text := strings.TrimRight(string(line), "\r\n")
		if strings.Trim(text, " \t") != "" && text[0] != '#' && !p.parse(text) {
			break
		}
	}
	if p.columns == nil && len(p.errs) == 0 {
		p.line = max(p.line, 1)
		p.fail("no header line; want the columns %s", strings.Join(vendorColumns, ", "))
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.codes, nil
}

// vendorKey is what must not occur twice in an overlay.
type vendorKey struct {
	code     Code
	receiver string
}

type vendorParser struct {
	name    string
	line    int
	columns []int // where each of vendorColumns stands in a row; nil before the header
	codes   []VendorCode
	seen    map[vendorKey]int // the line of each code
	errs    []error
}

func (p *vendorParser) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("nixie: %s:%d: %s", p.name, p.line, fmt.Sprintf(format, args...)))
}

// parse reads a line and reports whether it makes sense to go on.
func (p *vendorParser) parse(text string) bool {
	cells := strings.Split(text, "\t")
	if p.columns == nil {
		return p.header(cells)
	}
	if len(cells) != len(vendorColumns) {
		p.fail("%d cells, want %d", len(cells), len(vendorColumns))
	} else {
		p.row(cells)
	}
	if len(p.codes) > maxVendorCodes {
		p.fail("more than %d codes", maxVendorCodes)
		return false
	}
	return len(p.errs) < maxVendorErrors
}

// header finds the columns.
func (p *vendorParser) header(cells []string) bool {
	for i, c := range cells {
		cells[i] = strings.TrimSpace(c)
		if !slices.Contains(vendorColumns, cells[i]) {
			p.fail("unknown column %.40q; want %s", cells[i], strings.Join(vendorColumns, ", "))
			return false
		}
	}
	for _, c := range vendorColumns {
		at := slices.Index(cells, c)
		if at < 0 {
			p.fail("no column %q", c)
			return false
		}
		p.columns = append(p.columns, at)
	}
	if len(cells) != len(vendorColumns) {
		p.fail("a column occurs twice")
		return false
	}
	return true
}

// row reads a row with the right number of cells.
func (p *vendorParser) row(cells []string) {
	var ordered [6]string
	for i, at := range p.columns {
		c := strings.TrimSpace(cells[at])
		if len(c) > maxVendorCell {
			p.fail("%s has %d bytes, at most %d", vendorColumns[i], len(c), maxVendorCell)
			return
		}
		if !utf8.ValidString(c) || strings.ContainsFunc(c, unicode.IsControl) {
			p.fail("%s has control characters or is not UTF-8: %.40q", vendorColumns[i], c)
			return
		}
		ordered[i] = c
	}
	v := VendorCode{Receiver: ordered[1], Name: ordered[2], Meaning: ordered[3], Advice: ordered[4], Source: ordered[5]}
	if v.Receiver == "" || v.Name == "" || v.Source == "" {
		p.fail("receiver, name and source must not be empty")
		return
	}
	code, last, err := parseVendorCode(ordered[0])
	if err != nil {
		p.fail("%v", err)
		return
	}
	v.Code = code
	p.add(expandVendor([]vendorRow{{v, last}}))
}

// add takes the codes of one row.
func (p *vendorParser) add(list []VendorCode) {
	for _, v := range list {
		if e := Builtin().Entry(v.Code.detail); e != nil {
			p.fail("%s is registered at IANA (%s, %q); an overlay is for other codes", v.Code, e.Detail, e.Name)
			return
		}
		key := vendorKey{v.Code, v.Receiver}
		if line := p.seen[key]; line > 0 {
			p.fail("%s for %s is in line %d already", v.Code, v.Receiver, line)
			return
		}
		p.seen[key] = p.line
		p.codes = append(p.codes, v)
	}
}

// parseVendorCode reads "5.7.57", or "5.7.606-649", whose last is 649.
func parseVendorCode(s string) (c Code, last int, err error) {
	first, rest, isRange := strings.Cut(s, "-")
	if c, err = ParseCode(first); err != nil || !isRange {
		return c, 0, err
	}
	last, n, err := parsePart(rest)
	if err != nil || n != len(rest) || last <= c.detail.Number() {
		return Code{}, 0, fmt.Errorf("%.40q is no range; want one like 5.7.606-649", s)
	}
	return c, last, nil
}
