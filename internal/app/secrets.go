package app

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nixiemail/nixie/internal/returnpath"
)

// Files below the data directory.
const (
	databaseFile   = "nixie.db"
	addressKeyFile = "address.key"     // keys the hashes of suppressed addresses
	returnKeysFile = "return-path.key" // signs return addresses
	firstKeyFile   = "first.key"       // the first API key
	adminSocket    = "admin.sock"
)

// secretFile returns what a file below the data directory holds. If there is none
// it is made of what fresh returns, readable by its owner alone.
func secretFile(dir, name string, fresh func() ([]byte, error)) ([]byte, error) {
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if data, err = fresh(); err != nil {
		return nil, err
	}
	if err = writeSecret(path, data, os.Link); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path) // another process was first
	}
	return data, err
}

// writeSecret writes a file as a whole or not at all, safe against a crash. put
// gives it its name: [os.Link] where there must be none yet, else [os.Rename].
func writeSecret(path string, data []byte, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = put(f.Name(), path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// addressKey reads the key of the addresses' hashes.
func addressKey(dir string) (key [32]byte, err error) {
	data, err := secretFile(dir, addressKeyFile, func() ([]byte, error) {
		var fresh [32]byte
		rand.Read(fresh[:])
		return []byte(hex.EncodeToString(fresh[:]) + "\n"), nil
	})
	if err != nil {
		return key, err
	}
	data = bytes.TrimSpace(data)
	if n, err := hex.Decode(key[:], data[:min(len(data), hex.EncodedLen(len(key)))]); err != nil || n != len(key) || len(data) != hex.EncodedLen(n) {
		return key, fmt.Errorf("%s is damaged: it holds no key of 64 hexadecimal digits; put it back from a backup, since without it no suppression is found", filepath.Join(dir, addressKeyFile))
	}
	return key, nil
}

// returnKeys reads the keys that sign return addresses.
func returnKeys(dir string, now time.Time) (returnpath.Keys, error) {
	data, err := secretFile(dir, returnKeysFile, func() ([]byte, error) {
		var keys returnpath.Keys
		key, err := keys.NewKey(now)
		if err != nil {
			return nil, err
		}
		if keys, err = keys.Append(key); err != nil {
			return nil, err
		}
		return keys.AppendText(nil)
	})
	if err != nil {
		return returnpath.Keys{}, err
	}
	keys, err := returnpath.ParseKeys(bytes.NewReader(data))
	if err != nil {
		return keys, fmt.Errorf("%s: %w", filepath.Join(dir, returnKeysFile), err)
	}
	return keys, nil
}
