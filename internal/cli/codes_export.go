package cli

import (
	"fmt"
	"slices"

	"github.com/nixiemail/nixie/internal/ianafile"
	"github.com/spf13/cobra"
)

func newCodesExport(s Streams) *cobra.Command {
	var from registryFlags
	var format, table string
	cmd := &cobra.Command{
		Use:   "export [flags]",
		Short: "Write the registry in one of its published formats",
		Long: `export writes the registry in the registry's own columns. CSV is one table,
the codes unless --table says another; the other formats have all three.`,
		Example: `  nixie codes export --format xml > registry.xml
  nixie codes export --format csv --table subjects
  nixie codes export --format json --registry newer.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExport(s, &from, ianafile.Format(format), ianafile.Table(table))
		},
	}
	cmd.Flags().StringVar(&format, "format", "csv", "write `FORMAT`: csv, xml, html, text or json")
	cmd.Flags().StringVar(&table, "table", "", "write only this `TABLE`: codes, subjects or classes")
	complete(cmd, "format", words(ianafile.Formats())...)
	complete(cmd, "table", words(ianafile.Tables())...)
	from.add(cmd)
	return cmd
}

func runExport(s Streams, from *registryFlags, format ianafile.Format, table ianafile.Table) error {
	if !slices.Contains(ianafile.Formats(), format) {
		return misuse("--format: %q is no format; there are %v", format, ianafile.Formats())
	}
	if table != "" && !slices.Contains(ianafile.Tables(), table) {
		return misuse("--table: %q is no table; there are %v", table, ianafile.Tables())
	}
	file, remark, err := from.openFile()
	if err != nil {
		return err
	}
	if remark != "" {
		note(s.Err, "nixie codes export", "%s", remark)
	}
	if table == "" && format == ianafile.FormatCSV {
		table = ianafile.TableCodes
	}
	if table != "" {
		file = file.Only(table)
	}
	return ianafile.Write(s.Out, file, format)
}

// openFile returns the registry as a file: the one that --registry names as it
// stands, else the built-in one.
func (f *registryFlags) openFile() (file *ianafile.File, remark string, err error) {
	if len(f.overlays) > 0 {
		return nil, "", misuse("--overlay: vendor codes have no place in the registry's formats; leave it out")
	}
	if f.file != "" && f.asOf != "" {
		return nil, "", misuse("--as-of: %s has no older snapshots; leave one of the two flags out", f.file)
	}
	if f.file != "" {
		file, err = readRegistry(f.file)
		return file, "", err
	}
	r, remark, err := f.open()
	if err != nil {
		return nil, "", err
	}
	return ianafile.FromRegistry(r), remark, nil
}

// words turns names of some string type into strings.
func words[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = string(v)
	}
	return all
}

// problemsOf tells on standard error what was odd about a registry file.
func problemsOf(s Streams, command string, file *ianafile.File) {
	const most = 20
	for i, p := range file.Problems {
		if i == most {
			note(s.Err, command, "%s: and %d more", file.Name, len(file.Problems)-most)
			return
		}
		note(s.Err, command, "%s", fmt.Sprintf("%s:%d: %s", file.Name, p.Line, p.Text))
	}
}
