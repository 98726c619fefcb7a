package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSecretModes: what only the service may read, only its owner can.
func TestSecretModes(t *testing.T) {
	c := testConfig(t)
	c.ReturnPath.Domain = "bounces.example.org"
	c.Data = filepath.Join(c.Data, "new")
	opened(t, c, at(today))
	for name, want := range map[string]fs.FileMode{
		"": 0o700 | fs.ModeDir, addressKeyFile: 0o600, returnKeysFile: 0o600, firstKeyFile: 0o600, databaseFile: 0o600,
	} {
		info, err := os.Stat(filepath.Join(c.Data, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%q: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	entries, err := os.ReadDir(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

func TestAddressKey(t *testing.T) {
	dir := t.TempDir()
	first, err := addressKey(dir)
	if err != nil || first == [32]byte{} {
		t.Fatalf("%x, %v", first, err)
	}
	if again, err := addressKey(dir); err != nil || again != first {
		t.Errorf("%x, %v; at first %x", again, err, first)
	}
	path := filepath.Join(dir, addressKeyFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "cut": string(whole[:63]), "longer": "00" + string(whole), "no digits": strings.Repeat("x", 64) + "\n",
		"odd": string(whole[:64]) + "0", "binary": "\x00\x01",
	} {
		write(t, path, text)
		if _, err := addressKey(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), string(whole[:16])) {
			t.Errorf("%s: the error tells the key: %v", name, err)
		}
	}
}

// TestAddressKeyAtOnce: of two that make the key, one has the other's.
func TestAddressKeyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var keys [8][32]byte
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			var err error
			if keys[i], err = addressKey(dir); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i := range keys {
		if keys[i] != keys[0] {
			t.Errorf("key %d is another one", i)
		}
	}
}

// TestReturnKeysDamaged: return addresses that were given out are not thrown away by
// making new keys.
func TestReturnKeysDamaged(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, returnKeysFile)
	write(t, path, "not a key\n")
	if _, err := returnKeys(dir, today); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "not a key\n" {
		t.Errorf("the file holds %q, %v now", text, err)
	}
}
