// Rfccheck fails on a citation of an RFC that rfc/index.tsv doesn't list, or of a
// section that the RFC doesn't have.
//
//	go run ./tools/rfccheck [FOLDER]
//
// It reads Go files, documents, rules and the registry's tables below FOLDER, which
// is the current one if not given. Of tests it reads the comments only, and of
// rules the sources and notes: what mail servers say may cite what it likes.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const indexFile = "rfc/index.tsv"

func main() {
	folder := "."
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	wrong, cited, err := check(os.DirFS(folder))
	if err == nil && cited == 0 {
		err = fmt.Errorf("no citation found below %s: is it nixie's repository?", folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rfccheck:", err)
		os.Exit(1)
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, w)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
	fmt.Printf("rfccheck: %d citations are right\n", cited)
}

// check returns what is wrong, as lines for people, and how many citations there are.
func check(tree fs.FS) (wrong []string, cited int, err error) {
	text, err := fs.ReadFile(tree, indexFile)
	if err != nil {
		return nil, 0, err
	}
	known, err := parseIndex(string(text))
	if err != nil {
		return nil, 0, err
	}
	err = fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || name == "bin" || len(name) > 1 && name[0] == '.' {
				return fs.SkipDir
			}
			return nil
		}
		part := partOf(path)
		if part == nil {
			return nil
		}
		text, err := fs.ReadFile(tree, path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, c := range citations(part(line)) {
				cited++
				if why := known.refuses(c); why != "" {
					wrong = append(wrong, fmt.Sprintf("%s:%d: %s", path, i+1, why))
				}
			}
		}
		return nil
	})
	return wrong, cited, err
}

// partOf returns what of a line in the file is read for citations; nil if none of
// the file is.
func partOf(path string) func(line string) string {
	switch {
	case path == indexFile:
		return nil
	case strings.HasSuffix(path, "_test.go"):
		return func(line string) string {
			_, comment, _ := strings.Cut(line, "//")
			return comment
		}
	case filepath.Ext(path) == ".rules":
		return func(line string) string {
			if strings.HasPrefix(line, "source:") || strings.HasPrefix(line, "note:") || strings.HasPrefix(line, "#") {
				return line
			}
			return ""
		}
	case filepath.Ext(path) == ".go", filepath.Ext(path) == ".md", filepath.Ext(path) == ".tsv":
		return func(line string) string { return line }
	}
	return nil
}
