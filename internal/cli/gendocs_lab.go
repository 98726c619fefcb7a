package cli

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/script"
	"github.com/nixiemail/nixie/internal/lab/zone"
)

// labReference makes lab-reference.md from the tables that the lab itself works by.
func labReference() ([]byte, error) {
	fixtures, err := check.BuiltinFixtures()
	if err != nil {
		return nil, err
	}
	names, err := zone.NewLookup(zone.Config{SMTP: netip.MustParseAddrPort("127.0.0.1:2525")})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("# The lab's tables\n\nMade by `nixie gen-docs docs` from the lab itself; don't change it by hand. [The lab](lab.md) tells how to use it,\n" +
		"[Codes on the wire](codes-on-the-wire.md) how to be given each code.\n")
	addressTable(&b)
	peerTable(&b)
	fixtureTables(&b, fixtures)
	domainTable(&b, names)
	keyTables(&b)
	return b.Bytes(), nil
}

// markdownTable begins a section with a table.
func markdownTable(b *bytes.Buffer, title, intro string, columns ...string) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	if intro != "" {
		b.WriteString(intro + "\n\n")
	}
	tableRow(b, columns...)
	b.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
}

// tableRow writes a row of a table.
func tableRow(b *bytes.Buffer, cells ...string) {
	for _, c := range cells {
		b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
	}
	b.WriteString("|\n")
}

// code marks a text as one that is written so; "" stays.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func addressTable(b *bytes.Buffer) {
	markdownTable(b, "Addresses",
		"What the part before the @ asks for: of a recipient at RCPT, of a sender at MAIL, of a user's name at AUTH. The dash form is\n"+
			"for senders that refuse some of the characters. Any domain will do.",
		"address", "dash form", "what it asks for")
	for _, r := range order.Grammar() {
		tableRow(b, code(r.Example+"@"), code(r.DashExample+"@"), r.Means)
	}
	markdownTable(b, "Receivers' words", "What real servers say, to be asked for as `RECEIVER/CASE@`. It means what the lab's own judge reads in it.",
		"address", "reply code", "code", "means")
	for _, r := range order.RealWords() {
		tableRow(b, code(r.Receiver+"/"+r.Name+"@"), fmt.Sprint(r.ReplyCode), r.Code.String(), r.Reason)
	}
}

func peerTable(b *bytes.Buffer) {
	markdownTable(b, "Peers", "Each is a listener of its own, broken or strict in one way: at an address of 127.0.1.0/24 and the lab's own SMTP port, where\n"+
		"the system has those addresses, else at any port of loopback.", "peer", "what it does")
	for _, p := range lab.Peers() {
		tableRow(b, code(p.Name), p.Means)
	}
}

func fixtureTables(b *bytes.Buffer, f *check.Fixtures) {
	markdownTable(b, "Domains with natural causes", "Recipients in these are refused for reasons that a careful receiver has. Others can be added with `--fixtures`, in a file such as [that of these](../internal/lab/check/fixtures.toml), which tells the keys.",
		"domain", "")
	for i := range f.Domains {
		tableRow(b, code(f.Domains[i].Name), f.Domains[i].About)
	}
	markdownTable(b, "Users", "Who may log in, by PLAIN, LOGIN or CRAM-MD5.", "user", "password", "")
	for i := range f.Users {
		tableRow(b, code(f.Users[i].Name), code(f.Users[i].Password), f.Users[i].About)
	}
}

func domainTable(b *bytes.Buffer, names *zone.Lookup) {
	markdownTable(b, "Names in DNS", "What the lab's DNS server answers, here for a lab at 127.0.0.1:2525.", "name", "for", "answers")
	for _, d := range names.Domains() {
		tableRow(b, code(d.Name), d.Means, code(d.Answers))
	}
}

func keyTables(b *bytes.Buffer) {
	titles := map[string]string{
		"":       "Keys of a script",
		"rule":   "Keys of a rule",
		"when":   "Keys of when",
		"answer": "Keys of an answer that is a table",
		"late":   "Keys of late",
	}
	table := "none yet"
	for _, k := range script.Keys() {
		if k.Table != table {
			table = k.Table
			markdownTable(b, titles[table], "", "key", "means", "example")
		}
		tableRow(b, code(k.Name), k.Means, code(k.Example))
	}
}
