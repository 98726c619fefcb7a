package walk

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

const pageHead = `# Codes on the wire

Made by ` + "`nixie gen-docs docs`" + ` from a walk over a lab of its own; don't change it by hand.

Here are the %d codes of IANA's registry, and how to be given each by ` + "`nixie lab`" + `. %d can be shown on the wire: %d have a natural
cause in the lab, %d more are said by any SMTP server itself, and %d by an order in an address alone, since what causes them
can't be built here. %d are never said by a server; who has them instead is told with each. Every reply below was read from a socket.

## To try one

    nixie lab --smtp 127.0.0.1:2525
    nc -C 127.0.0.1 2525

Say ` + "`EHLO me.lab.test`" + `, and then what stands after ` + "`C:`" + `. The reply to the last line is after ` + "`S:`" + `; those before begin with 2 or 3
and are left out. After ` + "`#`" + ` comes a remark, which is not said. The lab counts messages and recipients, so begin anew if it
says something else the second time.

An address works from any mail program, without a dialogue ([what it can ask for](cli.md#nixie-lab)):

    swaks --server 127.0.0.1:2525 --to 550-5.1.1@lab.test

## All codes

| code | name | replies | given by |
|---|---|---|---|
`

// Page writes what was seen as Markdown, for people.
func Page(list []Result) []byte {
	var b bytes.Buffer
	n := count(list)
	fmt.Fprintf(&b, pageHead, len(list), n.wire, n.natural, n.server, n.address, len(list)-n.wire)
	for i := range list {
		tableRow(&b, &list[i])
	}
	subject := -1
	for i := range list {
		if s := list[i].Detail.Subject(); s != subject {
			subject = s
			fmt.Fprintf(&b, "\n## X.%d: %s\n", s, subjectName(s))
		}
		section(&b, &list[i])
	}
	return b.Bytes()
}

// counts are of codes, by the first that holds.
type counts struct{ wire, natural, server, address int }

func count(list []Result) counts {
	var n counts
	for i := range list {
		r := &list[i]
		if !r.OnWire() {
			continue
		}
		n.wire++
		switch {
		case r.has(check.Natural):
			n.natural++
		case r.has(check.Server):
			n.server++
		default:
			n.address++
		}
	}
	return n
}

func (r *Result) has(by check.By) bool {
	for i := range r.Causes {
		if r.Causes[i].By == by {
			return true
		}
	}
	return false
}

// title is a code with its name. X.6.10 has none.
func (r *Result) title() string {
	if e := nixie.Builtin().Entry(r.Detail); e != nil && e.Name != "" {
		return r.Detail.String() + " " + e.Name
	}
	return r.Detail.String() + " (deprecated)"
}

func subjectName(subject int) string {
	for _, s := range nixie.Builtin().Subjects() {
		if s.Subject == subject {
			return s.Name
		}
	}
	return ""
}

func tableRow(b *bytes.Buffer, r *Result) {
	code, name, _ := strings.Cut(r.title(), " ")
	var replies, by []string
	add := func(list *[]string, s string) {
		for _, had := range *list {
			if had == s {
				return
			}
		}
		*list = append(*list, s)
	}
	for i := range r.Causes {
		w := &r.Causes[i]
		add(&replies, fmt.Sprintf("%d %s", w.Want.ReplyCode, w.Want.Code))
		add(&by, byName(w.By))
	}
	if len(r.Causes) == 0 {
		replies, by = []string{"–"}, []string{"never"}
	} else if len(r.Tags) > 0 {
		add(&by, byName(check.Address))
	}
	fmt.Fprintf(b, "| [%s](#%s) | %s | %s | %s |\n", code, anchor(r.title()), name, strings.Join(replies, ", "), strings.Join(by, ", "))
}

func byName(by check.By) string {
	switch by {
	case check.Natural:
		return "cause"
	case check.Server:
		return "server"
	}
	return "address"
}

// anchor is what GitHub makes of a heading.
func anchor(title string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		}
		return -1
	}, title)
}

func section(b *bytes.Buffer, r *Result) {
	fmt.Fprintf(b, "\n### %s\n", r.title())
	for i := range r.Causes {
		w := &r.Causes[i]
		fmt.Fprintf(b, "\n**%s, at %s:** %s", causeName(w.By), at(w), w.How)
		if w.Try.Client.IsValid() {
			fmt.Fprintf(b, " Come from %s: `nc -C -s %[1]s …`.", w.Try.Client)
		}
		fmt.Fprintf(b, "\n\n")
		for _, line := range Shown(w.Try.Steps) {
			fmt.Fprintf(b, "    %s\n", line)
		}
		for _, line := range replyLines(w) {
			fmt.Fprintf(b, "    S: %s\n", line)
		}
		for _, p := range w.Reply.Problems() {
			fmt.Fprintf(b, "\nServers do so, though the registry is stricter: %s.\n", p.Text)
		}
	}
	switch {
	case r.Never != "" && r.deprecated():
		fmt.Fprintf(b, "\n**Never on the wire.** %s The lab refuses to say it:\n\n", r.Never)
	case r.Never != "":
		fmt.Fprintf(b, "\n**Never on the wire by rights.** %s The lab says it to an address that asks:\n\n", r.Never)
	case len(r.Tags) > 0:
		b.WriteString("\n**By address:**\n\n")
	}
	for i := range r.Tags {
		w := &r.Tags[i]
		fmt.Fprintf(b, "* %s: `%s`\n", asked(w), strings.Join(replyLines(w), "` `"))
	}
}

func (r *Result) deprecated() bool {
	e := nixie.Builtin().Entry(r.Detail)
	return e != nil && e.Deprecated
}

func causeName(by check.By) string {
	switch by {
	case check.Natural:
		return "By its cause"
	case check.Server:
		return "By the server itself"
	}
	return "By address alone"
}

// at names a stage as a person would.
func at(w *Way) string {
	switch w.Stage {
	case order.Message:
		return "the end of the message"
	case order.Verify, order.Other:
		verb, _, _ := strings.Cut(w.Try.Steps[len(w.Try.Steps)-1].Send, " ")
		return verb
	}
	return strings.ToUpper(string(w.Stage))
}

// asked says how a tag asks.
func asked(w *Way) string {
	switch w.Stage {
	case order.Auth:
		return "`" + w.Tag + "` as the user's name"
	case order.Mail:
		return "`" + w.Tag + domain + "` as the sender"
	case order.Message:
		return "`" + w.Tag + domain + "` as a recipient, at the end of the message"
	}
	return "`" + w.Tag + domain + "` as a recipient"
}

// replyLines are the lines of the reply, word for word but for what isn't to be seen.
func replyLines(w *Way) []string {
	var lines []string
	for line := range strings.Lines(w.Reply.String()) {
		lines = append(lines, printable(strings.TrimRight(line, "\r\n")))
	}
	return lines
}
