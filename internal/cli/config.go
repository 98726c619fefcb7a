package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nixiemail/nixie/internal/app"
	"github.com/nixiemail/nixie/internal/config"
	"github.com/spf13/cobra"
)

func newConfig(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Write and check the configuration of nixie serve",
		Long: `config writes and checks the configuration of nixie serve, a file in TOML.

Nothing has to be configured. A setting is taken from the first of these that
has it: a flag of nixie serve, the environment (NIXIE_HTTP for http,
NIXIE_GATE_MODE for gate.mode), the file, the default. The file is the one that
--config or NIXIE_CONFIG names; where systemd starts the service, it is
/etc/nixie/nixie.toml if that is there.`,
		Example: `  nixie config init /etc/nixie/nixie.toml
  nixie config check /etc/nixie/nixie.toml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse("there is no command %q; there are init and check", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigInit(s), newConfigCheck(s))
	return cmd
}

// oneFile wants no argument, or one.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return misuse("want one FILE, not %d", len(args))
	}
	return nil
}

func newConfigInit(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a file with all settings, each explained and commented out",
		Long: `init writes a file in TOML that has all settings in it, each with a sentence
and its default, commented out. So the file changes nothing until it is edited.

FILE is nixie.toml in this directory if none is named, - for standard output. A
file that is there already is left alone.`,
		Example: `  nixie config init /etc/nixie/nixie.toml
  nixie config init - | less`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			name := "nixie.toml"
			if len(args) > 0 {
				name = args[0]
			}
			return runConfigInit(s, name)
		},
	}
}

func runConfigInit(s Streams, name string) error {
	text := config.Template(config.Default(s.Getenv))
	if name == "-" {
		_, err := io.WriteString(s.Out, text)
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already, and is left as it is; name another file, or - for standard output", name)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, withoutName(err))
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		// Half a file would be taken for what somebody wanted.
		return fmt.Errorf("cannot write %s: %w", name, errors.Join(err, os.Remove(name)))
	}
	fmt.Fprintf(s.Out, "%s: written; edit it, then nixie config check %s\n", visible(name), visible(name))
	return nil
}

// withoutName is what went wrong with a file, without the file's name.
func withoutName(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func newConfigCheck(s Streams) *cobra.Command {
	var asJSON bool
	var colour string
	cmd := &cobra.Command{
		Use:   "check [flags] [FILE]",
		Short: "Tell what is wrong with the configuration, and which settings hold",
		Long: `check tells which settings hold, where each comes from, what is worth knowing
about them, and all that is wrong, each with its file and line. FILE is what
nixie serve is given with --config; the environment is looked at too.

Whether files and folders are there is for nixie serve to say, which runs as
another user.

The exit code is 1 when something is wrong, 0 when there are only notes or
nothing.`,
		Example: `  nixie config check
  nixie config check /etc/nixie/nixie.toml
  nixie config check --json | jq '.settings[] | select(.from != "default")'`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			return runConfigCheck(s, asJSON, colour, file)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	cmd.Flags().StringVar(&colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	complete(cmd, "color", "auto", "always", "never")
	return cmd
}

// checkedConfig is what config check tells, as JSON too.
type checkedConfig struct {
	File     string            `json:"file,omitempty"`
	Settings []config.Shown    `json:"settings"`
	Notes    []*config.Problem `json:"notes"`
	Problems []*config.Problem `json:"problems"`
}

func runConfigCheck(s Streams, asJSON bool, colourFlag, file string) error {
	colour, err := colourWanted(colourFlag, s)
	if err != nil {
		return err
	}
	checked := checkConfig(config.Sources{File: file, Getenv: s.Getenv})
	if asJSON {
		err = writeJSON(s, checked)
	} else {
		p := newPage(s, colour)
		p.config(checked)
		err = p.flush()
	}
	if err == nil && len(checked.Problems) > 0 {
		err = errQuiet
	}
	return err
}

func checkConfig(from config.Sources) checkedConfig {
	c, origin, err := config.Load(from)
	checked := checkedConfig{File: origin.File(), Settings: []config.Shown{}, Notes: []*config.Problem{}, Problems: configProblems(err)}
	if len(checked.Problems) == 1 && checked.Problems[0].Key == "" {
		return checked // the file can't be read: nothing that follows from it holds
	}
	checked.Settings = c.Shown(origin)
	checked.Notes = append(checked.Notes, c.Notes(origin)...)
	unread := checked.Problems
	for _, err := range c.Check(app.Vocabulary(), origin) {
		for _, p := range configProblems(err) {
			if !follows(p, unread) {
				checked.Problems = append(checked.Problems, p)
			}
		}
	}
	return checked
}

// follows reports whether p is about a setting, or the entry that it is in, that
// could not be read.
func follows(p *config.Problem, unread []*config.Problem) bool {
	for _, u := range unread {
		if u.Key == p.Key || strings.HasPrefix(u.Key, p.Key+".") {
			return true
		}
	}
	return false
}

// configProblems are the problems that were joined to an error.
func configProblems(err error) []*config.Problem {
	all := []*config.Problem{}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			all = append(all, configProblems(err)...)
		}
		return all
	}
	var p *config.Problem
	if errors.As(err, &p) {
		all = append(all, p)
	}
	return all
}

// config writes the settings with where each comes from, then notes and errors as
// compilers do.
func (p *page) config(c checkedConfig) {
	most := 0
	for _, s := range c.Settings {
		most = max(most, columnsOf(visible(s.From)))
	}
	for _, s := range c.Settings {
		from := visible(s.From)
		shade := plain
		if s.From == config.FromDefault {
			shade = dim
		}
		p.line(p.styled(shade, from), strings.Repeat(" ", most-columnsOf(from)+2), visible(s.Key+" = "+string(s.Value)))
	}
	if len(c.Settings) > 0 {
		p.line()
	}
	for _, n := range c.Notes {
		p.problem(yellow, "note", n)
	}
	for _, e := range c.Problems {
		p.problem(red, "error", e)
	}
	name := c.File
	if name == "" {
		name = "no file"
	}
	p.text(plain, fmt.Sprintf("%s: errors %d, notes %d", name, len(c.Problems), len(c.Notes)))
}

func (p *page) problem(s style, kind string, what *config.Problem) {
	var before, key string
	if what.Place != "" {
		before = visible(what.Place) + ": "
	}
	if what.Key != "" {
		key = visible(what.Key) + ": "
	}
	p.line(before, p.styled(s, kind), ": ", key, visible(what.Text))
}
