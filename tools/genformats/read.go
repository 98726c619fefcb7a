package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nixiemail/nixie/bounce"
)

// A mail is a message that may show a layout.
type mail struct {
	name string // without .eml
	text string
	read bounce.Result
}

// readMails reads the messages of a folder, in the order of their names.
func readMails(folder string) ([]mail, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no messages in %s: is it nixie's repository?", folder)
	}
	mails := make([]mail, 0, len(paths))
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".eml")
		mails = append(mails, mail{name, string(raw), bounce.Parse(string(raw))})
	}
	return mails, nil
}

// readComments returns what each file of layouts says of itself at its top.
func readComments(folder string, formats []bounce.Format) (map[string]string, error) {
	comments := map[string]string{}
	for _, f := range formats {
		if _, ok := comments[f.File]; ok {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(f.File)))
		if err != nil {
			return nil, err
		}
		var words []string
		for line := range strings.Lines(string(raw)) {
			text, ok := strings.CutPrefix(line, "#")
			if !ok {
				break
			}
			words = append(words, strings.Fields(text)...)
		}
		comments[f.File] = strings.Join(words, " ")
	}
	return comments, nil
}

// showing returns the names of the messages that show each layout, by its name.
func showing(formats []bounce.Format, mails []mail) (map[string][]string, error) {
	shown := map[string][]string{}
	for _, m := range mails {
		if m.read.Format != "" {
			shown[m.read.Format] = append(shown[m.read.Format], m.name)
		}
	}
	for _, f := range formats {
		if f.Kind != bounce.Other {
			continue
		}
		// Ordinary mail is read without a layout. The one layout alone, as one of
		// another kind, tells which messages have its signs.
		f.Kind = bounce.AutoReply
		r, err := bounce.New([]bounce.Format{f})
		if err != nil {
			return nil, err
		}
		for _, m := range mails {
			if m.read.Kind == bounce.Other && r.Parse(m.text).Format == f.Name {
				shown[f.Name] = append(shown[f.Name], m.name)
			}
		}
	}
	return shown, nil
}
