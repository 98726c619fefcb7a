package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// lockName is the file beside the database that whoever has it open holds.
const lockName = "lock"

// ErrLocked is what the error matches if another process has the database open.
var ErrLocked = errors.New("another process has the database open")

// lock takes the lock, and writes into its file who has it. The system gives it
// back when the process ends, however it ends.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := io.ReadAll(io.LimitReader(f, 32)) // only for the message
		f.Close()
		return nil, fmt.Errorf("%w: process %q holds %q; stop it, or speak to it through its admin socket", ErrLocked, strings.TrimSpace(string(holder)), path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("taking the lock %q: %w", path, err)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid()) // who can't be told holds it all the same
	}
	return f, nil
}

// unlock gives the lock back. The file stays: who removed it could remove that of
// another process.
func unlock(f *os.File) error {
	return f.Close()
}
