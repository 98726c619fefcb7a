package dsn_test

import (
	"fmt"

	"github.com/nixiemail/nixie/dsn"
)

func ExampleParseStatus() {
	report := dsn.ParseStatus("Reporting-MTA: dns; mail.example.org\n" +
		"\n" +
		"Final-Recipient: rfc822; ann@example.net\n" +
		"Action: failed\n" +
		"Status: 550 5.1.1\n" +
		"Diagnostic-Code: smtp; 550 5.1.1 no such user\n")
	for _, r := range report.Recipients {
		fmt.Println(r.Final.Text, r.Action, r.Status)
		fmt.Println(r.Diagnostic.Type, "said:", r.Diagnostic.Text)
	}
	for _, p := range report.Problems {
		fmt.Printf("%s: %q\n", p.Kind, p.Text)
	}
	// Output:
	// ann@example.net failed 5.1.1
	// smtp said: 550 5.1.1 no such user
	// status: "550 5.1.1"
}
