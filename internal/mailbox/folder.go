package mailbox

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// A tree goes through the files below a path, in order. Its methods return false
// as soon as file or fail did.
type tree struct {
	// file is called for every file, regular or not. Its entry is never that of a
	// symbolic link but of what the link leads to.
	file func(path string, d fs.DirEntry, c content) bool
	fail func(path string, err error) bool
}

// path goes through one path that the caller gave.
func (t tree) path(p string) bool {
	info, err := os.Stat(p)
	if err != nil {
		return t.fail(p, err)
	}
	if info.IsDir() {
		return t.folder(p, false)
	}
	return t.file(p, fs.FileInfoToDirEntry(info), anything)
}

// folder goes through a folder: a Maildir, or one of files and folders. With
// onlyMaildirs, files that are in no Maildir are passed over.
func (t tree) folder(dir string, onlyMaildirs bool) bool {
	entries, err := os.ReadDir(dir)
	if err != nil && !t.fail(dir, err) {
		return false
	}
	if isMaildir(entries) {
		return t.maildir(dir, entries)
	}
	slices.SortFunc(entries, byName)
	for _, d := range entries {
		goOn := true
		switch {
		case d.IsDir():
			if onlyMaildirs || !hidden(d.Name()) {
				goOn = t.folder(join(dir, d.Name()), onlyMaildirs)
			}
		case onlyMaildirs:
			goOn = t.onlyLinks(join(dir, d.Name()), d)
		case isMail(d.Name()):
			goOn = t.entry(join(dir, d.Name()), d, anything)
		}
		if !goOn {
			return false
		}
	}
	return true
}

// isMaildir reports whether a folder is a Maildir: it has both cur and new. Its
// tmp is not asked for, since copying often loses empty folders.
func isMaildir(entries []fs.DirEntry) bool {
	n := 0
	for _, d := range entries {
		if d.IsDir() && (d.Name() == "cur" || d.Name() == "new") {
			n++
		}
	}
	return n == 2
}

// maildir goes through the messages of a Maildir, new and cur as one list: names
// begin with the time of delivery. Then through the Maildirs below, as Courier
// (".Sub") and Dovecot ("Sub") have them.
func (t tree) maildir(dir string, entries []fs.DirEntry) bool {
	type message struct {
		path string
		fs.DirEntry
	}
	var list []message
	for _, sub := range []string{"cur", "new"} {
		path := join(dir, sub)
		files, err := os.ReadDir(path)
		if err != nil && !t.fail(path, err) {
			return false
		}
		for _, d := range files {
			if !d.IsDir() && !hidden(d.Name()) {
				list = append(list, message{join(path, d.Name()), d})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b message) int { return byName(a, b) })
	for _, m := range list {
		if !t.entry(m.path, m.DirEntry, oneMessage) {
			return false
		}
	}
	slices.SortFunc(entries, byName)
	for _, d := range entries {
		path, goOn := join(dir, d.Name()), true
		switch {
		case !d.IsDir():
			goOn = t.onlyLinks(path, d)
		case d.Name() != "cur" && d.Name() != "new" && d.Name() != "tmp":
			goOn = t.folder(path, true)
		}
		if !goOn {
			return false
		}
	}
	return true
}

// errLinkedFolder keeps a walk out of loops, and from reading mail twice.
var errLinkedFolder = errors.New("symbolic link to a folder: it is read only if it is named itself")

// entry hands a file on, or what a symbolic link leads to.
func (t tree) entry(path string, d fs.DirEntry, c content) bool {
	if d.Type()&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		if err != nil {
			return t.fail(path, err)
		}
		if info.IsDir() {
			return t.fail(path, errLinkedFolder)
		}
		d = fs.FileInfoToDirEntry(info)
	}
	return t.file(path, d, c)
}

// onlyLinks passes over a file, but not silently over a linked folder.
func (t tree) onlyLinks(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink != 0 {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return t.fail(path, errLinkedFolder)
		}
	}
	return true
}

// The things that are no file with bytes in it. Opening them could wait for ever.
var (
	errPipe   = errors.New("is a named pipe: read it as standard input, -")
	errSocket = errors.New("is a socket")
	errDevice = errors.New("is a device")
	errNoFile = errors.New("is no regular file")
)

// readable says why a thing of that mode is not read; nil for a file.
func readable(mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeNamedPipe != 0:
		return errPipe
	case mode&fs.ModeSocket != 0:
		return errSocket
	case mode&fs.ModeDevice != 0:
		return errDevice
	}
	return errNoFile
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// isMail reports whether a file in a folder that is no Maildir is read, by its
// name: see [Walker.Messages].
func isMail(name string) bool {
	deleted := strings.HasPrefix(name, ",") && number(name[1:])
	return !hidden(name) && !deleted && !strings.HasSuffix(name, ".msf")
}

func join(dir, name string) string { return strings.TrimRight(dir, "/") + "/" + name }

// byName orders names by their bytes, but puts those that are numbers, as MH has
// them, first and by their value.
func byName[E fs.DirEntry](a, b E) int {
	x, y := a.Name(), b.Name()
	switch m, n := number(x), number(y); {
	case m && !n:
		return -1
	case n && !m:
		return 1
	case m && n && len(x) != len(y):
		return cmp.Compare(len(x), len(y))
	}
	return cmp.Compare(x, y)
}

func number(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}
