package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/spf13/cobra"
)

func newSuppressionsImport(s Streams) *cobra.Command {
	var f serviceFlags
	var by byFlag
	var source, stream string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "import [flags] FILE",
		Short: "Take in a list from elsewhere",
		Long: `import takes in a list of whom not to mail: CSV whose first line names the
columns, or a JSON array of objects with the same names. address is needed;
target (address or domain), stream, reason, since, until and note are read as
well. A row whose state is lifted or ended is passed over. FILE is - for
standard input.

A reason that is none of a verdict's is kept in the note; complaint is one,
which only consent lifts. In CSV a ' at the beginning of a cell is taken off if
what follows it is one of = + - @ ' tab or return, as export has put it there.

The same list taken in twice changes nothing. A row that is wrong keeps no other
out; it is named, and the exit code is then 1.`,
		Example: `  nixie suppressions import suppressed.csv --source sendgrid
  nixie suppressions export --json --data old | nixie suppressions import --data new -`,
		Args: oneArg("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := readList(args[0], s.In)
			if err != nil {
				return err
			}
			if source == "" {
				source = filepath.Base(args[0])
				if args[0] == "-" {
					source = "import"
				}
			}
			q := url.Values{"source": {source + ", by " + by.name(s)}}
			if stream != "" {
				q.Set("stream", stream)
			}
			return f.with(s, true, func(ctx context.Context, v *service) error {
				got, err := v.importList(ctx, q, list)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return printImported(s, args[0], got, asJSON)
			})
		},
	}
	f.add(cmd)
	by.add(cmd)
	cmd.Flags().StringVar(&source, "source", "", "the list is from `NAME`; the file's name if left out")
	cmd.Flags().StringVar(&stream, "stream", "", "rows that name no stream are for `STREAM`; for all if left out")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	return cmd
}

// readList reads a list whole.
func readList(name string, stdin io.Reader) ([]byte, error) {
	r, err := open(name, stdin)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	list, err := io.ReadAll(io.LimitReader(r, httpapi.MaxImportBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", name, withoutName(err))
	case len(list) > httpapi.MaxImportBody:
		return nil, fmt.Errorf("%s is longer than %d MiB; divide it", name, httpapi.MaxImportBody>>20)
	case len(bytes.TrimSpace(list)) == 0:
		return nil, fmt.Errorf("%s is empty", name)
	}
	return list, nil
}

func (v *service) importList(ctx context.Context, q url.Values, list []byte) (*httpapi.Imported, error) {
	contentType := "text/csv"
	if isJSON(list) {
		contentType = "application/json"
	}
	res, err := v.do(ctx, http.MethodPost, "/suppressions/import", q, contentType, bytes.NewReader(list))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var got httpapi.Imported
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&got); err != nil {
		return nil, fmt.Errorf("reading the service's answer: %w", err)
	}
	return &got, nil
}

// isJSON reports whether a list begins as an array does.
func isJSON(list []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(list, " \t\r\n"), []byte("[")) }

func printImported(s Streams, name string, got *httpapi.Imported, asJSON bool) error {
	for _, column := range got.Ignored {
		note(s.Err, "nixie suppressions import", "%s: the column %q was not read", name, column)
	}
	for _, r := range got.Refused {
		note(s.Err, "nixie suppressions import", "%s: row %d: %s", name, r.Row, r.Error)
	}
	var err error
	if asJSON {
		err = newEncoder(s.Out).Encode(got)
	} else {
		_, err = fmt.Fprintf(s.Out, "%s: %d added, %d known, %d no longer holding, %d wrong\n", visibleLine(name), got.Added, got.Known, got.Skipped, got.Wrong)
	}
	if err == nil && got.Wrong > 0 {
		err = errQuiet
	}
	return err
}

func newSuppressionsExport(s Streams) *cobra.Command {
	var f suppressionFlags
	cmd := &cobra.Command{
		Use:   "export [flags]",
		Short: "Write the list as CSV or JSON",
		Long: `export writes the list as CSV with a line of names, or with --json as a JSON
array: what holds, unless --all or --state says otherwise. nixie suppressions
import reads both.

In CSV a ' is put before a cell that begins with = + - @ ' tab or return, so
that no spreadsheet takes what somebody else wrote for a formula; import takes
it off again.`,
		Example: `  nixie suppressions export > suppressed.csv
  nixie suppressions export --json --rule bad-address,bad-domain`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			format := "csv"
			if f.asJSON {
				format = "json"
			}
			return f.with(s, false, func(ctx context.Context, v *service) error { return v.export(ctx, s, q, format) })
		},
	}
	f.add(cmd, "write a JSON array, rather than CSV")
	return cmd
}

// export writes the list as the service does, line by line. What would act on a
// terminal is made visible: always in JSON, where it means the same, else where
// there is one.
func (v *service) export(ctx context.Context, s Streams, q url.Values, format string) error {
	q.Set("format", format)
	res, err := v.do(ctx, http.MethodGet, "/suppressions/export", q, "", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out := bufio.NewWriter(s.Out)
	lines := bufio.NewReader(res.Body)
	for {
		line, err := lines.ReadBytes('\n')
		switch {
		case format == "json":
			_, _ = visibleJSON{out}.Write(line) // Flush tells
		case isTerminal(s.Out):
			_, _ = out.WriteString(visible(string(line)))
		default:
			_, _ = out.Write(line)
		}
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("the list broke off, it is not whole: %w", err), out.Flush())
		}
	}
}
