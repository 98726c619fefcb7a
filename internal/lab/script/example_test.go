package script_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/script"
)

func ExampleScript_Order() {
	s, err := script.Parse("busy.toml", []byte(`
[[rule]]
name   = "busy"
when   = { recipient = "*@busy.example" }
answer = { reply = 450, code = "4.7.28", lines = ["Try again in {wait} s"] }
over   = "1/min"
`))
	if err != nil {
		log.Fatal(err)
	}
	state := script.NewState(script.DefaultCounters)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for range 2 {
		ask := order.Ask{Stage: order.Rcpt, Now: now, From: "news@example.org", To: "bob@busy.example"}
		o, decided := s.Order(&ask, state, rand.Float64)
		fmt.Printf("%v %d %v %q %q\n", decided, o.ReplyCode, o.Code, o.Lines, o.Cause)
		now = now.Add(20 * time.Second)
	}
	// Output:
	// false 0  [] ""
	// true 450 4.7.28 ["Try again in 40 s"] "script busy"
}
