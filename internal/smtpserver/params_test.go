package smtpserver_test

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// Each parameter is taken where its extension is listed, of the command it belongs to,
// and of no other: 555 else (RFC 5321, 4.1.1.11).
func TestParamsOfExtensions(t *testing.T) {
	for _, tt := range []struct{ keyword, param, of string }{
		{"SIZE 1000", "SIZE=10", "MAIL"},                                   // RFC 1870
		{"DELIVERBY 240", "BY=98;R", "MAIL"},                               // RFC 2852
		{"DSN", "RET=HDRS", "MAIL"},                                        // RFC 3461
		{"DSN", "ENVID=QQ314159", "MAIL"},                                  // RFC 3461
		{"DSN", "NOTIFY=SUCCESS,DELAY", "RCPT"},                            // RFC 3461
		{"DSN", "ORCPT=rfc822;Bob@example.com", "RCPT"},                    // RFC 3461
		{"FUTURERELEASE 86400 2026-12-01T00:00:00Z", "HOLDFOR=60", "MAIL"}, // RFC 4865
		{"FUTURERELEASE 86400 2026-12-01T00:00:00Z", "HOLDUNTIL=2026-11-30T00:00:00Z", "MAIL"},
		{"AUTH PLAIN", "AUTH=<>", "MAIL"},                   // RFC 4954
		{"8BITMIME", "BODY=7BIT", "MAIL"},                   // RFC 6152
		{"CHUNKING\nBINARYMIME", "BODY=BINARYMIME", "MAIL"}, // RFC 3030
		{"SMTPUTF8", "SMTPUTF8", "MAIL"},                    // RFC 6531
		{"MT-PRIORITY MIXER", "MT-PRIORITY=-3", "MAIL"},     // RFC 6710
		{"RRVS", "RRVS=2014-04-03T23:01:00Z;C", "RCPT"},     // RFC 7293
		{"REQUIRETLS", "REQUIRETLS", "MAIL"},                // RFC 8689
		{"X-OWN", "X-OWN=1", "MAIL"}, {"X-OWN", "X-OWN=1", "RCPT"},
	} {
		commands := map[string]string{"MAIL": "MAIL FROM:<>", "RCPT": "RCPT TO:<b@bounces.example.net>"}
		for _, listed := range []bool{true, false} {
			for verb, command := range commands {
				_, dial := start(t, smtpserver.Config{Offer: func(*smtpserver.Session, []string) []string {
					if listed {
						return strings.Split(tt.keyword, "\n")
					}
					return nil
				}})
				c := dial()
				c.hello()
				if verb == "RCPT" {
					c.do("MAIL FROM:<>", "250")
				}
				want := "555 5.5.4"
				if listed && (verb == tt.of || strings.HasPrefix(tt.param, "X-")) {
					want = "250"
				}
				c.do(command+" "+tt.param, want)
			}
		}
	}
}

// BODY=BINARYMIME is taken where it is listed; the message can't come by DATA (RFC 3030, 3).
func TestBinaryMIME(t *testing.T) {
	_, dial := start(t, smtpserver.Config{Offer: func(_ *smtpserver.Session, own []string) []string {
		return append(own, "CHUNKING", "BINARYMIME")
	}})
	c := dial()
	c.hello()
	c.do("MAIL FROM:<> BODY=BINARYMIME", "250 2.1.0")
	c.do("RCPT TO:<b@bounces.example.net>", "250 2.1.5")
	c.do("DATA", "503 5.5.1")
	c.do("RSET", "250")
	c.do("MAIL FROM:<> BODY=8BITMIME", "250 2.1.0")
}

// Take decides, whatever was listed.
func TestTake(t *testing.T) {
	_, dial := start(t, smtpserver.Config{
		Take: func(_ *smtpserver.Session, stage smtpserver.Stage, p smtpserver.Param) bool {
			return p.Name == "RET" && stage == smtpserver.StageMail || p.Name == "NOTIFY" && stage == smtpserver.StageRcpt || p.Value == "BINARYMIME"
		},
	})
	c := dial()
	c.hello()
	c.do("MAIL FROM:<> SIZE=10", "555 5.5.4") // listed, not taken
	c.do("MAIL FROM:<> BODY=8BITMIME", "555 5.5.4")
	c.do("MAIL FROM:<> BODY=BINARYMIME", "250 2.1.0") // taken, not listed
	c.do("RSET", "250")
	c.do("MAIL FROM:<> RET=FULL", "250 2.1.0")
	c.do("RCPT TO:<b@bounces.example.net> RET=FULL", "555 5.5.4")
	c.do("RCPT TO:<b@bounces.example.net> NOTIFY=NEVER", "250 2.1.5")
}
