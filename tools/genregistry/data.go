package main

import (
	"cmp"
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The days of the snapshots: "Last Updated" of the registry's two texts.
const (
	currentDate = "2024-12-06"
	oldDate     = "2008-09-05"
)

// data is all of registry/*.tsv.
type data struct {
	classes, subjects []parent
	codes, old        []code
	replyCodes        []replyCode
	vendor            []vendorCode
}

// A parent is a row of classes.tsv or subjects.tsv.
type parent struct {
	number                                          int
	name, reference, submitter, controller, meaning string
}

// A code is a row of codes.tsv or of a snapshot.
type code struct {
	detail                                 int // subject×1000 + detail
	name, reference, submitter, controller string
	replyCodes, classes                    []string
	deprecated, inferred                   bool
	constant, meaning, advice              string
}

func (c code) String() string { return fmt.Sprintf("X.%d.%d", c.detail/1000, c.detail%1000) }

// A replyCode is a row of basic.tsv.
type replyCode struct {
	number                          int
	name, reference, meaning, codes string
}

// A vendorCode is a row of vendor.tsv.
type vendorCode struct {
	class, detail, last                     int // last of a range of details, else 0
	receiver, name, meaning, advice, source string
}

// readData reads and checks all tables.
func readData(dir string) (data, error) {
	parentColumns := []string{"name", "reference", "submitter", "change_controller", "meaning"}
	codeColumns := []string{"code", "name", "reply_codes", "reference", "submitter", "change_controller", "deprecated", "classes", "classes_inferred"}
	classes := readTable(dir, "classes.tsv", append([]string{"class"}, parentColumns...)...)
	subjects := readTable(dir, "subjects.tsv", append([]string{"subject"}, parentColumns...)...)
	codes := readTable(dir, "codes.tsv", append(slices.Clone(codeColumns), "constant", "meaning", "advice", "smtp_stage", "issued_by", "provoke")...)
	old := readTable(dir, oldDate+".tsv", append(slices.Clone(codeColumns), "meaning", "advice")...)
	basic := readTable(dir, "basic.tsv", "reply_code", "name", "reference", "meaning", "codes")
	vendor := readTable(dir, "vendor.tsv", "code", "receiver", "name", "meaning", "advice", "source")
	tables := []*table{classes, subjects, codes, old, basic, vendor}
	if err := joinErrors(tables...); err != nil {
		return data{}, err
	}
	var d data
	d.classes = parents(classes)
	d.subjects = parents(subjects)
	d.codes = currentCodes(codes)
	d.old = oldCodes(old, d.codes)
	d.replyCodes = replyCodes(basic)
	d.vendor = vendorCodes(vendor, d.codes)
	return d, joinErrors(tables...)
}

// ascending fails for every row whose key does not follow the one before it,
// which also finds duplicates.
func ascending[T any](t *table, list []T, compare func(a, b T) int) {
	for i := 1; i < len(list) && i < len(t.rows); i++ {
		if compare(list[i-1], list[i]) >= 0 {
			t.fail(t.rows[i], "not in ascending order, or a duplicate")
		}
	}
}

func parents(t *table) []parent {
	var list []parent
	for _, r := range t.rows {
		c := r.cells
		n, err := strconv.Atoi(c[0])
		if err != nil || n < 0 || n > 9 {
			t.fail(r, "%q is no class or subject", c[0])
		}
		for _, cell := range c {
			t.need(r, "value in a cell", cell)
		}
		list = append(list, parent{n, c[1], c[2], c[3], c[4], c[5]})
	}
	ascending(t, list, func(a, b parent) int { return cmp.Compare(a.number, b.number) })
	return list
}

var (
	detailForm    = regexp.MustCompile(`^X\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$`)
	replyCodeForm = regexp.MustCompile(`^([245]\d\d|[245]xx)$`)
	vendorForm    = regexp.MustCompile(`^([245])\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})(-([1-9]\d{0,2}))?$`)
)

// number makes a subject and a detail one number.
func number(subject, detail string) int {
	s, _ := strconv.Atoi(subject) // digits by the pattern that found them
	d, _ := strconv.Atoi(detail)
	return s*1000 + d
}

// commonCells reads the nine cells that both lists of codes begin with.
func commonCells(t *table, r row) code {
	c := r.cells
	var x code
	if m := detailForm.FindStringSubmatch(c[0]); m != nil {
		x.detail = number(m[1], m[2])
	} else {
		t.fail(r, "%q is no code like X.1.1", c[0])
	}
	x.name, x.reference, x.submitter, x.controller = c[1], c[3], c[4], c[5]
	x.deprecated = t.yes(r, "deprecated", c[6])
	if !x.deprecated { // the registry leaves them empty for X.6.10
		t.need(r, "name", x.name)
		t.need(r, "submitter", x.submitter)
		t.need(r, "change controller", x.controller)
	}
	t.need(r, "reference", x.reference)
	x.replyCodes = readReplyCodes(t, r, c[2])
	x.classes = readClasses(t, r, c[7])
	x.inferred = t.yes(r, "classes_inferred", c[8])
	if first := firstDigits(x.replyCodes); x.inferred && first != "" && first != strings.Join(x.classes, ",") {
		t.fail(r, "classes %s are said to be inferred, and the reply codes give %s", c[7], first)
	}
	return x
}

func readReplyCodes(t *table, r row, cell string) []string {
	switch cell {
	case "not given":
		return nil
	case "any":
		return []string{"any"}
	}
	list := strings.Split(cell, ",")
	for _, s := range list {
		if !replyCodeForm.MatchString(s) {
			t.fail(r, "%q is no reply code", s)
		}
	}
	return list
}

// classNames are the classes in order, by their first digit.
var classNames = []struct{ digit, name string }{{"2", "success"}, {"4", "transient"}, {"5", "permanent"}}

func readClasses(t *table, r row, cell string) []string {
	list := strings.Split(cell, ",")
	var want []string
	for _, c := range classNames {
		if slices.Contains(list, c.name) {
			want = append(want, c.name)
		}
	}
	if !slices.Equal(list, want) {
		t.fail(r, "classes are %q, want some of success,transient,permanent in this order", cell)
	}
	return list
}

// firstDigits names the classes that reply codes belong to; "" for none or any.
func firstDigits(replyCodes []string) string {
	var names []string
	for _, c := range classNames {
		if slices.ContainsFunc(replyCodes, func(s string) bool { return strings.HasPrefix(s, c.digit) }) {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ",")
}

func compareCodes(a, b code) int { return cmp.Compare(a.detail, b.detail) }

func currentCodes(t *table) []code {
	var list []code
	seen := map[string]bool{}
	for _, r := range t.rows {
		x := commonCells(t, r)
		x.constant, x.meaning, x.advice = r.cells[9], r.cells[10], r.cells[11]
		t.need(r, "meaning", x.meaning)
		t.need(r, "advice", x.advice)
		if !token.IsIdentifier(x.constant) || !token.IsExported(x.constant) || seen[x.constant] {
			t.fail(r, "constant %q is no exported Go name, or a duplicate", x.constant)
		}
		seen[x.constant] = true
		list = append(list, x)
	}
	ascending(t, list, compareCodes)
	return list
}

// oldCodes reads a snapshot. An empty meaning or advice is that of today.
func oldCodes(t *table, today []code) []code {
	var list []code
	for _, r := range t.rows {
		x := commonCells(t, r)
		x.meaning, x.advice = r.cells[9], r.cells[10]
		i, ok := slices.BinarySearchFunc(today, x, compareCodes)
		if !ok {
			t.fail(r, "%s is not in codes.tsv; no code was ever withdrawn", x)
			continue
		}
		x.constant = today[i].constant
		if x.meaning == "" {
			x.meaning = today[i].meaning
		}
		if x.advice == "" {
			x.advice = today[i].advice
		}
		list = append(list, x)
	}
	ascending(t, list, compareCodes)
	return list
}

func replyCodes(t *table) []replyCode {
	var list []replyCode
	for _, r := range t.rows {
		c := r.cells
		n, err := strconv.Atoi(c[0])
		if err != nil || n < 200 || n > 599 {
			t.fail(r, "%q is no reply code", c[0])
		}
		t.need(r, "name", c[1])
		t.need(r, "meaning", c[3])
		t.need(r, "word on codes", c[4])
		list = append(list, replyCode{n, c[1], c[2], c[3], c[4]})
	}
	ascending(t, list, func(a, b replyCode) int { return cmp.Compare(a.number, b.number) })
	return list
}

func vendorCodes(t *table, registered []code) []vendorCode {
	var list []vendorCode
	for _, r := range t.rows {
		c := r.cells
		m := vendorForm.FindStringSubmatch(c[0])
		if m == nil {
			t.fail(r, "%q is no code like 5.7.57 or 5.7.606-649", c[0])
			continue
		}
		v := vendorCode{int(m[1][0] - '0'), number(m[2], m[3]), 0, c[1], c[2], c[3], c[4], c[5]}
		if m[5] != "" {
			v.last, _ = strconv.Atoi(m[5])
			if v.last <= v.detail%1000 {
				t.fail(r, "%q is no range", c[0])
			}
		}
		for _, x := range registered {
			if x.detail >= v.detail && x.detail <= max(v.detail, v.detail/1000*1000+v.last) {
				t.fail(r, "%s is registered at IANA", x)
			}
		}
		for _, cell := range c {
			t.need(r, "value in a cell", cell)
		}
		if !strings.HasPrefix(v.source, "https://") {
			t.fail(r, "source %q is no https address", v.source)
		}
		list = append(list, v)
	}
	ascending(t, list, func(a, b vendorCode) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.detail, b.detail), cmp.Compare(a.receiver, b.receiver))
	})
	return list
}
