package delivery

import (
	"strings"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		at     time.Time
		want   time.Time
		skewed bool
	}{
		{"past", now.Add(-time.Hour), now.Add(-time.Hour), false},
		{"missing", time.Time{}, now, false},
		{"a little ahead", now.Add(MaxSkew), now, false},
		{"far ahead", now.Add(MaxSkew + time.Second), now, true},
		{"another zone", now.In(time.FixedZone("", 7200)), now, false},
		{"before mail had codes", time.Date(1989, 1, 1, 0, 0, 0, 0, time.UTC), now, false},
	} {
		var e Event
		e.Stamp(c.at, now, time.Second)
		if !e.At.Equal(c.want) || e.At.Location() != time.UTC || e.Skewed != c.skewed {
			t.Errorf("%s: %v, skewed %t", c.name, e.At, e.Skewed)
		}
	}
}

func TestKey(t *testing.T) {
	a := Source{FromLog, "mail"}
	keys := map[Key]string{}
	for name, k := range map[string]Key{
		"plain":          KeyOf(a, "x", "y"),
		"words together": KeyOf(a, "xy"),
		"words apart":    KeyOf(a, "", "xy"),
		"another source": KeyOf(Source{FromLog, "other"}, "x", "y"),
		"another door":   KeyOf(Source{FromAPI, "mail"}, "x", "y"),
		"the first part": KeyOf(a, "x", "y").Then("1"),
		"the second":     KeyOf(a, "x", "y").Then("2"),
	} {
		if other, ok := keys[k]; ok || k.IsZero() {
			t.Errorf("%s has the key of %s, or none", name, other)
		}
		keys[k] = name
		text, _ := k.MarshalText()
		var back Key
		if err := back.UnmarshalText(text); err != nil || back != k {
			t.Errorf("%s: %s reads back as %s, %v", name, k, back, err)
		}
	}
	if again := KeyOf(a, "x", "y"); keys[again] != "plain" {
		t.Error("the same words make two keys")
	}
	var k Key
	for _, bad := range []string{"", "00", strings.Repeat("g", 32)} {
		if k.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
}

func TestShape(t *testing.T) {
	for said, want := range map[string]string{
		"550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown":                                 "… Recipient address rejected: User unknown",
		"host mx.example.net[192.0.2.1] said: 451 4.7.1 try again in 300 seconds (in reply to RCPT TO command)": "… try again in … seconds",
		"":                                   "",
		"\x1b[31mred\x00 words":              "… words",
		strings.Repeat("word ", 100) + "end": strings.TrimSpace(strings.Repeat("word ", 60)),
	} {
		if got := Shape(said); got != want {
			t.Errorf("Shape(%q) = %q, want %q", said, got, want)
		}
	}
	if len(Shape(strings.Repeat("x", 2*MaxShape))) > MaxShape {
		t.Error("a shape is longer than its limit")
	}
}
