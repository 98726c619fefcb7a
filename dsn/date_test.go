package dsn

import (
	"testing"
	"time"
)

func TestReadDate(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   string // RFC 3339, empty for none
		strict bool
	}{
		// The examples of RFC 5322, appendix A.
		{"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00", true},
		{"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00", true},
		{"Thu, 13 Feb 1969 23:32:54 -0330", "1969-02-13T23:32:54-03:30", true},
		{"Thu,\n 13\n Feb\n 1969\n 23:32\n -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30", true},
		{"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z", false},
		{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T00:00:00-06:00", false}, // the day only
		// RFC 5322, 3.3: a leap second; -0000 says that the zone is unknown.
		{"Sat, 31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z", true},
		{"Thu, 12 Nov 2026 10:00:00 -0000", "2026-11-12T10:00:00Z", true},
		// RFC 5322, 4.3: short years.
		{"1 Jan 49 00:00 +0000", "2049-01-01T00:00:00Z", false},
		{"1 Jan 50 00:00 +0000", "1950-01-01T00:00:00Z", false},
		{"1 Jan 099 00:00 +0000", "1999-01-01T00:00:00Z", false},
		{"Thu, 12 Nov 2026 10:00:00 PST", "2026-11-12T10:00:00-08:00", false},
		{"Thu, 29 Feb 2024 10:00:00 +0000", "2024-02-29T10:00:00Z", true},
		{"Sat, 29 Feb 2025 10:00:00 +0000", "", false},
		{"Thu Nov 12 10:00:00 EST 2026", "2026-11-12T10:00:00-05:00", false},
		{"Thu,12 Nov 2026 10:00:00+0100", "2026-11-12T10:00:00+01:00", false},
		{"12 Nov 2026 12:00:00 AM +0000", "2026-11-12T00:00:00Z", false},
		{"2026-11-12T10:00:00.5+05:30", "2026-11-12T10:00:00+05:30", false},
		{"12 november 2026 10:00 +0000", "2026-11-12T10:00:00Z", false},
		{"12 Nov 2026 25:00:00 +0000", "2026-11-12T00:00:00Z", false},
		{"12 Nov 2026 10:61:00 +0000", "2026-11-12T00:00:00Z", false},
		{"32 Nov 2026 10:00:00 +0000", "", false},
		{"0 Nov 2026 10:00:00 +0000", "", false},
		{"12 Foo 2026 10:00:00 +0000", "", false},
		{"12 Nov 99999999999999999999 10:00:00 +0000", "", false},
		{"(12 Nov 2026 10:00:00 +0000", "", false},
		{"11/12/2026 10:00", "", false},
		{"", "", false},
		{":", "", false},
		{"+", "", false},
		{"1-", "", false},
		{"2026-", "", false},
		{"2026-1-", "", false},
		{"1-J", "", false},
		{"GMT+", "", false},
		{"1:", "", false},
		{"1:1:", "", false},
	} {
		got, strict := readDate(c.text)
		text := ""
		if !got.IsZero() {
			text = got.Format(time.RFC3339)
		}
		if text != c.want || strict != c.strict {
			t.Errorf("readDate(%q) = %q, %v; want %q, %v", c.text, text, strict, c.want, c.strict)
		}
	}
}

func TestFieldNamed(t *testing.T) {
	names := map[string]fieldID{
		"Original-Envelope-Id": fieldOriginalEnvelopeID, "Reporting-MTA": fieldReportingMTA, "DSN-Gateway": fieldDSNGateway,
		"Received-From-MTA": fieldReceivedFromMTA, "Arrival-Date": fieldArrivalDate,
		"Original-Recipient": fieldOriginalRecipient, "Final-Recipient": fieldFinalRecipient, "Action": fieldAction,
		"Status": fieldStatus, "Remote-MTA": fieldRemoteMTA, "Diagnostic-Code": fieldDiagnosticCode,
		"Last-Attempt-Date": fieldLastAttemptDate, "Final-Log-ID": fieldFinalLogID, "Will-Retry-Until": fieldWillRetryUntil,
		"Localized-Diagnostic": fieldLocalizedDiagnostic,
	}
	if len(names) != int(fieldLocalizedDiagnostic) {
		t.Fatalf("%d names for %d fields", len(names), fieldLocalizedDiagnostic)
	}
	for name, want := range names {
		small := []byte(name)
		for i := range small {
			if 'A' <= small[i] && small[i] <= 'Z' {
				small[i] |= 0x20
			}
		}
		if fieldNamed(name) != want || fieldNamed(string(small)) != want || fieldNamed(name[1:]) != 0 || fieldNamed("X"+name[1:]) != 0 {
			t.Errorf("%s is not known in all its forms, or others are taken for it", name)
		}
	}
}
