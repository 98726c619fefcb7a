package api

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// A query reads the parameters of a request, and gathers what is wrong with them.
// Each is taken at most once, and one that nobody has asked for is wrong too.
type query struct {
	values url.Values
	faults []fault
}

func newQuery(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.faults = append(q.faults, fault{Location: "query", Message: "it is no query: " + err.Error()})
	}
	return q
}

func (q *query) wrong(name, format string, args ...any) {
	q.faults = append(q.faults, fault{Location: "query." + name, Message: fmt.Sprintf(format, args...)})
}

// text is a parameter as it is, "" if it is absent.
func (q *query) text(name string) string {
	values := q.values[name]
	delete(q.values, name)
	switch {
	case len(values) == 0:
		return ""
	case len(values) > 1:
		q.wrong(name, "it is there %d times, and can be once", len(values))
	case len(values[0]) > MaxText:
		q.wrong(name, "it has %d bytes, and %d is the most", len(values[0]), MaxText)
	case !utf8.ValidString(values[0]):
		q.wrong(name, "it is no UTF-8")
	}
	return values[0]
}

// plus is a text in which no space can stand: a + in it was meant to be one. In a
// query it is a space unless it is written %2B, which nobody remembers who writes
// an address.
func (q *query) plus(name string) string { return strings.ReplaceAll(q.text(name), " ", "+") }

// number is a parameter from 0 to max, otherwise if it is absent.
func (q *query) number(name string, otherwise, max uint64) uint64 {
	s := q.text(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > max {
		q.wrong(name, "it is a number from 0 to %d", max)
	}
	return n
}

func (q *query) flag(name string) bool {
	switch q.text(name) {
	case "true", "1":
		return true
	case "", "false", "0":
	default:
		q.wrong(name, "it is true or false")
	}
	return false
}

func (q *query) time(name string) time.Time {
	s := q.plus(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		q.wrong(name, "it is a time as RFC 3339 writes it, such as 2026-11-23T12:00:00Z")
	}
	return t
}

// wait is how long the request may wait.
func (q *query) wait() time.Duration {
	s := q.text("wait")
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > MaxWait {
		q.wrong("wait", "it is a time such as 5s, and %s at most", MaxWait)
	}
	return d
}

// code is an enhanced status code, or a reply code.
func (q *query) code() (replyCode int, code nixie.Code) {
	s := q.text("code")
	if s == "" {
		return 0, nixie.Code{}
	}
	if n, err := strconv.Atoi(s); err == nil && len(s) == 3 && n >= 100 {
		return n, nixie.Code{}
	}
	code, err := nixie.ParseCode(s)
	if err != nil {
		q.wrong("code", "it is an enhanced status code, such as 5.1.1, or a reply code, such as 550")
	}
	return 0, code
}

// page is which part of a list is wanted.
func (q *query) page() seen.Page {
	p := seen.Page{
		Limit:  int(q.number("limit", DefaultLimit, seen.MaxPage)),
		Cursor: q.number("cursor", 0, math.MaxUint64),
		Oldest: q.flag("oldest"),
	}
	if p.Limit == 0 {
		q.wrong("limit", "it is a number from 1 to %d", seen.MaxPage)
	}
	return p
}

// err is what is wrong with the query, once all of it was asked for.
func (q *query) err() error {
	var left []string
	for name := range q.values {
		left = append(left, name)
	}
	slices.Sort(left)
	for _, name := range left[:min(len(left), 10)] {
		q.faults = append(q.faults, fault{Location: "query", Message: fmt.Sprintf("there is no parameter %.100q here", name)})
	}
	if len(q.faults) == 0 {
		return nil
	}
	p := newProblem(http.StatusUnprocessableEntity, "the query is wrong")
	p.Errors = q.faults
	return p
}
