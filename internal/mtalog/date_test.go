package mtalog

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// TestDate checks against the calendar and the zones' published changes of the clock: in Berlin
// on 29 March 2026 from 02:00 to 03:00 and on 25 October 2026 from 03:00 to 02:00,
// at Lord Howe by half an hour, in Apia over the whole 30 December 2011.
func TestDate(t *testing.T) {
	tests := []struct {
		name, stamp, zone, reference, want string
	}{
		{"everything stated", "2026-11-22T10:00:07.5+01:00", "America/New_York", "2020-01-01T00:00:00Z", "2026-11-22T09:00:07.5Z"},
		{"zone stated as Z", "2026-11-22T10:00:07Z", "Europe/Berlin", "2020-01-01T00:00:00Z", "2026-11-22T10:00:07Z"},
		{"no zone, UTC", "2026-11-22 10:00:07", "", "2020-01-01T00:00:00Z", "2026-11-22T10:00:07Z"},
		{"no zone, winter", "2026-11-22 10:00:07", "Europe/Berlin", "2027-01-01T00:00:00Z", "2026-11-22T09:00:07Z"},
		{"no zone, summer", "2026-07-22 10:00:07", "Europe/Berlin", "2027-01-01T00:00:00Z", "2026-07-22T08:00:07Z"},
		{"no year, just written", "Nov 22 10:00:07", "", "2026-11-22T10:00:08Z", "2026-11-22T10:00:07Z"},
		{"no year, fraction", "Nov 22 10:00:07.25", "", "2026-11-22T10:00:08Z", "2026-11-22T10:00:07.25Z"},
		{"no year, months ago", "Feb  1 10:00:07", "", "2026-11-22T10:00:08Z", "2026-02-01T10:00:07Z"},
		{"no year, nearly a year ago", "Nov 23 10:00:09", "", "2026-11-22T10:00:08Z", "2025-11-23T10:00:09Z"},
		{"a day ahead", "Nov 23 10:00:08", "", "2026-11-22T10:00:08Z", "2026-11-23T10:00:08Z"},
		{"more than a day ahead", "Nov 23 10:00:08.000000001", "", "2026-11-22T10:00:08Z", "2025-11-23T10:00:08.000000001Z"},
		{"old year's end", "Dec 31 23:59:59", "", "2027-01-01T00:00:01Z", "2026-12-31T23:59:59Z"},
		{"new year's beginning", "Jan  1 00:00:00", "", "2027-01-01T00:00:01Z", "2027-01-01T00:00:00Z"},
		{"clock ahead of ours at New Year", "Jan  1 00:00:00", "", "2026-12-31T23:59:58Z", "2027-01-01T00:00:00Z"},
		{"New Year in the zone, not in UTC", "Jan  1 00:30:00", "Europe/Berlin", "2026-12-31T23:30:01Z", "2026-12-31T23:30:00Z"},
		{"New Year in UTC, not in the zone", "Dec 31 22:00:00", "America/New_York", "2027-01-01T03:00:01Z", "2027-01-01T03:00:00Z"},
		{"29 February of this year", "Feb 29 10:00:00", "", "2028-03-01T00:00:00Z", "2028-02-29T10:00:00Z"},
		{"29 February, a day ahead", "Feb 29 10:00:00", "", "2028-02-28T12:00:00Z", "2028-02-29T10:00:00Z"},
		{"29 February of a leap year past", "Feb 29 10:00:00", "", "2027-03-01T00:00:00Z", "2024-02-29T10:00:00Z"},
		{"29 February, the longest way back", "Feb 29 10:00:00", "", "2104-02-01T00:00:00Z", "2096-02-29T10:00:00Z"},
		{"set forward: not shown", "Mar 29 02:30:00", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"set forward: last before", "Mar 29 01:59:59", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T00:59:59Z"},
		{"set forward: first after", "Mar 29 03:00:00", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z"},
		{"set forward: with a year", "2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"set back: before", "Oct 25 01:59:59", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T23:59:59Z"},
		{"set back: shown the first time", "Oct 25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"},
		{"set back: shown the second time", "Oct 25 02:30:00", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"},
		{"set back: nobody can tell", "Oct 25 02:30:00", "Europe/Berlin", "2026-11-25T00:00:00Z", "2026-10-25T01:30:00Z"},
		{"set back: with a year", "2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"},
		{"set back: after", "Oct 25 03:00:00", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T02:00:00Z"},
		{"half an hour forward", "2026-10-04 02:15:00", "Australia/Lord_Howe", "2026-10-05T00:00:00Z", "2026-10-03T15:45:00Z"},
		{"a day left out", "2011-12-30 12:00:00", "Pacific/Apia", "2012-01-01T00:00:00Z", "2011-12-30T22:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, ok := parseStamp(tt.stamp)
			if !ok {
				t.Fatalf("%q is no stamp", tt.stamp)
			}
			var d Dater
			if tt.zone != "" {
				d.Zone = zone(t, tt.zone)
			}
			got, want := d.Date(s, at(t, tt.reference)), at(t, tt.want)
			if !got.Equal(want) || got.Location() != time.UTC {
				t.Errorf("%q in %q, reference %s: %v, want %v", tt.stamp, tt.zone, tt.reference, got, want)
			}
		})
	}
}

func TestDateOfNothing(t *testing.T) {
	if got := (Dater{}).Date(Stamp{}, time.Unix(1e9, 0)); !got.IsZero() {
		t.Errorf("a line without a stamp: %v, want the zero time", got)
	}
}

// TestDateLive dates a line for each half hour of two years a second after it was
// written, without its year: every one is right, and those of the hour that the
// clock shows twice too.
func TestDateLive(t *testing.T) {
	d := Dater{Zone: zone(t, "Europe/Berlin")}
	for now := at(t, "2027-06-01T00:00:00Z"); now.Year() < 2029; now = now.Add(30 * time.Minute) {
		s, ok := parseStamp(now.In(d.Zone).Format(time.Stamp))
		if !ok {
			t.Fatalf("no stamp of %v", now)
		}
		if got := d.Date(s, now.Add(time.Second)); !got.Equal(now) {
			t.Errorf("written at %v, dated %v", now, got)
		}
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return when
}
