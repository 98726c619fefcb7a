package order

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/nixiemail/nixie"
)

// A Real is what a real receiver, or a server's software, says in one case.
type Real struct {
	Receiver  string // as package verdict names it, or a server's software: "gmail", "postfix"
	Name      string // of the case: "over-quota"
	Stage     Stage  // where it is said
	ReplyCode int
	Code      nixie.Code // zero if it is said without one
	Reason    string     // what it means, as package verdict names reasons: "mailbox-full"
	Lines     []string   // its words, with places for [Expand] to fill
	Source    string     // where the words are known from
}

//go:embed words/*.tsv
var realFiles embed.FS

// RealWords returns all that can be asked for as receiver/name, sorted by both. The
// caller must not change them.
func RealWords() []Real {
	list, _ := builtinReal() // a test shows that what is embedded has no error
	return list
}

var builtinReal = sync.OnceValues(func() ([]Real, error) { return readReal(realFiles) })

// realHeads are what the names of receivers begin with, as [realHead] cuts it.
var realHeads = sync.OnceValue(func() map[string]bool {
	heads := map[string]bool{}
	for _, r := range RealWords() {
		heads[realHead(r.Receiver)] = true
	}
	return heads
})

// realHead is s as far as the first hyphen or slash.
func realHead(s string) string {
	if i := strings.IndexAny(s, "-/"); i >= 0 {
		return s[:i]
	}
	return s
}

// beginsReal reports whether s may begin with the name of a receiver. Most names don't.
func beginsReal(s string) bool { return realHeads()[realHead(s)] }

// realColumns are the columns of words/*.tsv.
const realColumns = "receiver\tname\tstage\treply_code\tcode\treason\twords\tsource"

// readReal reads all tables of words. It returns the rows that are right, and an error
// that names each of the others.
func readReal(files fs.FS) ([]Real, error) {
	names, err := fs.Glob(files, "words/*.tsv")
	if err != nil {
		return nil, err
	}
	var list []Real
	var wrong []error
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if strings.HasPrefix(line, "#") || line == realColumns {
				continue
			}
			r, err := parseReal(line)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s:%d: %w", name, i+1, err))
				continue
			}
			list = append(list, r)
		}
	}
	slices.SortFunc(list, compareReal)
	for i := 1; i < len(list); i++ {
		if compareReal(list[i-1], list[i]) == 0 {
			wrong = append(wrong, fmt.Errorf("%s/%s stands twice; give one another name", list[i].Receiver, list[i].Name))
		}
	}
	return list, errors.Join(wrong...)
}

func compareReal(a, b Real) int {
	if c := strings.Compare(a.Receiver, b.Receiver); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// parseReal reads a row.
func parseReal(line string) (Real, error) {
	cells := strings.Split(line, "\t")
	if len(cells) != strings.Count(realColumns, "\t")+1 {
		return Real{}, fmt.Errorf("%d cells; want %s", len(cells), strings.ReplaceAll(realColumns, "\t", ", "))
	}
	r := Real{
		Receiver: cells[0], Name: cells[1], Stage: Stage(cells[2]), ReplyCode: number(cells[3]),
		Reason: cells[5], Lines: strings.Split(cells[6], `\n`), Source: cells[7],
	}
	switch {
	case r.Receiver == "" || r.Name == "" || !alphabetic(r.Receiver+r.Name) || strings.ContainsAny(r.Receiver+r.Name, "~%_+&/"):
		return Real{}, fmt.Errorf("%s/%s: want letters, digits, dots and hyphens", r.Receiver, r.Name)
	case strings.Contains("-"+r.Name+"-", "-and-"):
		return Real{}, fmt.Errorf("%s/%s: -and- joins orders; want another name", r.Receiver, r.Name)
	case !slices.Contains(Stages(), r.Stage):
		return Real{}, fmt.Errorf("%s/%s: %q is no stage", r.Receiver, r.Name, r.Stage)
	case r.Source == "" || r.Reason == "":
		return Real{}, fmt.Errorf("%s/%s: no source, or no reason", r.Receiver, r.Name)
	}
	if cells[4] != "" {
		code, err := nixie.ParseCode(cells[4])
		if err != nil {
			return Real{}, fmt.Errorf("%s/%s: %w", r.Receiver, r.Name, err)
		}
		r.Code = code
	}
	if _, err := nixie.NewReply(r.ReplyCode, r.Code, r.Lines...); err != nil {
		return Real{}, fmt.Errorf("%s/%s: %w", r.Receiver, r.Name, err)
	}
	return r, nil
}

// findReal returns the words whose name s begins with, the longest such; nil if none.
// sep stands between receiver and name.
func findReal(s, sep string) *Real {
	list := RealWords()
	var best *Real
	for i := range list {
		r := &list[i]
		after, ok := strings.CutPrefix(s, r.Receiver)
		if !ok || best != nil && len(r.Receiver)+len(r.Name) <= len(best.Receiver)+len(best.Name) {
			continue
		}
		if after, ok = strings.CutPrefix(after, sep+r.Name); ok && atMark(after) {
			best = r
		}
	}
	return best
}

// namesOf returns the names of what a receiver says here, nil if nothing.
func namesOf(receiver string) []string {
	var names []string
	for _, r := range RealWords() {
		if r.Receiver == receiver {
			names = append(names, r.Name)
		}
	}
	return names
}

// asked returns the stage at which an address gets these words if it names none: a
// greeting is said before anybody has given an address.
func (r *Real) asked() Stage {
	if r.Stage == Connect {
		return ""
	}
	return r.Stage
}
