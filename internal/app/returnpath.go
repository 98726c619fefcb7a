package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/returnpath"
)

// ReturnPaths returns what makes and verifies return addresses as the service does
// that has these data, whether it runs or not. Where no domain is configured for them
// the error matches [httpapi.ErrNoReturnPath].
func ReturnPaths(c *config.Config) (*returnpath.Maker, error) {
	if c.ReturnPath.Domain == "" {
		return nil, httpapi.ErrNoReturnPath
	}
	path := filepath.Join(c.Data, returnKeysFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: nixie serve makes it when it starts with return_path.domain, nixie return-path rotate at once", path)
	}
	if err != nil {
		return nil, err
	}
	keys, err := returnpath.ParseKeys(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pathMaker(&c.ReturnPath, keys)
}

func pathMaker(r *config.ReturnPath, keys returnpath.Keys) (*returnpath.Maker, error) {
	m, err := returnpath.New(returnpath.Config{
		Keys: keys, Domain: r.Domain, Prefix: r.Prefix, Separator: r.Separator[0], Valid: time.Duration(r.Valid),
	})
	if err != nil {
		return nil, fmt.Errorf("return_path: %w", err)
	}
	return m, nil
}

// RotateReturnPath adds a key, which signs from the service's next start on. Those
// that are there go on verifying. Where there is no room the oldest is dropped, if
// the one after it is so old that no address of the oldest can be valid still.
func RotateReturnPath(c *config.Config, now time.Time) (added returnpath.Key, dropped []returnpath.Key, err error) {
	dir, err := os.Open(c.Data)
	if err != nil {
		return added, nil, err
	}
	defer dir.Close() // and gives back the lock
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return added, nil, fmt.Errorf("locking %s: %w", c.Data, err)
	}
	path := filepath.Join(c.Data, returnKeysFile)
	var keys returnpath.Keys
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return added, nil, err
	}
	if keys, err = returnpath.ParseKeys(bytes.NewReader(data)); err != nil {
		return added, nil, fmt.Errorf("%s: %w", path, err)
	}
	if all := keys.All(); len(all) == returnpath.MaxKeys {
		// A day for clocks that differ, and a day that an address is of.
		if since := now.Sub(all[1].Created); since < time.Duration(c.ReturnPath.Valid)+48*time.Hour {
			return added, nil, fmt.Errorf("%s has %d keys, which is the most, and addresses of the oldest may be valid still; try again later", path, len(all))
		}
		keys, dropped = keys.Drop(all[0].ID), all[:1]
	}
	if added, err = keys.NewKey(now); err != nil {
		return added, nil, err
	}
	if keys, err = keys.Append(added); err != nil {
		return added, nil, err
	}
	text, err := keys.AppendText(nil)
	if err != nil {
		return added, nil, err
	}
	return added, dropped, writeSecret(path, text, ownedAs(c.Data))
}

// ownedAs gives a file its name and the owner of a directory: what an administrator
// writes, the service must be able to read.
func ownedAs(dir string) func(from, to string) error {
	return func(from, to string) error {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
			if err := os.Chown(from, int(s.Uid), int(s.Gid)); err != nil {
				return err
			}
		}
		return os.Rename(from, to)
	}
}
