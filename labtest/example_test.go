package labtest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/smtp"
	"net/textproto"
	"time"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/labtest"
)

// The recipient's address says what the server answers. In a test, Start ends the
// lab with the test.
func Example() {
	lab, err := labtest.Open() // in a test: lab := labtest.Start(t)
	if err != nil {
		log.Fatal(err)
	}
	defer lab.Close()

	err = smtp.SendMail(lab.Addr(), nil, "me@example.org", []string{"550-5.1.1@lab.test"}, []byte("Subject: Hello\r\n\r\nHello\r\n"))
	var refused *textproto.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code, refused.Msg)
	}
	// Output:
	// 550 5.1.1 There is no such mailbox here
}

// A mailbox that is full for two tries, and then takes the message.
func ExampleLab_Wait() {
	lab, err := labtest.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer lab.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	for range 3 {
		// What is tested would try again by itself.
		_ = smtp.SendMail(lab.Addr(), nil, "me@example.org", []string{"4.2.2~2@lab.test"}, []byte("Subject: Hello\r\n\r\nHello\r\n"))
		m, err := lab.Wait(ctx, "4.2.2~2@lab.test")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.To[0].Reply.ReplyCode(), m.To[0].Reply.Code(), m.Accepted())
	}
	// Output:
	// 452 4.2.2 false
	// 452 4.2.2 false
	// 250 2.1.5 true
}

// A bounce that comes after the message was accepted, for the test of a bounce processor.
func ExampleLab_WaitLate() {
	lab, err := labtest.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer lab.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	err = smtp.SendMail(lab.Addr(), nil, "me@example.org", []string{"accept_later-5.2.2@lab.test"}, []byte("Subject: Hello\r\n\r\nHello\r\n"))
	if err != nil {
		log.Fatal(err)
	}
	sent, err := lab.Wait(ctx, "@lab.test")
	if err != nil {
		log.Fatal(err)
	}
	late, err := lab.WaitLate(ctx, &sent, 0)
	if err != nil {
		log.Fatal(err)
	}
	result := bounce.Parse(string(late.Data))
	for _, r := range result.Recipients {
		fmt.Println(r.Address, r.Outcome, r.Code)
	}
	// Output:
	// accept_later-5.2.2@lab.test failed 5.2.2
}

// Greylisting for all of a domain, as a scenario file has it.
func ExampleScript() {
	lab, err := labtest.Open(labtest.Script(`
		[[rule]]
		name   = "greylisting"
		when   = { recipient = "*@grey.example" }
		answer = { reply = 451, code = "4.7.1", lines = ["Come back in {wait} s"] }
		for    = "30s"
	`))
	if err != nil {
		log.Fatal(err)
	}
	defer lab.Close()

	err = smtp.SendMail(lab.Addr(), nil, "me@example.org", []string{"bob@grey.example"}, []byte("Subject: Hello\r\n\r\nHello\r\n"))
	var refused *textproto.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code, refused.Msg)
	}
	// Output:
	// 451 4.7.1 Come back in 30 s
}
