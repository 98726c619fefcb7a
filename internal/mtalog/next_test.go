package mtalog

import "testing"

func TestNextID(t *testing.T) {
	for words, want := range map[string]string{
		"250 2.0.0 Ok: queued as 4F1B2C0D1E":                                             "4F1B2C0D1E",
		"250 2.0.0 Ok: queued as 4XyKqM1bzBz5":                                           "4XyKqM1bzBz5",
		"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F1B2C0D1E": "4F1B2C0D1E",
		"250 2.0.0 Ok: queued as 4F1B2C0D1E, really":                                     "4F1B2C0D1E",
		"250 2.0.0 OK  1700000000 d9443c01a7336-1dc5f8d2a7fsi1234567plb.123 - gsmtp":     "",
		"250 2.6.0 <x@example.com> [InternalId=1] Queued mail for delivery":              "",
		"250 ok queued as":           "",
		"250 queued as \x1b[31mx":    "",
		"delivered to mailbox":       "",
		"forwarded as 4F1B2C0D1E":    "",
		"250 2.0.0 Ok: queued as /x": "",
	} {
		if got := (&Line{Said: "sent", Words: words}).NextID(); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
	if got := (&Line{Said: "deferred", Words: "250 2.0.0 Ok: queued as 4F1B2C0D1E"}).NextID(); got != "" {
		t.Errorf("a deferral was queued as %q", got)
	}
}
