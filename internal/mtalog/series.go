package mtalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// maxSiblings is how many rotated files of one log are looked through.
	maxSiblings = 4096
	// maxSnapshots is how often in turn a folder is read until it stays the same.
	maxSnapshots = 10
	// maxGeneration is how many digits the number of a rotated file may have; more
	// are a date.
	maxGeneration = 3
)

// A sibling is one file of a log: the live one or one that was rotated away.
type sibling struct {
	path string
	info fs.FileInfo
	mark mark
}

// A series is the files of a log, the oldest first and the live one last.
type series struct {
	files []sibling
	live  bool // the last one is the live file
	// hidden says why rotated files could not be listed, if that is so.
	hidden error
	// others have names like rotated files' that don't tell their age.
	others []sibling
}

// readSeries returns the files of a log. It reads the folder until that stays as
// it is: files that are being renamed may else be missed, or seen twice.
func readSeries(path string) (series, error) {
	last, err := readFolders(path)
	for range maxSnapshots {
		var again series
		if err == nil {
			again, err = readFolders(path)
		}
		if err != nil {
			return series{}, err
		}
		if last.equal(again) {
			return last, nil
		}
		last = again
	}
	return series{}, fmt.Errorf("%s: its files are being renamed all the time", path)
}

func (s series) equal(t series) bool {
	same := func(a, b sibling) bool { return a.path == b.path && os.SameFile(a.info, b.info) }
	return s.live == t.live && slices.EqualFunc(s.files, t.files, same) && slices.EqualFunc(s.others, t.others, same)
}

// readFolders looks beside the path and, if it is a symbolic link, beside the file too.
func readFolders(path string) (series, error) {
	var s series
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return series{}, err
	}
	beside := filepath.Join(folder, filepath.Base(path))
	if err := s.addRotated(beside); err != nil {
		return series{}, err
	}
	target, err := filepath.EvalSymlinks(path)
	if err == nil && target != beside {
		if err := s.addRotated(target); err != nil {
			return series{}, err
		}
	}
	s.order()
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		// A link to a rotated file's name makes it no rotated file.
		isLive := func(f sibling) bool { return os.SameFile(f.info, info) }
		s.files = slices.DeleteFunc(s.files, isLive)
		s.others = slices.DeleteFunc(s.others, isLive)
		s.files, s.live = append(s.files, sibling{path, info, mark{kind: liveMark}}), true
	}
	return s, nil
}

// addRotated adds the rotated files of a path.
func (s *series) addRotated(path string) error {
	folder, base := filepath.Split(path)
	dir, err := os.Open(folder)
	if errors.Is(err, fs.ErrPermission) {
		s.hidden = err // what is known by name can still be read
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(maxSiblings)
		for _, e := range entries {
			if m, ok := markOf(base, e.Name()); ok {
				s.add(filepath.Join(folder, e.Name()), e, m)
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case len(s.files)+len(s.others) > maxSiblings:
			return fmt.Errorf("%s: more than %d rotated files: move old ones away", path, maxSiblings)
		}
	}
}

func (s *series) add(path string, e fs.DirEntry, m mark) {
	info, err := e.Info()
	if err != nil || !info.Mode().IsRegular() {
		return // it has gone, or is a link or a folder
	}
	f := sibling{path, info, m}
	if m.kind == unknown {
		s.others = append(s.others, f)
	} else {
		s.files = append(s.files, f)
	}
}

// order sorts the rotated files by age, and leaves out the compressed one of two
// that are the same: it is not complete before the other is gone.
func (s *series) order() {
	s.others, s.files = unique(s.others), unique(s.files)
	plain := make(map[string]bool)
	for _, f := range s.files {
		if !f.mark.packed {
			plain[f.mark.text] = true
		}
	}
	var byNumber, byDate []sibling
	yearFirst := true
	for _, f := range s.files {
		switch {
		case f.mark.packed && plain[f.mark.text]:
		case f.mark.kind == numbered:
			byNumber = append(byNumber, f)
		default:
			byDate = append(byDate, f)
			yearFirst = yearFirst && f.mark.yearFirst()
		}
	}
	slices.SortStableFunc(byNumber, func(a, b sibling) int { return cmp.Compare(b.mark.number, a.mark.number) })
	slices.SortStableFunc(byDate, func(a, b sibling) int {
		if yearFirst {
			return cmp.Compare(a.mark.text, b.mark.text)
		}
		return a.info.ModTime().Compare(b.info.ModTime())
	})
	// Both kinds: the administrator has changed from one to the other.
	if newest(byNumber).Before(newest(byDate)) {
		s.files = append(byNumber, byDate...)
	} else {
		s.files = append(byDate, byNumber...)
	}
}

// unique sorts files by name and drops those that were found from two paths.
func unique(files []sibling) []sibling {
	slices.SortFunc(files, func(a, b sibling) int { return cmp.Compare(a.path, b.path) })
	return slices.CompactFunc(files, func(a, b sibling) bool { return a.path == b.path })
}

func newest(files []sibling) time.Time {
	var t time.Time
	for _, f := range files {
		if m := f.info.ModTime(); m.After(t) {
			t = m
		}
	}
	return t
}

// find returns the file of a position, and how it was missed if there is none:
// err names the files that could not be looked into.
func (s series) find(p Position) (f sibling, ok bool, err error) {
	all := slices.Concat(s.others, s.files)
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b sibling) int { return cmp.Compare(p.nearness(b.info), p.nearness(a.info)) })
	var short *sibling
	failed := []error{s.hidden}
	for _, f := range all {
		if p.Print.Size == 0 {
			// Nothing had been written to it: only its identity can tell it.
			if p.nearness(f.info) == sameFile && f.info.Size() >= p.Offset {
				return f, true, nil
			}
			continue
		}
		fits, err := f.fits(p.Print)
		switch {
		case err != nil:
			failed = append(failed, err)
		case fits && (f.mark.packed || f.info.Size() >= p.Offset):
			return f, true, nil
		case fits && short == nil:
			short = &f // a copy made before the last lines that were read
		}
	}
	if short != nil {
		return *short, true, nil
	}
	return sibling{}, false, errors.Join(failed...)
}

// How near a file is to that of a position.
const (
	otherFile = iota
	sameInode // device numbers may change when the machine starts anew
	sameFile
)

func (p Position) nearness(info fs.FileInfo) int {
	device, inode := identity(info)
	switch {
	case inode == 0 || inode != p.Inode:
		return otherFile
	case device != p.Device:
		return sameInode
	}
	return sameFile
}

// fits reports whether the file begins as the print says.
func (f sibling) fits(p Print) (bool, error) {
	l, err := openLog(f.path, f.mark.kind == liveMark)
	if err != nil {
		return false, err
	}
	defer l.close()
	head, err := l.begins()
	if p.fits(head) {
		return true, nil // what comes after may be damaged
	}
	return false, err
}

// hasLine reports whether the file's first bytes hold a line, or all of them are there.
func (f sibling) hasLine() (bool, error) {
	l, err := openLog(f.path, true)
	if err != nil {
		return false, err
	}
	defer l.close()
	return len(l.head) == maxPrint || bytes.IndexByte(l.head, '\n') >= 0, nil
}

// newer returns what was written after the file l, which was read to p: the
// oldest first.
func (s series) newer(l *logFile, p Position) []sibling {
	is := func(info fs.FileInfo) bool { return os.SameFile(info, l.info) }
	at := slices.IndexFunc(s.files, func(f sibling) bool { return is(f.info) })
	if at < 0 {
		if f, ok, _ := s.find(p); ok {
			at = slices.IndexFunc(s.files, func(g sibling) bool { return g.path == f.path })
		}
	}
	if at >= 0 {
		return s.files[at+1:]
	}
	// Its name doesn't tell, or it was deleted as the oldest one.
	written := l.info.ModTime()
	if info, err := l.file.Stat(); err == nil {
		written = info.ModTime()
	}
	at = slices.IndexFunc(s.files, func(f sibling) bool {
		return f.mark.kind == liveMark || !f.info.ModTime().Before(written)
	})
	if at < 0 {
		return nil
	}
	return s.files[at:]
}
