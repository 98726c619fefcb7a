package ianafile

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// rootElement returns the name of the first element, "" if there is none.
func rootElement(text string) string {
	d := lenient(text)
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local
		}
	}
}

// lenient returns a decoder that also takes HTML's entities and void elements.
func lenient(text string) *xml.Decoder {
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	return d
}

// An xmlReader goes through IANA's XML, registries with records within them.
type xmlReader struct {
	draft
	dec     *xml.Decoder
	path    []string        // the elements around, by their names
	rec     *record         // the record around, nil outside
	cell    strings.Builder // the text of the record's element, or of created, updated, note
	xref    string          // the data of the xref last begun
	mark    int             // where in cell its text begins
	unknown map[string]bool // elements of records already complained of
}

// readXML reads https://www.iana.org/assignments/smtp-enhanced-status-codes as
// XML. Every element directly in a record is a column.
func readXML(text string) (*draft, error) {
	r := &xmlReader{dec: xml.NewDecoder(strings.NewReader(text)), unknown: map[string]bool{}}
	for {
		token, err := r.dec.Token()
		if err == io.EOF {
			return &r.draft, nil
		}
		line, _ := r.dec.InputPos()
		if err != nil {
			return nil, syntaxError(line, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			err = r.start(line, t)
		case xml.EndElement:
			err = r.end(line)
		case xml.CharData:
			if r.rec != nil || len(r.path) >= 2 {
				r.cell.Write(t)
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *xmlReader) start(line int, e xml.StartElement) error {
	name := e.Name.Local
	if len(r.path) == MaxDepth {
		return &ReadError{Line: line, Err: ErrDepth}
	}
	r.path = append(r.path, name)
	switch {
	case r.rec == nil && name == "record":
		r.rec = &record{Row: Row{Line: line}}
	case r.rec != nil:
		if r.path[len(r.path)-2] == "record" {
			r.cell.Reset()
		}
		if name == "xref" {
			r.xref, r.mark = xrefData(e), r.cell.Len()
		} else {
			r.cell.WriteByte(' ') // <br/> and the like part words
		}
	case len(r.path) == 2:
		r.cell.Reset()
	}
	return nil
}

// xrefData returns what an xref points to, as IANA's pages write it.
func xrefData(e xml.StartElement) string {
	var kind, data string
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "type":
			kind = a.Value
		case "data":
			data = a.Value
		}
	}
	switch kind {
	case "rfc":
		return strings.ToUpper(data)
	case "person":
		return strings.ReplaceAll(data, "_", " ")
	}
	return data
}

func (r *xmlReader) end(line int) error {
	name := r.path[len(r.path)-1]
	r.path = r.path[:len(r.path)-1]
	if r.rec == nil {
		if len(r.path) == 1 {
			r.remark(name)
		}
		return nil
	}
	if name == "xref" {
		if err := r.endReference(line); err != nil {
			return err
		}
	}
	switch {
	case name == "record":
		r.columns |= r.rec.has
		r.records = append(r.records, *r.rec)
		r.rec = nil
		r.cell.Reset()
		return r.checkRows(line)
	case r.path[len(r.path)-1] == "record":
		r.column(line, name)
		r.cell.Reset()
	}
	return nil
}

// remark takes the text of an element directly in the outermost registry.
func (r *xmlReader) remark(name string) {
	switch name {
	case "created":
		r.created = r.cell.String()
	case "updated":
		r.updated = r.cell.String()
	case "note":
		r.note = r.cell.String()
	}
}

// column takes the text of an element directly in a record.
func (r *xmlReader) column(line int, name string) {
	f, known := fieldOf(name)
	text := collapse(r.cell.String())
	switch {
	case !known:
		if !r.unknown[name] {
			r.problem(line, "the element %.40q is not known: it was left out", name)
		}
		r.unknown[name] = true
	case r.rec.has.Has(f): // two <xref> side by side
		r.rec.set(f, r.rec.cell(f)+"; "+text)
	default:
		r.rec.set(f, text)
	}
}

// endReference puts the xref that ends into brackets: its own text, or where
// it points to when it has none.
func (r *xmlReader) endReference(line int) error {
	all := r.cell.String()
	if len(all) > MaxCell {
		return &ReadError{Line: line, Err: ErrCell}
	}
	mark := min(r.mark, len(all)) // an xref in an xref moved it
	text := collapse(all[mark:])
	if text == "" {
		text = r.xref
	}
	r.cell.Reset()
	r.cell.WriteString(all[:mark] + "[" + text + "]")
	return nil
}

var xrefForm = regexp.MustCompile(`\[(RFC\d+|draft-[a-z0-9-]+)\]`)

// writeXML writes IANA's layout.
func writeXML(w io.Writer, f *File) error {
	fmt.Fprintf(w, "%s<registry xmlns=\"http://www.iana.org/assignments\" id=\"smtp-enhanced-status-codes\">\n", xml.Header)
	fmt.Fprintf(w, "  <title>%s</title>\n", registryTitle)
	for _, m := range []struct{ name, text string }{{"created", f.Created}, {"updated", f.Updated}, {"note", f.Note}} {
		if m.text != "" {
			fmt.Fprintf(w, "  <%s>%s</%s>\n", m.name, escapeXML(m.text), m.name)
		}
	}
	for i, t := range Tables() {
		if len(f.Table(t)) == 0 {
			continue
		}
		fmt.Fprintf(w, "  <registry id=\"smtp-enhanced-status-codes-%d\">\n    <title>%s</title>\n", i+1, t.title())
		for _, r := range f.Table(t) {
			io.WriteString(w, "    <record>\n")
			for _, c := range f.written(t) {
				text := escapeXML(r.written(c))
				if c == FieldReference {
					text = xrefForm.ReplaceAllStringFunc(text, writtenReference)
				}
				name := c.element(t)
				fmt.Fprintf(w, "      <%s>%s</%s>\n", name, text, name)
			}
			io.WriteString(w, "    </record>\n")
		}
		io.WriteString(w, "  </registry>\n")
	}
	_, err := io.WriteString(w, "</registry>\n")
	return err
}

// writtenReference turns "[RFC3463]" into IANA's element for it.
func writtenReference(s string) string {
	data := strings.Trim(s, "[]")
	if strings.HasPrefix(data, "RFC") {
		return fmt.Sprintf(`<xref type="rfc" data="%s"/>`, strings.ToLower(data))
	}
	return fmt.Sprintf(`<xref type="draft" data="%s"/>`, data)
}

// element is the name of a column's element in IANA's XML.
func (f Field) element(t Table) string {
	switch f {
	case FieldName:
		if t == TableCodes {
			return "sample"
		}
		return "summary"
	case FieldReplyCodes:
		return "basic_code"
	}
	return string(f)
}

func escapeXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}
