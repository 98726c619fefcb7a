package returnpath

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseKeys(t *testing.T) {
	k := keys(t, twoKeys)
	if k.Len() != 2 || k.newest().ID != 4 || !k.newest().Created.Equal(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v", k)
	}
	for i, b := range k.list[0].secret {
		if int(b) != i {
			t.Fatalf("secret %x", k.list[0].secret)
		}
	}
	text, err := k.AppendText(nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.NewReplacer("# return addresses\n", "", "\n\n", "\n").Replace(twoKeys); string(text) != want {
		t.Errorf("written as\n%s", text)
	}
	lines := strings.SplitAfter(string(text), "\n")
	if turned := keys(t, lines[1]+lines[0]); turned.newest().ID != 4 {
		t.Errorf("with the lines turned round %v is the newest", turned.newest())
	}
	if empty := keys(t, "# none\n"); empty.Len() != 0 {
		t.Errorf("of no lines: %v", empty)
	}
}

func TestParseKeysRefuses(t *testing.T) {
	const secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	good := "3 " + secret + " 2026-01-01T00:00:00Z\n"
	for _, tt := range []struct{ file, says string }{
		{"3 " + secret + "\n", "line 1: it has 2 parts"},
		{good + good, "line 2: "},
		{"\n16 " + secret + " 2026-01-01T00:00:00Z", "line 2: the id"},
		{"-1 " + secret + " 2026-01-01T00:00:00Z", "the id"},
		{"3 " + secret[:40] + " 2026-01-01T00:00:00Z", "the key is not 32 bytes"},
		{"3 " + secret[1:] + " 2026-01-01T00:00:00Z", "the key is not 32 bytes"},
		{"3 " + secret + " 2026-01-01", "the date"},
		{"#" + strings.Repeat("x", maxLine) + "\n", "too long"},
		{strings.Repeat("#\n", maxFile/2) + "#", "longer than 65536 bytes"},
	} {
		k, err := ParseKeys(strings.NewReader(tt.file))
		if !errors.Is(err, ErrKeys) || !strings.Contains(err.Error(), tt.says) || k.Len() != 0 {
			t.Errorf("%.40q: %v, want %q", tt.file, err, tt.says)
		} else if strings.Contains(err.Error(), secret[4:20]) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	if _, err := ParseKeys(strings.NewReader(strings.Repeat("#\n", maxFile/2))); err != nil {
		t.Errorf("a file of %d bytes: %v", maxFile, err)
	}
	k := keys(t, twoKeys)
	for _, key := range []Key{{ID: 16, secret: k.list[0].secret}, {ID: 3, secret: k.list[0].secret}, {ID: 5}} {
		if got, err := k.Append(key); !errors.Is(err, ErrKeys) || got.Len() != 2 {
			t.Errorf("%v: %v, %v", key, got, err)
		}
	}
}

func TestNewKey(t *testing.T) {
	var k Keys
	now := time.Date(2026, 11, 22, 12, 0, 0, 5, time.UTC)
	for i := range MaxKeys {
		key, err := k.NewKey(now.Add(-time.Duration(i) * time.Hour)) // a clock that goes back
		if err != nil {
			t.Fatal(err)
		}
		if *key.secret == [secretLength]byte{} {
			t.Fatal("the secret is not random")
		}
		if k, err = k.Append(key); err != nil {
			t.Fatal(err)
		}
		if k.newest() != key {
			t.Fatalf("%v is the newest, not %v", k.newest(), key)
		}
	}
	if _, err := k.NewKey(now); !errors.Is(err, ErrKeys) {
		t.Errorf("a key more than there can be: %v", err)
	}
	text, err := k.AppendText(nil)
	if err != nil {
		t.Fatal(err)
	}
	if again := keys(t, string(text)); *again.newest().secret != *k.newest().secret || again.Len() != MaxKeys {
		t.Errorf("read back as %v", again)
	}
	k = k.Drop(5)
	if key, err := k.NewKey(now); err != nil || key.ID != 5 {
		t.Errorf("the id that is free is 5: %v, %v", key, err)
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	k := keys(t, twoKeys)
	m := maker(t, Config{Keys: k})
	for _, v := range []any{k, k.All(), k.list[0], &k.list[0], Config{Keys: k}, m} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			text := fmt.Sprintf(format, v)
			if strings.Contains(text, "255 255") || strings.Contains(text, "0xff, 0xff") || strings.Contains(text, "\xff\xff") {
				t.Errorf("%s of %T shows a secret: %.300q", format, v, text)
			}
		}
	}
}
