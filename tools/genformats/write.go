package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie/bounce"
)

//go:embed intro.txt
var intro string

// Limits on what a cell of the table lists; the rest is counted.
const (
	maxMails = 3
	maxParts = 4 // of one kind of sign
)

// document returns the whole text.
func document(formats []bounce.Format, comments map[string]string, shown map[string][]string) string {
	var b strings.Builder
	b.WriteString(intro)
	names := map[string]bool{}
	file := ""
	for i := range formats {
		f := &formats[i]
		if f.Name == "" || names[f.Name] {
			continue
		}
		names[f.Name] = true
		if f.File != file {
			file = f.File
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", strings.TrimPrefix(file, "formats/"), comments[file])
			b.WriteString("| layout | what | kind | known by | source | shown by |\n|---|---|---|---|---|---|\n")
		}
		b.WriteString(row(f.Name, formats, shown[f.Name]))
	}
	fmt.Fprintf(&b, "\n%d layouts are described. A report that has the parts of its standard and fits none of them is called `rfc3464`, `rfc5965` or `rfc8098`.\n", len(names))
	return b.String()
}

// row returns the line of one layout, which may have several stanzas.
func row(name string, formats []bounce.Format, mails []string) string {
	var about, kinds, signs, sources []string
	add := func(list *[]string, text string) {
		if !slices.Contains(*list, text) {
			*list = append(*list, text)
		}
	}
	for i := range formats {
		f := &formats[i]
		if f.Name != name {
			continue
		}
		what, _, _ := strings.Cut(f.About, "; no mail of ours shows it")
		add(&about, what)
		add(&kinds, kind(f))
		add(&signs, known(f))
		add(&sources, f.Source)
	}
	cells := []string{"`" + name + "`", strings.Join(about, "; "), strings.Join(kinds, ", "), strings.Join(signs, "; or "), strings.Join(sources, "; "), few(mails, maxMails)}
	for i := range cells {
		cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// kind says what the messages of a layout are.
func kind(f *bounce.Format) string {
	k := string(f.Kind)
	if k == "" {
		k = string(bounce.DeliveryReport)
	}
	if f.Subtype != "" {
		k += " (" + f.Subtype + ")"
	}
	if f.Action != "" {
		k += ", " + string(f.Action)
	}
	return k
}

// known lists the signs of a stanza: one of each kind must be there.
func known(f *bounce.Format) string {
	var kinds []string
	for _, k := range []struct {
		name  string
		parts []string
	}{{"From", f.From}, {"Subject", f.Subject}, {"header", f.Header}, {"field", f.Field}, {"says", f.Says}} {
		if len(k.parts) == 0 {
			continue
		}
		quoted := make([]string, len(k.parts))
		for i, p := range k.parts {
			quoted[i] = "`" + p + "`"
		}
		kinds = append(kinds, k.name+" "+few(quoted, maxParts))
	}
	return strings.Join(kinds, "; and ")
}

// few joins the first of a list, and counts the others.
func few(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
