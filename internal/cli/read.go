package cli

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"os/signal"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/internal/mailbox"
	"github.com/spf13/cobra"
)

// readFlags are the flags of nixie read.
type readFlags struct {
	registryFlags
	readFilterFlags
	json, csv, summary, addresses bool
	rules, formats                []string
	colour                        string
}

func newRead(s Streams) *cobra.Command {
	var f readFlags
	cmd := &cobra.Command{
		Use:   "read [flags] [PATH...]",
		Short: "Read bounces: say for every recipient what happened, why, and what to do",
		Long: `read takes a bounce mailbox as it is and says for every recipient of every
report what happened, why, and what to do; at the end it counts them.

PATH is a message, an mbox, a Maildir, a folder of any of these, packed or not
(gzip, bzip2, xz, zstd, tar); - is standard input, which is read too where no
PATH is given. Nothing is written, moved or marked as read.

With --json there is one object a line for each message, with --csv one row for
each recipient, with --addresses one line for each address to stop mailing, or
for each that the filters choose. A filter takes values separated by commas, of
which one must fit; all filters given must.

The exit code is 0 when everything was read, however odd the mail; 1 when a path
could not be read or there was no message; 2 for a wrong use; 130 when it was
interrupted, after what had been read was written.`,
		Example: `  nixie read /var/mail/bounces
  nixie read --summary ~/Maildir/.Bounces
  nixie read --addresses bounces.mbox.gz > stop-mailing.txt
  nixie read --json --since 2026-01-01 archive.tar.zst | jq .recipients[].verdict.reason
  nixie read --csv --action suppress bounces.mbox > bounces.csv`,
		RunE: func(_ *cobra.Command, args []string) error { return runRead(s, &f, args) },
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.json, "json", false, "write one JSON object a line for each message")
	fl.BoolVar(&f.csv, "csv", false, "write CSV, one row for each recipient")
	fl.BoolVar(&f.summary, "summary", false, "write only the summary; with --json as one JSON object")
	fl.BoolVar(&f.addresses, "addresses", false, "write only the addresses to stop mailing, or those that the filters choose")
	fl.StringArrayVar(&f.rules, "rules", nil, "judge by the rules in `FILE` as well (may be repeated)")
	fl.StringArrayVar(&f.formats, "formats", nil, "know the layouts of bounces in `FILE` as well (may be repeated)")
	fl.StringVar(&f.colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	f.readFilterFlags.add(cmd)
	f.registryFlags.add(cmd)
	complete(cmd, "color", "auto", "always", "never")
	return cmd
}

// A readMode is a form of output.
type readMode int

const (
	readTable readMode = iota
	readJSON
	readCSV
	readSummary
	readSummaryJSON
	readAddresses
)

func (f *readFlags) mode() (readMode, error) {
	n := 0
	for _, set := range []bool{f.json, f.csv, f.addresses} {
		if set {
			n++
		}
	}
	switch {
	case n > 1:
		return 0, misuse("give only one of --json, --csv and --addresses")
	case f.summary && (f.csv || f.addresses):
		return 0, misuse("--summary goes with --json or alone")
	case f.summary && f.json:
		return readSummaryJSON, nil
	case f.summary:
		return readSummary, nil
	case f.json:
		return readJSON, nil
	case f.csv:
		return readCSV, nil
	case f.addresses:
		return readAddresses, nil
	}
	return readTable, nil
}

// errInterrupted ends a command that a signal has stopped, when all has been said.
var errInterrupted = errors.New("interrupted")

func runRead(s Streams, f *readFlags, args []string) error {
	r, paths, err := f.prepare(s, args)
	if err != nil {
		return err
	}
	// The first signal ends the walk; with its default meaning restored, a second
	// one ends the program.
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt)
	defer restore()
	context.AfterFunc(ctx, restore)
	return r.run(ctx, paths)
}

// prepare makes all that the flags ask for, before anything is read.
func (f *readFlags) prepare(s Streams, args []string) (*mailReader, []string, error) {
	mode, err := f.mode()
	if err != nil {
		return nil, nil, err
	}
	colour, err := colourWanted(f.colour, s)
	if err != nil {
		return nil, nil, err
	}
	filter, err := f.filter(mode)
	if err != nil {
		return nil, nil, err
	}
	registry, remark, err := f.registryFlags.open()
	if err != nil {
		return nil, nil, err
	}
	if remark != "" {
		note(s.Err, "nixie read", "%s", remark)
	}
	judge, err := openJudge(f.rules)
	if err != nil {
		return nil, nil, err
	}
	reader, err := openFormats(f.formats)
	if err != nil {
		return nil, nil, err
	}
	if len(args) == 0 {
		if isTerminal(s.In) {
			return nil, nil, misuse("nothing to read: name a message, an mbox, a Maildir or a folder, or pipe a message in")
		}
		args = []string{mailbox.Stdin}
	}
	bar, page := newProgress(s), newPage(s, colour)
	s.Out, s.Err = bar.around(s.Out), bar.around(s.Err)
	r := &mailReader{
		s: s, mode: mode, filter: filter, bounces: reader, bar: bar,
		options: explain.Options{Registry: registry, Judge: judge}, page: page,
	}
	r.tally, r.seed = newTally(registry), maphash.MakeSeed()
	page.w.Reset(s.Out)
	return r, args, nil
}

// openFormats returns a reader that knows the user's layouts before the built-in ones.
func openFormats(files []string) (*bounce.Reader, error) {
	if len(files) == 0 {
		return bounce.Builtin(), nil
	}
	var all []bounce.Format
	for _, name := range files {
		f, err := open(name, nil)
		if err != nil {
			return nil, err
		}
		list, err := bounce.ParseFormats(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	builtin, err := bounce.BuiltinFormats()
	if err != nil {
		return nil, err
	}
	return bounce.New(append(all, builtin...))
}

// waitingInput is standard input that may have nothing to read for long. Whoever
// waits for it gives out first what it has, and stops waiting when ctx is done.
type waitingInput struct {
	ctx   context.Context
	in    io.Reader
	ahead func() // called before each Read
}

// Read may leave a goroutine behind that waits for input; the walk that asked is
// over then, and p is not looked at again.
func (w waitingInput) Read(p []byte) (int, error) {
	w.ahead()
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := w.in.Read(p)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-w.ctx.Done():
		return 0, w.ctx.Err()
	}
}

// isFile reports whether a stream is a regular file, which never has to be waited for.
func isFile(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// readFailure tells of a path that could not be read.
func (r *mailReader) readFailure(path string, err error) {
	if path == mailbox.Stdin {
		path = "standard input"
	}
	note(r.s.Err, "nixie read", "%s: %s", path, fmt.Sprint(err))
}
