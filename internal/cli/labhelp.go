package cli

import (
	"fmt"
	"strings"

	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// labTable is how far the tables of the help stand to the right, so that Markdown and
// manual pages keep their columns.
const labTable = "    "

// labHelp is the help, with the tables of what there is.
func labHelp() string {
	var b strings.Builder
	b.WriteString(`lab runs a practice range for everything that sends mail: an SMTP server that
answers as the address asks, with any code, at any stage; with natural causes
(full mailboxes, wrong passwords, domains that don't exist), with scripts,
broken peers and a DNS of its own. It keeps what came in, for you to look at
over HTTP, and never relays anything. It ends with SIGINT or SIGTERM.

What an address can ask for, as recipient at RCPT, as sender at MAIL, as user
name at AUTH; the second form is for senders that refuse some characters:

`)
	wide := 0
	for _, r := range order.Grammar() {
		wide = max(wide, len(r.Example))
	}
	for _, r := range order.Grammar() {
		fmt.Fprintf(&b, "%s%-*s  %s@\n", labTable, wide+1, r.Example+"@", r.DashExample)
		for _, line := range wrap(r.Means, defaultWidth-2*len(labTable)) {
			b.WriteString(labTable + labTable + line + "\n")
		}
	}
	b.WriteString(`
Any domain will do. An address that asks for nothing is accepted and kept.

Peers, each a listener at an address of its own, NAME.peer.lab.test in the lab's
DNS:

`)
	wide = 0
	for _, p := range lab.Peers() {
		wide = max(wide, len(p.Name))
	}
	for _, p := range lab.Peers() {
		name := p.Name
		for _, line := range wrap(p.Means, defaultWidth-len(labTable)-wide-2) {
			fmt.Fprintf(&b, "%s%-*s  %s\n", labTable, wide, name, line)
			name = ""
		}
	}
	b.WriteString(`
docs/lab.md has recipes; docs/lab-reference.md the mailboxes, users and domains,
receivers' words, the keys of scripts, and what can be asked over HTTP.`)
	return b.String()
}
