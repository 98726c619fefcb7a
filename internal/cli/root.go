// Package cli is the command nixie: one file a command.
package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitDone    = 0
	exitNothing = 1 // the input could not be read, or there was nothing in it to say anything about
	exitUsage   = 2 // the command was used in a wrong way

	exitInterrupted = 130 // by a signal, as shells count it: 128 and SIGINT's number
)

// Streams are what a command reads from, writes to and is set up by.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
}

// A usageError is a wrong use of a command.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func misuse(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// errQuiet ends a command with exit code 1 when all has been said already.
var errQuiet = errors.New("")

// Run runs the command line args, without the program's name, and returns the
// exit code.
func Run(args []string, s Streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errInterrupted) {
		return exitInterrupted
	}
	var usage usageError
	wrong := errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command")
	if err != errQuiet {
		fmt.Fprintf(s.Err, "%s: %s\n", cmd.CommandPath(), visible(plainly(err)))
	}
	if wrong {
		fmt.Fprintf(s.Err, "See %s --help.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitNothing
}

// plainly is an error's text without the name of the package that it comes from,
// which the command's own name stands in for.
func plainly(err error) string { return strings.TrimPrefix(err.Error(), "nixie: ") }

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "nixie",
		Short: "Tells what became of an email, why, and what to do next",
		Long: `nixie reads what mail servers say (codes, replies, log lines, bounces) and tells
what became of the mail, why it failed, and what to do next.`,
		Example: `  nixie explain 550 5.1.1 User unknown
  grep status=bounced /var/log/mail.log | nixie explain
  nixie read /var/mail/bounces
  nixie codes 5.7.26`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse("there is no command %q; did you mean: nixie explain %s", args[0], strings.Join(args, " "))
			}
			return cmd.Help()
		},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newExplain(s), newRead(s), newCodes(s), newServe(s), newIngest(s), newDeliveries(s), newWhy(s), newSuppressions(s), newReturnPath(s), newKey(s), newConfig(s), newLab(s), newGenDocs(s))
	// Wrapped, since a usage line of cobra's runs on for as long as it likes.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// version is the module's version, as the Go toolchain stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}

// noArgs refuses arguments, as a wrong use.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("%q is one argument too many", args[0])
	}
	return nil
}
