package config

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		want Duration
		back string // as String writes it, if otherwise
	}{
		{"14d", Duration(14 * 24 * time.Hour), ""},
		{"36h", Duration(36 * time.Hour), ""},
		{"24h", Duration(24 * time.Hour), "1d"},
		{"1h30m", Duration(90 * time.Minute), ""},
		{"10m", Duration(10 * time.Minute), ""},
		{"20h0m5s", Duration(20*time.Hour + 5*time.Second), ""},
		{"500ms", Duration(500 * time.Millisecond), ""},
		{"0s", 0, ""},
		{"0d", 0, "0s"},
		{"36500d", MaxDuration, ""},
		{"forever", Forever, ""},
	} {
		got, err := ParseDuration(c.text)
		if err != nil || got != c.want {
			t.Errorf("ParseDuration(%q) = %d, %v, want %d", c.text, got, err, c.want)
		}
		back := c.back
		if back == "" {
			back = c.text
		}
		if got.String() != back {
			t.Errorf("String() of %q = %q, want %q", c.text, got.String(), back)
		}
	}
	for _, text := range []string{"", "14", "d", "-1d", "-1h", "1.5d", "1d12h", "36501d", "876001h", "Forever", "99999999999999999999d"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want Size
		back string
	}{
		{"64MiB", 67108864, "64MiB"},
		{"10MB", 10000000, "10000000"},
		{"1 kB", 1000, "1000"},
		{"1GiB", 1073741824, "1GiB"},
		{"2GB", 2000000000, "1953125KiB"},
		{"65536", 65536, "64KiB"},
		{"0", 0, "0"},
	} {
		got, err := ParseSize(c.text)
		if err != nil || got != c.want || got.String() != c.back {
			t.Errorf("ParseSize(%q) = %d (%s), %v, want %d (%s)", c.text, got, got, err, c.want, c.back)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "-1MiB", "1.5MiB", "1TiB", "9223372036854775807KiB", "64mib"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseAddress(t *testing.T) {
	longest := "/" + strings.Repeat("a", 106)
	for _, c := range []struct{ text, network, address string }{
		{"127.0.0.1:8025", "tcp", "127.0.0.1:8025"},
		{"[::1]:0", "tcp", "[::1]:0"},
		{":65535", "tcp", ":65535"},
		{"localhost:25", "tcp", "localhost:25"},
		{"unix:/run/nixie.sock", "unix", "/run/nixie.sock"},
		{"unix:" + longest, "unix", longest},
	} {
		network, address, err := ParseAddress(c.text)
		if err != nil || network != c.network || address != c.address {
			t.Errorf("ParseAddress(%q) = %q, %q, %v, want %q, %q", c.text, network, address, err, c.network, c.address)
		}
	}
	for _, text := range []string{"", "127.0.0.1", "8025", "a b:25", "::1:25", "host:smtp", "host:65536", "host:-1", "unix:", "unix:run/s", "unix:" + longest + "a", "http://h:1"} {
		if network, address, err := ParseAddress(text); err == nil {
			t.Errorf("ParseAddress(%q) = %q, %q, want an error", text, network, address)
		}
	}
}

func TestDomainsAndAddresses(t *testing.T) {
	label := strings.Repeat("a", 63)
	long := strings.Join([]string{label, label, label, label[:61]}, ".") // 253 bytes
	for _, d := range []string{"example.com", "a", "xn--bcher-kva.example", "bücher.example", "_x.example", label, long} {
		if !isDomain(d) {
			t.Errorf("%q is a domain", d)
		}
	}
	for _, d := range []string{"", ".", "a..b", "a.", "-a.b", "a-.b", "a b", "a@b", "*.a", "a/b", "[192.0.2.1]", label + "a", long + "a", "a\x00", "a\xff", "a\u2028b"} {
		if isDomain(d) {
			t.Errorf("%q is not a domain", d)
		}
	}
	for _, a := range []string{"a@b", "first.last+tag@example.com", "jürgen@bücher.example", strings.Repeat("a", 64) + "@b"} {
		if !isMailAddress(a) {
			t.Errorf("%q is an address", a)
		}
	}
	for _, a := range []string{"", "a", "@b", "a@", "a b@c", "a@b@c", "<a@b>", `"a b"@c`, strings.Repeat("a", 65) + "@b", "a\u00a0@b", "a\x7f@b"} {
		if isMailAddress(a) {
			t.Errorf("%q is not an address", a)
		}
	}
}

// What is shown is JSON, says where it is from, and has entries of lists.
func TestShown(t *testing.T) {
	file := write(t, "http = \"off\"\n[[log]]\npath = \"/var/log/mail.log\"\n")
	c, from, err := Load(Sources{File: file, Getenv: environment("NIXIE_MAIL_DOMAINS", "a.example,b.example")})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Shown{}
	for _, s := range c.Shown(from) {
		if !json.Valid(s.Value) {
			t.Errorf("%s: %s is not JSON", s.Key, s.Value)
		}
		got[s.Key] = s
	}
	for _, w := range []struct{ key, value, from string }{
		{"http", `"off"`, file + ":1"},
		{"mail.domains", `["a.example", "b.example"]`, "NIXIE_MAIL_DOMAINS"},
		{"mail.max_message", `"64MiB"`, "default"},
		{"suppression.complaint", `true`, "default"},
		{"suppression.rule[3].messages", `3`, "default"},
		{"suppression.rule[3].for", `["30d"]`, "default"},
		{"log[1].path", `"/var/log/mail.log"`, file + ":3"},
		{"log[1].zone", `"Local"`, "default"},
	} {
		if s := got[w.key]; string(s.Value) != w.value || s.From != w.from {
			t.Errorf("%s = %s from %s, want %s from %s", w.key, s.Value, s.From, w.value, w.from)
		}
	}
}
