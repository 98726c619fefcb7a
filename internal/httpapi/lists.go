package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/suppression"
)

// A ListRow is a suppression as lists have it, in JSON or as a row of CSV.
type ListRow struct {
	Address string    `json:"address" doc:"or a domain, if target says so"`
	Target  string    `json:"target,omitempty" doc:"address or domain; address if left out"`
	Stream  string    `json:"stream,omitempty"`
	Reason  string    `json:"reason,omitempty" doc:"as in a verdict, or complaint"`
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Note    string    `json:"note,omitempty"`
	// The rest is written, and not read.
	State string `json:"state,omitempty" doc:"what is lifted or ended is not taken in"`
	Rule  string `json:"rule,omitempty"`
	By    string `json:"by,omitempty"`
	ID    string `json:"id,omitempty"`
}

func listRowOf(s *suppression.Listed) ListRow {
	row := ListRow{
		Address: s.Name, Target: string(s.Target), Stream: s.Stream, Reason: string(s.Reason), Since: s.Since, Until: s.Until, Note: s.Note,
		State: string(s.Now), Rule: s.Rule, By: s.By, ID: s.ID.String(),
	}
	if s.Rule == suppression.RuleComplaint {
		row.Reason = suppression.RuleComplaint // which says more: only consent lifts it
	}
	return row
}

type importInput struct {
	Source string `query:"source" default:"import" maxLength:"100" doc:"where the list is from; kept as who suppressed"`
	Stream string `query:"stream" default:"*" maxLength:"100" doc:"for the rows that name none; * for all"`
}

// Imported says what became of a list.
type Imported struct {
	Added   int          `json:"added"`
	Known   int          `json:"known" doc:"were suppressed by an import before, or come twice"`
	Skipped int          `json:"skipped" doc:"are lifted or ended"`
	Refused []RefusedRow `json:"refused" doc:"at most 1000 of them"`
	Ignored []string     `json:"ignored" doc:"columns that were not read"`
	Wrong   int          `json:"wrong" doc:"how many were refused"`
}

// A RefusedRow is one that was not taken in.
type RefusedRow struct {
	Row   int    `json:"row" doc:"from 1; a line of CSV's names is not counted"`
	Error string `json:"error"`
}

// MaxRefused is how many rows that were refused are named.
const MaxRefused = 1000

type importOutput struct{ Body Imported }

// importList takes in a list. What it holds may go to several streams.
func (a *api) importList(ctx context.Context, in *importInput) (*importOutput, error) {
	rows, ignored, err := readList(bodyOf(ctx))
	if err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, err.Error())
	}
	out := Imported{Refused: []RefusedRow{}, Ignored: texts(ignored)}
	streams := []string{in.Stream}
	places := map[string][]int{}
	for i := range rows {
		row := &rows[i]
		if row.State == string(suppression.Lifted) || row.State == string(suppression.Ended) {
			out.Skipped++
			continue
		}
		if row.Stream == "" {
			row.Stream = in.Stream
		}
		if !slices.Contains(streams, row.Stream) {
			streams = append(streams, row.Stream)
		}
		places[row.Stream] = append(places[row.Stream], i)
	}
	if len(streams) > MaxStreams {
		return nil, newProblem(http.StatusUnprocessableEntity, fmt.Sprintf("the list names %d streams, and %d is the most", len(streams), MaxStreams))
	}
	for _, stream := range streams {
		if err := a.importStream(ctx, in.Source, stream, rows, places[stream], &out); err != nil {
			return nil, a.problem(ctx, err)
		}
	}
	slices.SortFunc(out.Refused, func(a, b RefusedRow) int { return a.Row - b.Row })
	out.Refused = out.Refused[:min(len(out.Refused), MaxRefused)]
	return &importOutput{out}, nil
}

// MaxStreams is how many streams a list may name.
const MaxStreams = 100

// importStream takes in the rows at the given places.
func (a *api) importStream(ctx context.Context, source, stream string, rows []ListRow, places []int, out *Imported) error {
	if len(places) == 0 {
		return nil
	}
	list := suppression.List{Stream: stream, Source: a.by(ctx, source)}
	for _, i := range places {
		r := &rows[i]
		list.Rows = append(list.Rows, suppression.Row{
			Name: r.Address, Target: suppression.Target(r.Target), Reason: r.Reason, Since: r.Since, Until: r.Until, Note: r.Note,
		})
	}
	got, err := a.Suppressions.ImportSuppressions(ctx, list)
	if err != nil {
		return err
	}
	out.Added += got.Added
	out.Known += got.Known
	out.Wrong += len(got.Refused)
	for _, r := range got.Refused {
		out.Refused = append(out.Refused, RefusedRow{places[r.Row] + 1, cut(r.Err.Error())})
	}
	return nil
}

// readList reads a list in JSON or CSV, and returns the columns that it left out.
func readList(body []byte) (rows []ListRow, ignored []string, err error) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '[' {
		return readCSV(body)
	}
	if err := checkJSON(body); err != nil {
		return nil, nil, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&rows); err != nil {
		return nil, nil, fmt.Errorf("the list is wrong: %w", err)
	}
	if len(rows) > suppression.MaxRows {
		return nil, nil, tooManyRows()
	}
	return rows, nil, nil
}

func tooManyRows() error {
	return fmt.Errorf("the list has more than %d rows; divide it", suppression.MaxRows)
}

type exportInput struct {
	SuppressionFilter
	Format string `query:"format" default:"csv" enum:"csv,json"`
}

type exportOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        func(huma.Context)
}

// exportList writes the list as it is read. When that fails half-way it breaks off.
func (a *api) exportList(ctx context.Context, in *exportInput) (*exportOutput, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	if len(f.States) == 0 {
		f.States = []suppression.State{suppression.Active}
	}
	f.Limit = 1
	if _, err := a.Suppressions.Suppressions(ctx, f); err != nil { // while it can still be answered so
		return nil, a.problem(ctx, err)
	}
	out := &exportOutput{ContentType: typeCSV + "; charset=utf-8", Disposition: `attachment; filename="suppressions.csv"`}
	write := writeCSV
	if in.Format == "json" {
		out.ContentType, out.Disposition, write = typeJSON, `attachment; filename="suppressions.json"`, writeRows
	}
	out.Body = func(hc huma.Context) {
		err := write(hc.BodyWriter(), func(yield func(*ListRow) error) error {
			for s, err := range a.Suppressions.ExportSuppressions(ctx, f) {
				if err != nil {
					return err
				}
				row := listRowOf(&s)
				if err := yield(&row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			a.logOf(ctx).Error("an export broke off", "err", err)
			abort()
		}
	}
	return out, nil
}

// abort breaks the connection off: a list that ends early must not look whole. It is
// the way that net/http has for this.
func abort() { panic(http.ErrAbortHandler) }

// writeRows writes a list as JSON.
func writeRows(w io.Writer, each func(func(*ListRow) error) error) error {
	begin := "[\n"
	err := each(func(row *ListRow) error {
		text, err := json.Marshal(row)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s%s", begin, text)
		}
		begin = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	if begin == "[\n" {
		_, err = io.WriteString(w, "[]\n")
	} else {
		_, err = io.WriteString(w, "\n]\n")
	}
	return err
}

func (a *api) listOperations() {
	op := a.operation(http.MethodPost, "/suppressions/import", "import-suppressions", "Take in a list from elsewhere", auth.Suppress)
	op.Description = "CSV with a line of names, of which address is needed; or a JSON array of objects. Names and cells are as in the export. " +
		"A row that is wrong keeps no other out. The same list taken in twice changes nothing."
	a.takes(&op, MaxImportBody, typeCSV, typeJSON)
	huma.Register(a.huma, op, a.importList)
	a.rawBody(op.Path, "the list", typeCSV, typeJSON)

	op = a.operation(http.MethodGet, "/suppressions/export", "export-suppressions", "The list as CSV or JSON", auth.Read)
	op.Description = "Those that hold now, unless state says otherwise. A cell of CSV that a spreadsheet could take for a formula, " +
		"or that begins with ', has a ' before it, which the import takes off."
	op.Responses = map[string]*huma.Response{"200": {Description: "The list", Content: map[string]*huma.MediaType{
		typeCSV: {Schema: &huma.Schema{Type: huma.TypeString}}, typeJSON: {Schema: &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}}},
	}}}
	huma.Register(a.huma, op, a.exportList)
}
