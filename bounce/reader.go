package bounce

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/mimetree"
	"github.com/nixiemail/nixie/internal/phrases"
)

// Limits on what is looked at. What lies beyond them stays in the message.
const (
	MaxMessage    = 64 << 20  // bytes of a message; the rest is not read
	MaxWords      = 256 << 10 // bytes of the words for people
	MaxRecipients = 1000      // of one report, as in package dsn
	MaxProblems   = 100       // of one message
)

// Read reads a message to its end, at most [MaxMessage] bytes, and says what it
// is. The error is one of r's: no message is too odd for a Result. Memory is
// at most six times the message's length, with what grows on the way, and 4 MB.
func Read(r io.Reader) (Result, error) { return Builtin().Read(r) }

// Parse is [Read] for a message in memory. What it returns refers to the string.
func Parse(msg string) Result { return Builtin().Parse(msg) }

// A Reader knows a set of layouts. It may be used by many goroutines. Make one
// with [New], or take [Builtin].
type Reader struct {
	formats []Format
	lists   [listKinds]textList
	signs   signs
	set     *phrases.Set
	uses    []phraseUse // by phrase
	pool    sync.Pool   // of *reading
}

// Builtin returns the reader that knows the layouts of this package.
func Builtin() *Reader { return builtin() }

var builtin = sync.OnceValue(func() *Reader {
	all, err := BuiltinFormats()
	if err == nil {
		var r *Reader
		if r, err = New(all); err == nil {
			return r
		}
	}
	panic(err) // a test reads the embedded files
})

// Read is the package's [Read], by the layouts of rd.
func (rd *Reader) Read(r io.Reader) (Result, error) {
	var b strings.Builder
	if l, ok := r.(interface{ Len() int }); ok {
		b.Grow(min(l.Len(), MaxMessage))
	}
	n, err := io.Copy(&b, io.LimitReader(r, MaxMessage))
	if err != nil {
		return Result{}, fmt.Errorf("reading a message, after %d bytes: %w", n, err)
	}
	res := rd.Parse(b.String())
	if n == MaxMessage {
		if more, _ := r.Read(make([]byte, 1)); more > 0 {
			res.Problems = append(res.Problems, Problem{"too-long", fmt.Sprintf("only the first %d bytes were read", MaxMessage)})
		}
	}
	return res, nil
}

// reading is the working memory for one message.
type reading struct {
	*Reader
	tree      mimetree.Tree
	scan      *phrases.Scanner
	parts     found
	head      head
	res       Result
	expiredAt int  // where the words first say that it was tried for long, -1 for nowhere
	gaveUp    bool // words behind the last reply say that it was tried for long
	depth     int  // 1 for a bounce within a bounce

	words    words
	hits     [signKinds]formatSet // the layouts that a sign of a kind was found of
	said     [wordKinds]bool      // kinds of words that stand there
	headings []heading
	list     []heading // those that name recipients
	spoken   []statement
}

// found are the parts of a message that matter, by index; -1 for none.
type found struct{ text, status, feedback, disposition, original, html int }

// Parse is the package's [Parse], by the layouts of rd.
func (rd *Reader) Parse(msg string) Result { return rd.parse(msg, 0) }

func (rd *Reader) parse(msg string, depth int) Result {
	r := rd.pool.Get().(*reading)
	r.depth = depth
	r.read(msg)
	res := r.res
	r.forget()
	rd.pool.Put(r)
	return res
}

// forget drops what refers to the message, which may be large.
func (r *reading) forget() {
	r.tree.Forget()
	clear(r.head.to)
	clear(r.list)
	r.res, r.head, r.words.text, r.gaveUp = Result{}, head{to: r.head.to[:0]}, "", false
	clear(r.headings)
	clear(r.spoken)
	for _, hits := range r.hits {
		clear(hits)
	}
	r.said = [wordKinds]bool{}
	r.headings, r.list, r.spoken, r.words.lines = r.headings[:0], r.list[:0], r.spoken[:0], r.words.lines[:0]
}

func (r *reading) read(msg string) {
	r.tree.Parse(msg)
	if len(r.tree.Parts[0].Header) == 0 {
		r.res.Kind = Other // no mail at all
		return
	}
	r.findParts()
	r.readHead()
	r.findOriginal()
	r.leaveForwarded()
	if i := r.parts.status; i >= 0 {
		report := dsn.ParseStatus(r.tree.Text(i, MaxWords))
		r.res.Report = &report
	}
	switch {
	case r.notification():
	case r.parts.disposition >= 0 && r.parts.status < 0:
		r.disposition()
	case r.parts.feedback >= 0:
		r.feedback()
	case r.res.Report != nil && len(r.res.Report.Recipients) > 0:
		r.standard()
	default:
		r.nonstandard()
	}
	r.res.Problems = slices.Grow(r.res.Problems, r.tolerated())
	for _, p := range r.tree.Problems {
		r.problem(string(p.Kind), p.Text)
	}
	if rep := r.res.Report; rep != nil {
		for _, p := range rep.Problems {
			r.problem(string(p.Kind), p.Text)
		}
	}
}

// tolerated returns how many problems the parts of the message have, as far as they
// are told of.
func (r *reading) tolerated() int {
	n := len(r.tree.Problems)
	if rep := r.res.Report; rep != nil {
		n += len(rep.Problems)
	}
	return min(n, MaxProblems)
}

// leaveForwarded drops the parts of a report that a person passes on: in an answer
// or a forwarded message, and not in a multipart/report.
func (r *reading) leaveForwarded() {
	h := &r.head
	if h.nullPath || h.sender != senderOther || !h.reply && !h.ownPath {
		return
	}
	for _, part := range [...]*int{&r.parts.status, &r.parts.disposition} {
		if i := *part; i >= 0 && (r.tree.Parts[i].Parent < 0 || !r.tree.Parts[r.tree.Parts[i].Parent].Is("multipart/report")) {
			*part = -1
		}
	}
}

func (r *reading) problem(kind, text string) {
	if len(r.res.Problems) < MaxProblems {
		r.res.Problems = append(r.res.Problems, Problem{kind, text})
	}
}

// findParts looks for the parts that matter: the first of each kind.
func (r *reading) findParts() {
	p := found{-1, -1, -1, -1, -1, -1}
	first := func(at *int, i int) {
		if *at < 0 {
			*at = i
		}
	}
	for i := range r.tree.Parts {
		switch part := &r.tree.Parts[i]; part.Type {
		case "text/plain", "application/octet-stream":
			switch r.disguised(i) {
			case "status":
				first(&p.status, i)
			case "feedback":
				first(&p.feedback, i)
			default:
				if part.Type == "text/plain" {
					first(&p.text, i)
				}
			}
		case "text/html":
			first(&p.html, i)
		case "message/delivery-status", "message/global-delivery-status":
			first(&p.status, i)
		case "message/feedback-report":
			first(&p.feedback, i)
		case "message/disposition-notification", "message/global-disposition-notification":
			first(&p.disposition, i)
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/rfc822-headers", "text/rfc822", "message/partial":
			first(&p.original, i)
		}
	}
	r.parts = p
}

// disguised tells whether a part of a multipart/report holds a report's fields
// under another type.
func (r *reading) disguised(i int) string {
	part := &r.tree.Parts[i]
	if part.Parent < 0 || !r.tree.Parts[part.Parent].Is("multipart/report") || i == part.Parent+1 {
		return ""
	}
	text := strings.TrimLeft(r.tree.Text(i, 2048), " \n")
	switch {
	case beginsFold(text, "feedback-type:"), beginsFold(text, "user-agent:") && indexFold(text, "feedback-type:") > 0:
		return "feedback"
	case beginsFold(text, "reporting-mta:"), isFieldLine(text) && indexFold(text, "final-recipient:") >= 0:
		return "status"
	}
	return ""
}

func beginsFold(s, begin string) bool {
	return len(s) >= len(begin) && strings.EqualFold(s[:len(begin)], begin)
}

// findOriginal sets the returned message, if it is a part of its own.
func (r *reading) findOriginal() {
	if i := r.parts.original; i >= 0 {
		r.res.Original = dsn.ReadOriginal(r.tree.Bytes(i, MaxMessage))
	}
}
