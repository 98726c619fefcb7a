package returnpath

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"
)

// Two keys: the bytes 0 to 31 of 2026-01-01 with id 3, and 32 times 0xff of a month
// later with id 4.
const twoKeys = `# return addresses
3 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= 2026-01-01T00:00:00Z

4 //////////////////////////////////////////8= 2026-02-01T00:00:00Z
`

var (
	delivery = [16]byte{0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f}
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	midnight = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
)

func keys(t testing.TB, file string) Keys {
	t.Helper()
	k, err := ParseKeys(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func maker(t testing.TB, c Config) *Maker {
	t.Helper()
	if c.Keys.Len() == 0 {
		c.Keys = keys(t, twoKeys)
	}
	if c.Domain == "" {
		c.Domain = "bounce.example.com"
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sign makes an address by the package comment alone, without the package's code.
func sign(secret []byte, head byte, day uint16, id [16]byte, domain string) string {
	raw := append([]byte{head, byte(day >> 8), byte(day)}, id[:]...)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("nixie return path 1\x00"))
	h.Write(raw)
	h.Write([]byte(strings.ToLower(domain)))
	raw = append(raw, h.Sum(nil)[:11]...)
	return "b+" + strings.ToLower(base32.StdEncoding.EncodeToString(raw)) + "@" + domain
}

// 2026-11-22 is day 20779: 56 years of 365 days, 14 leap days, 325 days of the year.
const today = 56*365 + 14 + 325

func TestMake(t *testing.T) {
	m := maker(t, Config{Domain: "Bounce.Example.com"})
	want := sign([]byte(strings.Repeat("\xff", 32)), 0x14, today, delivery, "bounce.example.com")
	got := m.Make(delivery, noon)
	if got != want {
		t.Fatalf("made %s, want %s", got, want)
	}
	local, _, _ := strings.Cut(got, "@")
	if len(local) != 50 {
		t.Errorf("the local part has %d octets", len(local))
	}
	id, made, err := m.Verify(got, noon)
	if id != delivery || !made.Equal(midnight) || err != nil {
		t.Errorf("verified as %x of %v: %v", id, made, err)
	}
}

// TestVector pins the wire form: addresses that are out there must stay valid. It
// was computed with Python's hmac, struct and base64.
func TestVector(t *testing.T) {
	const address = "b+criswal7elrhtmd4yommjxambqdttdzrcim4bgs7mreeuxpl@bounce.example.com"
	if got := maker(t, Config{}).Make(delivery, noon); got != address {
		t.Errorf("made %s, want %s", got, address)
	}
}

func TestVerifyTakes(t *testing.T) {
	m := maker(t, Config{})
	address := m.Make(delivery, noon)
	for _, s := range []string{
		"<" + address + ">",
		strings.ToUpper(address),
		// The older key still verifies.
		sign(keys(t, twoKeys).list[0].secret[:], 0x13, today, delivery, "bounce.example.com"),
	} {
		if id, _, err := m.Verify(s, noon); err != nil || id != delivery {
			t.Errorf("%s: %x, %v", s, id, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	m := maker(t, Config{})
	ff := []byte(strings.Repeat("\xff", 32))
	good := m.Make(delivery, noon)
	code := strings.TrimSuffix(strings.TrimPrefix(good, "b+"), "@bounce.example.com")
	tests := []struct {
		name, in string
		want     error
	}{
		{"nothing", "", ErrNotOurs},
		{"no code", "b+@bounce.example.com", ErrNotOurs},
		{"another domain of the same length", strings.Replace(good, "bounce", "ounceb", 1), ErrNotOurs},
		{"a domain before the domain", "b+@bounce.example.com" + code, ErrNotOurs},
		{"a space", " " + good, ErrNotOurs},
		{"one bracket", "<" + good, ErrNotOurs},
		{"padding", strings.Replace(good, "@", "====@", 1), ErrNotOurs},
		{"line ends", strings.Replace(good, code[:8], "\r\n\r\n\r\n\r\n", 1), ErrNotOurs},
		{"a dot at the end", good + ".", ErrNotOurs},
		{"long", strings.Repeat("b+", 1<<20), ErrNotOurs},
		{"version 0", sign(ff, 0x04, today, delivery, "bounce.example.com"), ErrNotOurs},
		{"version 2", sign(ff, 0x24, today, delivery, "bounce.example.com"), ErrNotOurs},
		{"an unknown key", sign(ff, 0x15, today, delivery, "bounce.example.com"), ErrUnknownKey},
		{"the other key's id", sign(ff, 0x13, today, delivery, "bounce.example.com"), ErrForged},
		{"signed for another domain", strings.Replace(sign(ff, 0x14, today, delivery, "b.example.com"), "@", "@bounce.example.com#", 1)[:len(good)], ErrForged},
	}
	for _, tt := range tests {
		id, made, err := m.Verify(tt.in, noon)
		if !errors.Is(err, tt.want) || id != [16]byte{} || !made.IsZero() {
			t.Errorf("%s: %x, %v, %v; want %v", tt.name, id, made, err, tt.want)
		}
	}
}

// TestVerifyChanged changes each bit of what is signed, and each character of the address.
func TestVerifyChanged(t *testing.T) {
	m := maker(t, Config{})
	good := m.Make(delivery, noon)
	raw, ok := m.decode(good)
	if !ok {
		t.Fatal("the address is not of the form")
	}
	for bit := range len(raw) * 8 {
		changed := append([]byte(nil), raw...)
		changed[bit/8] ^= 1 << (bit % 8)
		s := m.prefix + m.base32.EncodeToString(changed) + "@" + m.domain
		if _, _, err := m.Verify(s, noon); err == nil {
			t.Errorf("bit %d changed, and taken", bit)
		}
	}
	for i := range len(good) {
		for _, c := range "abyz0127+=-.@ \n" {
			s := good[:i] + string(c) + good[i+1:]
			if s == good {
				continue
			}
			if _, _, err := m.Verify(s, noon); err == nil {
				t.Errorf("taken: %q", s)
			}
		}
		if _, _, err := m.Verify(good[:i]+good[i+1:], noon); err == nil {
			t.Errorf("taken without character %d", i)
		}
	}
}

func TestExpiry(t *testing.T) {
	const valid = 10 * 24 * time.Hour
	tests := []struct {
		name string
		now  time.Time
		ok   bool
	}{
		{"just made", noon, true},
		{"the last moment", midnight.Add(24*time.Hour + valid - time.Nanosecond), true},
		{"too late", midnight.Add(24*time.Hour + valid), false},
		{"a clock a day behind", midnight.Add(-24 * time.Hour), true},
		{"a clock more than a day behind", midnight.Add(-24*time.Hour - time.Nanosecond), false},
		{"long ago", time.Time{}, false},
	}
	m := maker(t, Config{Valid: valid})
	address := m.Make(delivery, noon)
	for _, tt := range tests {
		_, made, err := m.Verify(address, tt.now)
		if tt.ok && (err != nil || !made.Equal(midnight)) || !tt.ok && !errors.Is(err, ErrExpired) {
			t.Errorf("%s: %v, %v", tt.name, made, err)
		}
	}
	m = maker(t, Config{})
	if _, _, err := m.Verify(address, midnight.Add(31*24*time.Hour-1)); err != nil {
		t.Errorf("within 30 days by default: %v", err)
	}
	if _, _, err := m.Verify(address, midnight.Add(31*24*time.Hour)); !errors.Is(err, ErrExpired) {
		t.Errorf("after 30 days by default: %v", err)
	}
}

func TestDaysAtTheEdges(t *testing.T) {
	m := maker(t, Config{})
	for _, tt := range []struct{ now, want time.Time }{
		{time.Time{}, time.Unix(0, 0)},
		{time.Unix(86400*65535, 0), time.Unix(86400*65535, 0)},
	} {
		_, made, err := m.Verify(m.Make(delivery, tt.now), tt.want)
		if err != nil || !made.Equal(tt.want) {
			t.Errorf("made at %v: %v, %v", tt.now, made, err)
		}
	}
}

func TestRotation(t *testing.T) {
	one := keys(t, strings.Split(twoKeys, "\n\n")[0])
	old := maker(t, Config{Keys: one}).Make(delivery, noon)

	key, err := one.NewKey(noon)
	if err != nil {
		t.Fatal(err)
	}
	two, err := one.Append(key)
	if err != nil {
		t.Fatal(err)
	}
	m := maker(t, Config{Keys: two})
	young := m.Make(delivery, noon)
	for _, address := range []string{old, young} {
		if _, _, err := m.Verify(address, noon); err != nil {
			t.Errorf("with both keys, %s: %v", address, err)
		}
	}
	m = maker(t, Config{Keys: two.Drop(3)})
	if _, _, err := m.Verify(old, noon); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("by a key that was dropped: %v", err)
	}
	if _, _, err := m.Verify(young, noon); err != nil {
		t.Errorf("by the key that is left: %v", err)
	}
	if one.Len() != 1 || two.Len() != 2 {
		t.Errorf("the old keys changed: %v, %v", one, two)
	}
}

func TestNew(t *testing.T) {
	k := keys(t, twoKeys)
	for _, sep := range []byte("+=-") {
		m := maker(t, Config{Prefix: strings.Repeat("p", MaxPrefix), Separator: sep})
		address := m.Make(delivery, noon)
		local, _, _ := strings.Cut(address, "@")
		if len(local) != 64 || local[MaxPrefix] != sep {
			t.Errorf("separator %c: %s, %d octets", sep, local, len(local))
		}
		if id, _, err := m.Verify(address, noon); id != delivery || err != nil {
			t.Errorf("separator %c: %x, %v", sep, id, err)
		}
	}
	for _, tt := range []struct {
		config Config
		says   string
	}{
		{Config{Domain: "example.com"}, "key"},
		{Config{Keys: k}, "domain"},
		{Config{Keys: k, Domain: "bücher.de"}, "domain"},
		{Config{Keys: k, Domain: "a@b"}, "domain"},
		{Config{Keys: k, Domain: "a\nb"}, "domain"},
		{Config{Keys: k, Domain: "example.com", Prefix: strings.Repeat("p", MaxPrefix+1)}, "longer than 15"},
		{Config{Keys: k, Domain: "example.com", Prefix: "B"}, "prefix"},
		{Config{Keys: k, Domain: "example.com", Prefix: "a.b"}, "prefix"},
		{Config{Keys: k, Domain: "example.com", Separator: '.'}, "separator"},
		{Config{Keys: k, Domain: "example.com", Valid: -1}, "valid"},
	} {
		if m, err := New(tt.config); m != nil || err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want an error with %q", tt.config, err, tt.says)
		}
	}
}

func FuzzVerify(f *testing.F) {
	m := maker(f, Config{})
	good := m.Make(delivery, noon)
	f.Add(good)
	f.Add("<" + strings.ToUpper(good) + ">")
	f.Add("<" + good)
	f.Add("b+@")
	f.Fuzz(func(t *testing.T, s string) {
		id, _, err := m.Verify(s, noon)
		bare := strings.ToLower(s)
		if len(bare) > 1 && bare[0] == '<' && bare[len(bare)-1] == '>' {
			bare = bare[1 : len(bare)-1]
		}
		if (err == nil) != (bare == good) {
			t.Fatalf("%q: %v", s, err)
		}
		if err == nil && id != delivery || err != nil && id != [16]byte{} {
			t.Errorf("%q: %x, %v", s, id, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	m := maker(b, Config{})
	address := m.Make(delivery, noon)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.Verify(address, noon); err != nil {
			b.Fatal(err)
		}
	}
}
