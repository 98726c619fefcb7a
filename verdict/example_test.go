package verdict_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

func ExampleOf() {
	reply, err := nixie.ParseReply("550 5.1.1 <user@example.com>: Recipient address rejected: User unknown")
	if err != nil {
		log.Fatal(err)
	}
	v := verdict.Of(reply)
	fmt.Println(v.Reason, v.Permanence, v.Scope, v.Action)
	fmt.Println(v.Evidence[0].Text)
	// Output:
	// bad-mailbox permanent recipient suppress
	// User unknown
}

// The code says that the address is bad; the words say that the mailbox is full.
func ExampleJudge_Of() {
	reply, err := nixie.ParseReply("552 5.1.1 Recipient's mailbox is full")
	if err != nil {
		log.Fatal(err)
	}
	v := verdict.Builtin().Of(reply, verdict.Hints{RemoteHost: "gmail-smtp-in.l.google.com"})
	fmt.Println(v.Receiver, v.Reason, v.Permanence, v.Action, v.Basis)
	// Output: gmail mailbox-full transient retry phrase
}

// Rules of your own stand before the built-in ones.
func ExampleNew() {
	own, err := verdict.ParseRules("own.rules", strings.NewReader(`
rule: our-gateway-quarantine
say: held for review by ACME gateway
weight: 9
reason: policy
scope: message
action: none
source: our gateway's manual, page 7
note: The gateway's operator releases it within a day.
example: 550 5.7.1 Held for review by ACME gateway
near-miss: 550 5.7.1 Held for review
`))
	if err != nil {
		log.Fatal(err)
	}
	c, err := verdict.BuiltinConfig()
	if err != nil {
		log.Fatal(err)
	}
	c.Rules = append(own, c.Rules...)
	judge, err := verdict.New(c)
	if err != nil {
		log.Fatal(err)
	}
	reply, err := nixie.ParseReply("550 5.7.1 held for review by ACME gateway (ticket 4711)")
	if err != nil {
		log.Fatal(err)
	}
	v := judge.Of(reply, verdict.Hints{})
	fmt.Println(v.Rule, v.Action)
	// Output: our-gateway-quarantine none
}
