// Package api is the lab over HTTP: what came in, as JSON; the script, to be read and
// changed; and what the lab can do.
//
//	GET    /api/v1/lab                    addresses, version, the grammar of addresses
//	GET    /api/v1/lab/messages           what came in: filters, pages, wait=5s
//	DELETE /api/v1/lab/messages           forgets all messages, and the sessions that ended
//	GET    /api/v1/lab/messages/{id}      one message, with the beginning of its data
//	GET    /api/v1/lab/messages/{id}/raw  its data as it came
//	GET    /api/v1/lab/messages/{id}/late/{index}  a report that came of it, from 0: wait=5s
//	GET    /api/v1/lab/sessions           who came
//	GET    /api/v1/lab/sessions/{number}  the whole dialogue; as text if Accept says text/plain
//	GET    /api/v1/lab/script             the script in TOML, with an ETag
//	PUT    /api/v1/lab/script             replaces it; If-Match guards it
//	POST   /api/v1/lab/script/check       says what would be wrong with a script
//	GET    /api/v1/lab/script/rules       its rules, and how often each was applied
//	GET    /api/v1/lab/peers              the broken peers
//	POST   /api/v1/lab/peers/{name}       has one listen
//	GET    /api/v1/lab/dns                the names that the lab's DNS knows
//	GET    /api/v1/lab/codes              how to get each code
//
// What goes wrong is told as problem details: RFC 9457.
//
// There are no keys: whoever reaches the port may do all. So a request is refused
// whose Host is neither loopback nor configured, and one that another site's page
// makes: a browser must not be led here. Only a link may lead here, which reads.
package api

import "time"

// Prefix is the path below which all is.
const Prefix = "/api/v1/lab"

// The limits of requests and answers.
const (
	MaxBody    = 1 << 20 // bytes
	MaxWait    = time.Minute
	MaxWaiting = 100  // requests that wait at once
	MaxText    = 1000 // bytes of a parameter
	// MaxShown is how much of a message's data its JSON has, in bytes. All of it is at …/raw.
	MaxShown = 256 << 10
	// DefaultLimit is how many items a page has that asks for no other number.
	// [github.com/nixiemail/nixie/internal/lab/seen.MaxPage] is the most.
	DefaultLimit = 50
)
