package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/lab/walk"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newGenDocs(s Streams) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:    "gen-docs [--check] DIR",
		Short:  "Write the manual pages, cli.md, states.md, codes-on-the-wire.md and openapi.json into DIR",
		Hidden: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("want one DIR, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			docs, err := documents(cmd.Context(), cmd.Root())
			if err != nil {
				return err
			}
			for name, content := range docs {
				if err := putDocument(filepath.Join(args[0], name), content, check); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; fail if a file there is not current")
	return cmd
}

// putDocument writes a file, or only compares it.
func putDocument(name string, content []byte, check bool) error {
	if check {
		have, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading %s: %w; make it with nixie gen-docs docs", name, err)
		}
		if !bytes.Equal(have, content) {
			return fmt.Errorf("%s is not current; make it anew with nixie gen-docs docs", name)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("making the folder for %s: %w", name, err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// documents makes cli.md, states.md, codes-on-the-wire.md, openapi.json, and a manual
// page for each command, by file name.
func documents(ctx context.Context, root *cobra.Command) (map[string][]byte, error) {
	docs := map[string][]byte{}
	var md bytes.Buffer
	md.WriteString("# The command line\n\nMade by `nixie gen-docs docs` from the commands themselves; don't change it by hand.\n")
	for _, cmd := range documented(root) {
		markdown(&md, cmd)
		docs[filepath.Join("man", dashed(cmd)+".1")] = manPage(cmd)
	}
	docs["cli.md"] = md.Bytes()
	docs["states.md"] = []byte(delivery.StateTable())
	reference, err := labReference()
	if err != nil {
		return nil, err
	}
	docs["lab-reference.md"] = reference
	codes, err := walk.Walk(ctx, walk.Config{})
	if err != nil {
		return nil, fmt.Errorf("walking the codes: %w", err)
	}
	docs["codes-on-the-wire.md"] = walk.Page(codes)
	spec, err := httpapi.Spec()
	docs["openapi.json"] = spec
	return docs, err
}

// documented returns a command and those below it, without hidden ones and
// what cobra adds for itself.
func documented(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		list = append(list, documented(sub)...)
	}
	return list
}

func dashed(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// usageLine is how a command is called.
func usageLine(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return cmd.Parent().CommandPath() + " " + cmd.Use
	}
	return cmd.Use + " COMMAND"
}

// flagHead is a flag as it is written: "-f, --file FILE".
func flagHead(f *pflag.Flag) (head, usage string) {
	value, usage := pflag.UnquoteUsage(f)
	head = "--" + f.Name
	if f.Shorthand != "" {
		head = "-" + f.Shorthand + ", " + head
	}
	if value != "" {
		head += " " + value
	}
	return head, usage
}

// markdown writes a command's part of cli.md.
func markdown(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n\n    %s\n\n%s\n", cmd.CommandPath(), cmd.Short, usageLine(cmd), cmd.Long)
	if cmd.HasAvailableLocalFlags() {
		b.WriteString("\n| flag | |\n|---|---|\n")
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			head, usage := flagHead(f)
			fmt.Fprintf(b, "| `%s` | %s |\n", head, strings.ReplaceAll(usage, "|", "\\|"))
		})
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n%s\n", indented(cmd.Example))
	}
}

func indented(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = "    " + strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}

// manPage writes a manual page in man(7)'s macros.
func manPage(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %s 1 \"\" nixie\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(dashed(cmd))), roff(dashed(cmd)), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n", roff(usageLine(cmd)))
	for i, para := range strings.Split(cmd.Long, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(para) + "\n")
	}
	if cmd.HasAvailableLocalFlags() {
		b.WriteString(".SH OPTIONS\n")
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			head, usage := flagHead(f)
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(head), roff(usage))
		})
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(cmd.Example))
	}
	var others []string
	for _, other := range documented(cmd.Root()) {
		if other != cmd {
			others = append(others, "\\fB"+roff(dashed(other))+"\\fR(1)")
		}
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(others, ", "))
	return b.Bytes()
}

// roff keeps a text from being read as requests and escapes. groff_man(7).
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...").Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
