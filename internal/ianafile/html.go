package ianafile

import (
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"strings"
)

// An htmlReader goes through the tables of a page, IANA's or our own, and the
// list of its dates.
type htmlReader struct {
	draft
	depth int
	text  strings.Builder // of the cell or list item around
	skip  int             // script and style elements around
	h     heading         // of the table around, nil before its first row
	cells []string        // of the row around
	line  int             // where that row began
	term  string          // the last <dt>
}

// readHTML reads every table whose heading has a code column.
func readHTML(text string) (*draft, error) {
	var r htmlReader
	dec := lenient(text)
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return &r.draft, nil
		}
		line, _ := dec.InputPos()
		if err != nil {
			return nil, syntaxError(line, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = r.start(line, strings.ToLower(t.Name.Local))
		case xml.EndElement:
			err = r.end(line, strings.ToLower(t.Name.Local))
		case xml.CharData:
			if r.skip == 0 {
				r.text.Write(t)
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *htmlReader) start(line int, name string) error {
	if r.depth == MaxDepth {
		return &ReadError{Line: line, Err: ErrDepth}
	}
	r.depth++
	switch name {
	case "table":
		r.h = nil
	case "tr":
		r.cells, r.line = nil, line
	case "td", "th", "dt", "dd":
		r.text.Reset()
	case "br", "p":
		r.text.WriteByte(' ')
	case "script", "style":
		r.skip++
	}
	return nil
}

func (r *htmlReader) end(line int, name string) error {
	r.depth--
	switch name {
	case "td", "th":
		r.cells = append(r.cells, r.text.String())
		return checkColumns(line, len(r.cells))
	case "tr":
		r.row()
		return r.checkRows(line)
	case "table":
		r.h = nil
	case "dt":
		r.term = strings.ToLower(collapse(r.text.String()))
	case "dd":
		r.item(r.text.String())
	case "script", "style":
		r.skip--
	}
	return nil
}

// row takes the first row of a table as its heading.
func (r *htmlReader) row() {
	switch {
	case len(r.cells) == 0:
	case r.h == nil:
		r.h, _ = r.readHeading(r.line, r.cells)
		if r.h == nil {
			r.h = heading{} // another table: its rows are passed over
		}
	case len(r.h) > 0:
		r.record(r.line, r.h, r.cells)
	}
	r.cells = nil
}

func (r *htmlReader) item(text string) {
	switch r.term {
	case "created":
		r.created = text
	case "last updated":
		r.updated = text
	case "note":
		r.note = text
	}
}

const htmlHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<title>%[1]s</title>
<style>
body { font-family: sans-serif; margin: 2em }
table { border-collapse: collapse; margin-bottom: 2em }
caption { font-weight: bold; text-align: left; padding: 0.5em 0 }
th, td { border: 1px solid; padding: 0.3em 0.5em; text-align: left; vertical-align: top }
tr.deprecated { text-decoration: line-through }
</style>
</head>
<body>
<h1>%[1]s</h1>
`

// writeHTML writes a page that is also well-formed XML.
func writeHTML(w io.Writer, f *File) error {
	fmt.Fprintf(w, htmlHead, registryTitle)
	io.WriteString(w, "<dl>\n")
	for _, m := range []struct{ term, text string }{{"Created", f.Created}, {"Last Updated", f.Updated}, {"Note", f.Note}} {
		if m.text != "" {
			fmt.Fprintf(w, "<dt>%s</dt><dd>%s</dd>\n", m.term, html.EscapeString(m.text))
		}
	}
	io.WriteString(w, "</dl>\n")
	for i, t := range Tables() {
		if len(f.Table(t)) == 0 {
			continue
		}
		fmt.Fprintf(w, "<table id=\"table-smtp-enhanced-status-codes-%d\">\n<caption>%s</caption>\n", i+1, t.title())
		writeHTMLTable(w, f, t)
		io.WriteString(w, "</tbody>\n</table>\n")
	}
	_, err := io.WriteString(w, "</body>\n</html>\n")
	return err
}

func writeHTMLTable(w io.Writer, f *File, t Table) {
	columns := f.written(t)
	io.WriteString(w, "<thead>\n<tr>")
	for _, c := range columns {
		fmt.Fprintf(w, "<th>%s</th>", c.label(t))
	}
	io.WriteString(w, "</tr>\n</thead>\n<tbody>\n")
	for _, r := range f.Table(t) {
		class := ""
		if r.Deprecated {
			class = ` class="deprecated"`
		}
		fmt.Fprintf(w, "<tr%s>", class)
		for _, c := range columns {
			fmt.Fprintf(w, "<td>%s</td>", html.EscapeString(r.written(c)))
		}
		io.WriteString(w, "</tr>\n")
	}
}
