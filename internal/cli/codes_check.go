package cli

import (
	"fmt"

	"github.com/nixiemail/nixie/internal/ianafile"
	"github.com/spf13/cobra"
)

func newCodesCheck(s Streams) *cobra.Command {
	var from registryFlags
	var asJSON bool
	var colour string
	cmd := &cobra.Command{
		Use:   "check [flags] FILE",
		Short: "Judge a proposed registration or an overlay",
		Long: `check looks for what would keep a proposed registration from being accepted:
fields that RFC 5248 asks for and that are missing, malformed or duplicate
codes, a class that its reply codes contradict. An overlay of vendor codes, as
--overlay takes it, is checked too. FILE may be - for standard input.

A proposal is text in the registry's own fields, a line or more for each, or one
of the registry's published formats:

    Code:                         X.7.99
    Sample Text:                  Closed for the holidays
    Associated Basic Status Code: 450
    Description:                  A transient error: nobody reads mail today.
    Reference:                    draft-example-holidays
    Submitter:                    A. Holiday
    Change Controller:            IESG

The exit code is 1 when there is an error among the findings, and 0 when there
are only warnings or nothing.`,
		Example: `  nixie codes check proposal.txt
  nixie codes check --json overlay.tsv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("want one FILE, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCheck(s, &from, asJSON, colour, args[0])
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write an array of findings")
	cmd.Flags().StringVar(&colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	complete(cmd, "color", "auto", "always", "never")
	from.add(cmd)
	return cmd
}

func runCheck(s Streams, from *registryFlags, asJSON bool, colourFlag, name string) error {
	colour, err := colourWanted(colourFlag, s)
	if err != nil {
		return err
	}
	registry, remark, err := from.open()
	if err != nil {
		return err
	}
	if remark != "" {
		note(s.Err, "nixie codes check", "%s", remark)
	}
	f, err := open(name, s.In)
	if err != nil {
		return err
	}
	defer f.Close()
	findings, err := ianafile.Check(nameOf(name), f, registry)
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(s, append([]ianafile.Finding{}, findings...))
	} else {
		p := newPage(s, colour)
		p.findings(nameOf(name), findings)
		err = p.flush()
	}
	for _, f := range findings {
		if err == nil && f.Severity == ianafile.SeverityError {
			err = errQuiet
		}
	}
	return err
}

// findings writes what was found, one line each as compilers do.
func (p *page) findings(name string, findings []ianafile.Finding) {
	counts := map[ianafile.Severity]int{}
	for _, f := range findings {
		counts[f.Severity]++
		place := name
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d", name, f.Line)
		}
		s := yellow
		if f.Severity == ianafile.SeverityError {
			s = red
		}
		text := f.Text
		if f.Code != "" {
			text = f.Code + ": " + text
		}
		p.line(visible(place), ": ", p.styled(s, string(f.Severity)), ": ", visible(text))
	}
	if len(findings) == 0 {
		p.text(plain, name+": nothing to say against it")
		return
	}
	p.text(plain, fmt.Sprintf("%s: errors %d, warnings %d", name, counts[ianafile.SeverityError], counts[ianafile.SeverityWarning]))
}
