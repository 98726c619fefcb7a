package cli

import (
	"fmt"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/ianafile"
	"github.com/spf13/cobra"
)

func newCodesDiff(s Streams) *cobra.Command {
	var asJSON bool
	var colour string
	cmd := &cobra.Command{
		Use:   "diff [flags] OLD NEW",
		Short: "Compare two registries",
		Long: `diff says which codes were added, changed and removed between two registries.
OLD and NEW are files in any of the registry's published formats, or dates of
built-in snapshots. What a file does not have, such as descriptions, is not
compared. The exit code is 0 whether they differ or not.`,
		Example: `  nixie codes diff 2008-09-05 2024-12-06
  nixie codes diff --json 2024-12-06 newer.xml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return misuse("want two registries, OLD and NEW, not %d", len(args))
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return snapshotDates(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDiff(s, asJSON, colour, args[0], args[1])
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one object: added, changed, removed")
	cmd.Flags().StringVar(&colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	complete(cmd, "color", "auto", "always", "never")
	return cmd
}

func runDiff(s Streams, asJSON bool, colourFlag, oldName, newName string) error {
	colour, err := colourWanted(colourFlag, s)
	if err != nil {
		return err
	}
	old, err := openSide(s, oldName)
	if err != nil {
		return err
	}
	new, err := openSide(s, newName)
	if err != nil {
		return err
	}
	changes := ianafile.Diff(old, new)
	if asJSON {
		return writeJSON(s, newDiffJSON(changes))
	}
	p := newPage(s, colour)
	p.changes(changes)
	return p.flush()
}

// openSide reads one side of a comparison: a built-in snapshot, when name is a
// date, else a file.
func openSide(s Streams, name string) (*ianafile.File, error) {
	if _, err := time.Parse(time.DateOnly, name); err != nil {
		file, err := readRegistry(name)
		if err == nil {
			problemsOf(s, "nixie codes diff", file)
		}
		return file, err
	}
	r, remark, err := asOf(nixie.Builtin(), name)
	if err != nil {
		return nil, err
	}
	if r.Date() != name {
		note(s.Err, "nixie codes diff", "%s", remark)
	}
	return ianafile.FromRegistry(r), nil
}

func snapshotDates() []string {
	var dates []string
	for _, r := range nixie.Builtin().Snapshots() {
		dates = append(dates, r.Date())
	}
	return dates
}

// diffJSON is a comparison in JSON.
type diffJSON struct {
	Added   []ianafile.Row `json:"added"`
	Changed []changeJSON   `json:"changed"`
	Removed []ianafile.Row `json:"removed"`
}

type changeJSON struct {
	Code   string                      `json:"code"`
	Name   string                      `json:"name"`
	Fields map[ianafile.Field]sideJSON `json:"fields"`
}

type sideJSON struct {
	Old string `json:"old"`
	New string `json:"new"`
}

func newDiffJSON(c ianafile.Changes) diffJSON {
	d := diffJSON{Added: c.Added, Changed: []changeJSON{}, Removed: c.Removed}
	for _, change := range c.Changed {
		fields := make(map[ianafile.Field]sideJSON, len(change.Fields))
		for _, f := range change.Fields {
			fields[f.Field] = sideJSON{f.Old, f.New}
		}
		d.Changed = append(d.Changed, changeJSON{change.Code, change.Name, fields})
	}
	return d
}

// changes writes a comparison for people.
func (p *page) changes(c ianafile.Changes) {
	p.text(bold, fmt.Sprintf("%d added, %d changed, %d removed", len(c.Added), len(c.Changed), len(c.Removed)))
	p.rows("Added", green, c.Added)
	if len(c.Changed) > 0 {
		p.line()
		p.text(yellow, "Changed")
	}
	for _, change := range c.Changed {
		p.row(change.Code, bold, orElse(change.Name, "(no name)"))
		for _, f := range change.Fields {
			p.row("", plain, string(f.Field)+": "+orElse(f.Old, "(empty)"))
			p.row("", plain, "→ "+orElse(f.New, "(empty)"))
		}
	}
	p.rows("Removed", red, c.Removed)
}

func (p *page) rows(title string, s style, rows []ianafile.Row) {
	if len(rows) == 0 {
		return
	}
	p.line()
	p.text(s, title)
	for _, r := range rows {
		p.row(r.Code, plain, r.Name)
	}
}
