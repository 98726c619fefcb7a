package bounce_test

import (
	"fmt"
	"strings"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/verdict"
)

// A bounce in the words of a server that never heard of a standard.
const bounceInWords = `Return-Path: <>
From: MAILER-DAEMON@mail.example.org
To: sender@example.org
Subject: failure notice

Hi. This is the qmail-send program at mail.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@example.net>:
192.0.2.25 does not like recipient.
Remote host said: 550 5.1.1 no such user here
Giving up on 192.0.2.25.

--- Below this line is a copy of the message.

From: sender@example.org
To: ann@example.net
Subject: Lunch
Message-ID: <1@example.org>

At noon?
`

func ExampleRead() {
	result, err := bounce.Read(strings.NewReader(bounceInWords))
	if err != nil {
		fmt.Println(err) // the reader's: no message is too odd for a result
		return
	}
	fmt.Println(result.Kind)
	for _, r := range result.Recipients {
		fmt.Println(r.Address, r.Outcome)
		fmt.Println("code", r.Code, "and reply code", r.ReplyCode)
		fmt.Println("they said:", r.Reply.String())
	}
	fmt.Println("about:", result.Original.Subject(), result.Original.MessageID())
	// Output:
	// delivery-report
	// ann@example.net failed
	// code 5.1.1 and reply code 550
	// they said: 550 5.1.1 no such user here
	// about: Lunch <1@example.org>
}

// What was said is one thing, and what to make of it another: package verdict
// tells.
func ExampleResult() {
	result := bounce.Parse(bounceInWords)
	for _, r := range result.Recipients {
		v := verdict.Of(r.Reply)
		fmt.Println(r.Address, v.Reason, v.Action)
	}
	// Output:
	// ann@example.net bad-mailbox suppress
}
