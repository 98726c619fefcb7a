package dsn_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
)

// A server has refused a recipient. The sender is told, unless its RCPT command
// said NOTIFY=NEVER.
func ExampleWrite() {
	mail, _, err := dsn.ParseMail("RET=HDRS ENVID=QQ314159")
	if err != nil {
		fmt.Println("501 5.5.4", err)
		return
	}
	mail.From = "ann@example.com"
	rcpt, _, err := dsn.ParseRecipient("NOTIFY=FAILURE ORCPT=rfc822;Bob+2Bnews@example.net")
	if err != nil {
		fmt.Println("501 5.5.4", err)
		return
	}
	reply, err := nixie.ParseReply("550 5.1.1 No Bob here")
	if err != nil {
		fmt.Println(err)
		return
	}
	n := dsn.Notification{
		Request:      mail,
		ReportingMTA: dsn.Typed{Text: "mta.example.com"},
		Outcomes: []dsn.Outcome{{
			Request:   rcpt,
			Final:     dsn.Typed{Text: "bob@example.net"},
			Action:    dsn.Failed,
			RemoteMTA: dsn.Typed{Text: "mx.example.net"},
			Reply:     reply,
		}},
		Original: strings.NewReader("Message-ID: <1@example.com>\n\nHello\n"),
		Date:     time.Date(2026, 3, 2, 14, 5, 6, 0, time.UTC),
	}
	var message strings.Builder
	envelope, err := dsn.Write(&message, &n)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("MAIL FROM:<%s>\nRCPT TO:<%s> NOTIFY=%v\n", envelope.From, envelope.To, envelope.Notify)
	status := message.String()[strings.Index(message.String(), "Original-Recipient"):]
	fmt.Println(strings.ReplaceAll(status[:strings.Index(status, "\r\n\r\n")], "\r\n", "\n"))

	mail.From = ""
	n.Request = mail
	_, err = dsn.Write(io.Discard, &n)
	fmt.Println(errors.Is(err, dsn.ErrNullReturnPath))
	// Output:
	// MAIL FROM:<>
	// RCPT TO:<ann@example.com> NOTIFY=NEVER
	// Original-Recipient: rfc822; Bob+news@example.net
	// Final-Recipient: rfc822; bob@example.net
	// Action: failed
	// Status: 5.1.1
	// Remote-MTA: dns; mx.example.net
	// Diagnostic-Code: smtp; 550 5.1.1 No Bob here
	// true
}
