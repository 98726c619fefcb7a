package verdict

import (
	"time"

	"github.com/nixiemail/nixie"
)

// retryAfter reads the wait that a transient reply asks for: "try again in 5
// minutes", "greylisted for 300 seconds", "wait 00:05:00". Zero if it names none.
func retryAfter(reply *nixie.Reply, permanence nixie.Class) time.Duration { return 0 }
