package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/returnpath"
)

func pathConfig(t *testing.T) config.Config {
	c := config.Default(func(string) string { return "" })
	c.Data, c.ReturnPath.Domain = t.TempDir(), "bounce.example.org"
	return c
}

func TestReturnPathsRotate(t *testing.T) {
	c := pathConfig(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if _, err := ReturnPaths(&c); err == nil || !strings.Contains(err.Error(), "nixie return-path rotate") {
		t.Errorf("without keys: %v", err)
	}
	first, _, err := RotateReturnPath(&c, now)
	if err != nil {
		t.Fatal(err)
	}
	before, err := ReturnPaths(&c)
	if err != nil {
		t.Fatal(err)
	}
	d := [16]byte{1, 2, 3}
	address := before.Make(d, now)
	if len(strings.Split(address, "@")[0]) > 64 || !strings.HasSuffix(address, "@bounce.example.org") {
		t.Errorf("the address is %s", address)
	}
	second, dropped, err := RotateReturnPath(&c, now.Add(time.Hour))
	if err != nil || second.ID == first.ID || dropped != nil {
		t.Fatalf("the second key is %v, dropped were %v: %v", second, dropped, err)
	}
	after, err := ReturnPaths(&c)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := after.Verify(address, now.Add(2*time.Hour)); err != nil || got != d {
		t.Errorf("what the old key signed: %x, %v", got, err)
	}
	if _, _, err := before.Verify(after.Make(d, now), now); !errors.Is(err, returnpath.ErrUnknownKey) {
		t.Errorf("the newest key does not sign: %v", err)
	}
	info, err := os.Stat(filepath.Join(c.Data, returnKeysFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of keys: %v, %v", info.Mode(), err)
	}
}

// A key goes only when nothing that it signed can be valid.
func TestReturnPathsFull(t *testing.T) {
	c := pathConfig(t)
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range returnpath.MaxKeys {
		if _, dropped, err := RotateReturnPath(&c, start.Add(time.Duration(i)*time.Hour)); err != nil || dropped != nil {
			t.Fatalf("key %d: dropped %v, %v", i, dropped, err)
		}
	}
	over := start.Add(time.Hour).Add(time.Duration(c.ReturnPath.Valid) + 48*time.Hour) // from the second key on
	if _, _, err := RotateReturnPath(&c, over.Add(-time.Second)); err == nil {
		t.Error("a key was dropped while its addresses may be valid")
	}
	_, dropped, err := RotateReturnPath(&c, over)
	if err != nil || len(dropped) != 1 || !dropped[0].Created.Equal(start) {
		t.Errorf("dropped were %v: %v, want the first", dropped, err)
	}
}

func TestReturnPathsErrors(t *testing.T) {
	c := pathConfig(t)
	if err := os.WriteFile(filepath.Join(c.Data, returnKeysFile), []byte("1 secret 2026-03-01T12:00:00Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, readErr := ReturnPaths(&c)
	_, _, rotateErr := RotateReturnPath(&c, time.Now())
	for _, err := range []error{readErr, rotateErr} {
		if !errors.Is(err, returnpath.ErrKeys) || strings.Contains(err.Error(), "secret") {
			t.Errorf("damaged keys: %v", err)
		}
	}
	c.ReturnPath.Domain = ""
	if _, err := ReturnPaths(&c); !errors.Is(err, httpapi.ErrNoReturnPath) {
		t.Errorf("without a domain: %v", err)
	}
	c.Data = filepath.Join(c.Data, "absent")
	if _, _, err := RotateReturnPath(&c, time.Now()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without data: %v", err)
	}
}
