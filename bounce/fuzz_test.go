package bounce_test

import (
	"errors"
	"html"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/mimetree"
)

var (
	kinds    = []bounce.Kind{bounce.DeliveryReport, bounce.Feedback, bounce.AutoReply, bounce.Disposition, bounce.Other}
	outcomes = []bounce.Outcome{bounce.OutcomeDeferred, bounce.OutcomeDelivered, bounce.OutcomeFailed, bounce.OutcomeExpired}
	actions  = []dsn.Action{dsn.Failed, dsn.Delayed, dsn.Delivered, dsn.Relayed, dsn.Expanded}
	places   = []bounce.Place{bounce.Status, bounce.Words, bounce.Headers, bounce.Returned}
)

// wrong returns what no result may be, whatever the message was; empty if all is well.
func wrong(res *bounce.Result) string {
	switch {
	case !slices.Contains(kinds, res.Kind):
		return "there is no kind " + string(res.Kind)
	case res.Kind == bounce.DeliveryReport && res.Format == "" && res.Report != nil && len(res.Report.Recipients) > 0:
		return "a report in fields has no format"
	case res.Kind != bounce.DeliveryReport && res.Kind != bounce.Feedback && len(res.Recipients) > 0:
		return "what is no report has recipients"
	case len(res.Recipients) > bounce.MaxRecipients:
		return "there are too many recipients"
	case len(res.Problems) > bounce.MaxProblems:
		return "there are too many problems"
	}
	for i := range res.Recipients {
		if text := wrongRecipient(res.Kind, &res.Recipients[i]); text != "" {
			return text
		}
	}
	return ""
}

func wrongRecipient(kind bounce.Kind, r *bounce.Recipient) string {
	switch {
	case r.Address != "" && !slices.Contains(places, r.Taken.Address):
		return "nothing says where the address was found"
	case r.Code.IsZero() != (r.Taken.Code == bounce.Nowhere):
		return "a code is there and its place is not, or the other way round"
	case r.Reply.String() != "" && !slices.Contains(places, r.Taken.Reply):
		return "nothing says where the reply was found"
	case (r.ReplyCode != 0 || !r.SaidCode.IsZero()) && r.Reply.String() == "":
		return "there is a reply code, or one said, and no reply"
	case r.ReplyCode != 0 && (r.ReplyCode < 200 || r.ReplyCode > 599):
		return "the reply code is none"
	case kind == bounce.Feedback:
		return ""
	case !slices.Contains(actions, r.Action):
		return "there is no action " + string(r.Action)
	case !slices.Contains(outcomes, r.Outcome):
		return "there is no outcome " + string(r.Outcome)
	}
	return ""
}

// decoded is what can be read in a message: its text as it came and as if it were
// quoted-printable, each part's and each field's decoded, and the same of messages
// in it. White space, NULs and capital letters are left out: lines are joined.
func decoded(msg string) string {
	var b strings.Builder
	decodeTo(&b, msg, 3)
	return squeezed(b.String())
}

func decodeTo(b *strings.Builder, msg string, depth int) {
	tree := mimetree.Parse(msg)
	b.WriteString(tree.Message())
	b.WriteString("\n" + mimetree.Parse("Content-Transfer-Encoding: quoted-printable\n\n"+tree.Message()).Text(0, -1))
	for i := range tree.Parts {
		text := tree.Text(i, -1)
		b.WriteString("\n" + text + "\n" + html.UnescapeString(withoutTags(text)))
		for _, f := range tree.Parts[i].Header {
			b.WriteString("\n" + mimetree.DecodeWords(f.Value))
		}
		if depth > 0 && tree.Parts[i].Is("message/*") {
			b.WriteString("\n")
			decodeTo(b, tree.Bytes(i, -1), depth-1)
		}
	}
}

// withoutTags drops all that stands in angle brackets.
func withoutTags(page string) string {
	var b strings.Builder
	for page != "" {
		before, rest, _ := strings.Cut(page, "<")
		b.WriteString(before)
		_, page, _ = strings.Cut(rest, ">")
	}
	return b.String()
}

func squeezed(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(s, "\x00", "")), ""))
}

// unfounded returns an address or a line of a reply that the message does not
// hold; empty if it holds all.
func unfounded(msg string, res *bounce.Result) string {
	if hasProblem(res, "nested-report") { // what was returned in words may be encoded once more
		return ""
	}
	all := decoded(msg)
	softBroken := hasProblem(res, string(dsn.ProblemSoftBreak)) // fields are decoded that don't say so
	for i := range res.Recipients {
		r := &res.Recipients[i]
		if r.Taken.Address != bounce.Returned && !strings.Contains(all, squeezed(r.Address)) && !encodedAddress(r.Address) {
			return r.Address
		}
		for line := range strings.Lines(r.Reply.String()) {
			if !softBroken && !strings.Contains(all, squeezed(line)) {
				return line
			}
		}
	}
	return ""
}

// encodedAddress reports whether an address may have stood there encoded:
// RFC 3461, 4 and RFC 6533, 3.
func encodedAddress(a string) bool {
	return strings.ContainsFunc(a, func(r rune) bool { return r >= 0x80 || r <= ' ' || r == '+' || r == '=' || r == '\\' })
}

func FuzzParse(f *testing.F) {
	for _, m := range readMail(f, ourMail) {
		f.Add(m.text)
	}
	f.Fuzz(func(t *testing.T, msg string) {
		res := bounce.Parse(msg)
		if text := wrong(&res); text != "" {
			t.Fatalf("%s: %+v", text, res)
		}
		if text := unfounded(msg, &res); text != "" {
			t.Fatalf("the message does not say %q: %+v", text, res)
		}
		if again := bounce.Parse(msg); !reflect.DeepEqual(again, res) {
			t.Fatalf("read twice it differs:\n%+v\n%+v", res, again)
		}
		read, err := bounce.Read(strings.NewReader(msg))
		if err != nil || !reflect.DeepEqual(read, res) {
			t.Fatalf("read from a reader it differs, %v:\n%+v\n%+v", err, res, read)
		}
		bounce.Parse(msg[:len(msg)/2])
	})
}

func FuzzParseFormats(f *testing.F) {
	const stanza = "format: example-mta\nabout: a mailer\nsource: its manual\nfrom: daemon@\nsays: [not] (delivered|sent) to\n" +
		"example:\n| From: a@b.example\n|\n| Hello\nnear-miss:\n| From: c@d.example\n"
	f.Add(stanza)
	f.Add(stanza + "\n" + stanza)
	f.Add("words: failed\nsays: could not be delivered\n\nwords: daemon\nsays: \"daemon\"\n")
	f.Add("words: failed\nfrom: x\n")
	f.Add("kind: other\n")
	f.Add("words: nothing\nsays: (\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := bounce.ParseFormats("a.formats", strings.NewReader(text))
		if err != nil {
			namesPlaces(t, err)
			return
		}
		rd, err := bounce.New(list)
		if err != nil {
			namesPlaces(t, err)
			return
		}
		for i := range list {
			for _, msg := range append(list[i].Examples, list[i].NearMisses...) {
				if res := rd.Parse(msg); !slices.Contains(kinds, res.Kind) {
					t.Fatalf("there is no kind %q", res.Kind)
				}
			}
		}
		rd.Parse(text)
	})
}

// namesPlaces fails if an error, or one that it joins, does not say in which line
// of the file it is.
func namesPlaces(t *testing.T, err error) {
	t.Helper()
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		var e *bounce.FormatError
		if !errors.As(err, &e) || e.File != "a.formats" || e.Line < 1 || e.Text == "" {
			t.Fatalf("%#v names no file and line", err)
		}
	}
}
