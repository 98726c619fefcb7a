package auth

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"hash/crc32"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC)

func newKey(t testing.TB, scopes ...Scope) (Key, string) {
	t.Helper()
	k, token, err := NewKey("a program", scopes, now)
	if err != nil {
		t.Fatal(err)
	}
	return k, token
}

// seal puts the checksum that the format asks for behind a text, without the package's code.
func seal(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	raw := []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}
	return s + strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(raw), "="))
}

func TestNewKey(t *testing.T) {
	k, token := newKey(t, Send, Read)
	if !regexp.MustCompile(`^nixie_[a-z2-7]{16}_[a-z2-7]{59}$`).MatchString(token) {
		t.Errorf("a token of another form: %s", token)
	}
	if body := token[:len(token)-7]; seal(body) != token {
		t.Errorf("%s, want %s", token, seal(body))
	}
	id, secret, err := ParseToken(" " + token + "\n")
	if err != nil || id != k.ID {
		t.Fatalf("read as id %s: %v; want %s", id, err, k.ID)
	}
	if sha256.Sum256([]byte(secret)) != k.Hash {
		t.Error("the hash is not that of the secret")
	}
	if !k.Matches(secret) {
		t.Error("the key doesn't match its secret")
	}
	if k.Name != "a program" || !slices.Equal(k.Scopes, []Scope{Send, Read}) || !k.Created.Equal(now) || !k.LastUsed.IsZero() || !k.Revoked.IsZero() {
		t.Errorf("%+v", k)
	}
	other, otherToken := newKey(t, Send)
	if other.ID == k.ID || otherToken == token {
		t.Error("two keys are the same")
	}
	if _, s, err := ParseToken(otherToken); err != nil || k.Matches(s) {
		t.Errorf("the key matches another's secret: %v", err)
	}
}

func TestMatches(t *testing.T) {
	k, token := newKey(t, Admin)
	_, secret, err := ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"", secret[1:], secret + "a", strings.ToUpper(secret), token} {
		if k.Matches(s) {
			t.Errorf("matches %q", s)
		}
	}
	if (Key{}).Matches("") {
		t.Error("a key without hash matches an empty secret")
	}
	k.Revoked = now
	if k.Matches(secret) || k.Allows(Read) {
		t.Error("a revoked key lets in")
	}
}

func TestNewKeyRefuses(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("n", MaxName+1), "a\nb", "a\x1b[31m", "a\u202eb", "caf\xe9"} {
		if _, token, err := NewKey(name, []Scope{Read}, now); err == nil || token != "" {
			t.Errorf("name %q is taken", name)
		}
	}
	if _, _, err := NewKey(strings.Repeat("n", MaxName), []Scope{Read}, now); err != nil {
		t.Error(err)
	}
	for _, scopes := range [][]Scope{nil, {"root"}, {""}} {
		if _, token, err := NewKey("a program", scopes, now); !errors.Is(err, ErrScope) || token != "" {
			t.Errorf("scopes %q: %v", scopes, err)
		}
	}
}

func TestParseTokenRefuses(t *testing.T) {
	_, token := newKey(t, Read)
	id, secret := token[6:22], token[23:75]
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrToken},
		{"another's", "ghp_" + token[4:], ErrToken},
		{"upper case", strings.ToUpper(token), ErrToken},
		{"cut", token[:len(token)-1], ErrChecksum},
		{"longer", token + "a", ErrChecksum},
		{"a huge one", "nixie_" + strings.Repeat("a", 1<<20), ErrChecksum},
		{"without checksum", token[:75], ErrChecksum},
		{"sealed, no letters of base32", seal("nixie_" + strings.ToUpper(id) + "_" + secret), ErrToken},
		{"sealed, id too long", seal("nixie_" + id + "a_" + secret[1:]), ErrToken},
		{"sealed, id too short", seal("nixie_" + id[1:] + "_a" + secret), ErrToken},
		{"sealed, two hyphens", seal("nixie_" + id + "_" + secret[1:] + "_"), ErrToken},
	}
	for _, tt := range tests {
		gotID, gotSecret, err := ParseToken(tt.in)
		if !errors.Is(err, tt.want) || gotID+gotSecret != "" {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		} else if strings.Contains(err.Error(), secret[5:20]) {
			t.Errorf("%s: the error shows the secret: %v", tt.name, err)
		}
	}
	// CRC-32 tells every change of one character, and of two neighbours.
	for i := len("nixie_"); i < len(token); i++ {
		for _, c := range "a2z7_" {
			if s := token[:i] + string(c) + token[i+1:]; s != token {
				if _, _, err := ParseToken(s); !errors.Is(err, ErrChecksum) {
					t.Errorf("character %d changed: %v", i, err)
				}
			}
		}
		if i+1 < len(token) && token[i] != token[i+1] {
			s := token[:i] + token[i+1:i+2] + token[i:i+1] + token[i+2:]
			if _, _, err := ParseToken(s); !errors.Is(err, ErrChecksum) {
				t.Errorf("characters %d and the next swapped: %v", i, err)
			}
		}
	}
}

func TestScopes(t *testing.T) {
	tests := []struct {
		in   string
		want string // "" for an error
	}{
		{"send", "send"},
		{" read, send,read\tsuppress ", "send,read,suppress"},
		{"send,events,read,suppress,admin", "send,events,read,suppress,admin"},
		{"", ""},
		{" , ", ""},
		{"Send", ""},
		{"send,write", ""},
		{"sendread", ""},
	}
	for _, tt := range tests {
		got, err := ParseScopes(tt.in)
		if (tt.want == "") != errors.Is(err, ErrScope) || FormatScopes(got) != tt.want {
			t.Errorf("%q: %v, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestAllows(t *testing.T) {
	for _, has := range Scopes() {
		k, _ := newKey(t, has)
		for _, asked := range Scopes() {
			if got, want := k.Allows(asked), has == asked || has == Admin; got != want {
				t.Errorf("a key for %s allows %s: %v, want %v", has, asked, got, want)
			}
		}
	}
}

func FuzzParseToken(f *testing.F) {
	_, good := newKey(f, Read)
	f.Add(good)
	f.Add(seal("nixie__" + strings.Repeat("a", 68)))
	f.Fuzz(func(t *testing.T, s string) {
		id, secret, err := ParseToken(s)
		if err != nil {
			if id+secret != "" || len(err.Error()) > 200 {
				t.Errorf("%q: %q, %q, %v", s, id, secret, err)
			}
			return
		}
		if want := seal("nixie_" + id + "_" + secret); want != strings.TrimSpace(s) {
			t.Errorf("%q is read as %q", s, want)
		}
	})
}
