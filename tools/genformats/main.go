// Genformats writes docs/formats.md: the layouts of bounces that package bounce
// knows, what they are known by, and which messages of testdata/bounces show them.
//
//	go run ./tools/genformats
//	go run ./tools/genformats -check
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nixiemail/nixie/bounce"
)

// output is the document, below the repository's root.
const output = "docs/formats.md"

func main() {
	check := flag.Bool("check", false, "write nothing; fail when "+output+" is not current")
	dir := flag.String("dir", ".", "the repository's root")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "genformats: want no arguments; see -help")
		os.Exit(2)
	}
	if err := run(*dir, filepath.Join(*dir, output), *check, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "genformats:", err)
		os.Exit(1)
	}
}

// run writes the document of the repository at root to path or, for check,
// compares it and says on w where it first differs.
func run(root, path string, check bool, w io.Writer) error {
	formats, err := bounce.BuiltinFormats()
	if err != nil {
		return err
	}
	mails, err := readMails(filepath.Join(root, "testdata", "bounces"))
	if err != nil {
		return err
	}
	comments, err := readComments(filepath.Join(root, "bounce"), formats)
	if err != nil {
		return err
	}
	shown, err := showing(formats, mails)
	if err != nil {
		return err
	}
	want := document(formats, comments, shown)
	if !check {
		return os.WriteFile(path, []byte(want), 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if string(have) == want {
		return nil
	}
	firstDifference(w, string(have), want)
	return errors.New(output + " is not current: go run ./tools/genformats")
}

// firstDifference prints the first line that is not the same.
func firstDifference(w io.Writer, have, want string) {
	h, n := strings.Split(have, "\n"), strings.Split(want, "\n")
	for i := range max(len(h), len(n)) {
		if lineOf(h, i) != lineOf(n, i) {
			fmt.Fprintf(w, "%s:%d:\n- %s\n+ %s\n", output, i+1, lineOf(h, i), lineOf(n, i))
			return
		}
	}
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
