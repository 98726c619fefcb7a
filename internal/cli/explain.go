package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/verdict"
	"github.com/spf13/cobra"
)

// explainFlags are the flags of nixie explain.
type explainFlags struct {
	registryFlags
	file     string
	json     bool
	batch    bool
	receiver string
	stage    string
	gaveUp   bool
	rules    []string
	colour   string
}

func newExplain(s Streams) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain [flags] [TEXT...]",
		Short: "Say what a reply, code, log line or bounce means",
		Long: `explain says what happened, whether it is final, whose problem it is and what
to do next.

TEXT is whatever you have: a code (5.7.26, X.7.26, 4.7.x), a reply code (550),
a server's reply, lines of a Postfix log, the delivery-status part of a bounce,
or a page with codes in it. All arguments together are one text; quote it, or
the shell takes < and > for itself. Without TEXT, standard input is read. Each
thing found is explained, in the order of the text.

With --batch, standard input (or -f FILE) has one JSON object a line,
{"id":…,"reply":…} and if you like "receiver" and "stage"; each is answered by
one line, in order.

The exit code is 0 when something was explained, 1 when nothing recognisable
was found or the input could not be read, 2 for a wrong use. With --batch it is
0 when every line was valid JSON.`,
		Example: `  nixie explain '550 5.1.1 <user@example.com>: User unknown'
  nixie explain 5.7.26
  grep status= /var/log/mail.log | nixie explain
  nixie explain --json -f bounce.eml
  nixie explain --batch < replies.jsonl > verdicts.jsonl`,
		ValidArgsFunction: completeCodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(s, &f, args)
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.file, "file", "f", "", "read the text from `FILE`; - is standard input")
	fl.BoolVar(&f.json, "json", false, "write one JSON object a line for each explanation")
	fl.BoolVar(&f.batch, "batch", false, "read JSON lines, write JSON lines")
	fl.StringVar(&f.receiver, "receiver", "", "who runs the recipient's mail, by `NAME`: gmail, microsoft, …")
	fl.StringVar(&f.stage, "stage", "", "where in the session it was said, `STAGE`: "+strings.Join(stageNames(), ", "))
	fl.BoolVar(&f.gaveUp, "gave-up", false, "the sending server has stopped trying")
	fl.StringArrayVar(&f.rules, "rules", nil, "judge by the rules in `FILE` as well (may be repeated)")
	fl.StringVar(&f.colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	f.registryFlags.add(cmd)
	complete(cmd, "color", "auto", "always", "never")
	complete(cmd, "stage", stageNames()...)
	return cmd
}

func runExplain(s Streams, f *explainFlags, args []string) error {
	colour, err := colourWanted(f.colour, s)
	if err != nil {
		return err
	}
	if f.batch && len(args) > 0 {
		return misuse("--batch reads its replies from standard input or -f FILE, not from the command line")
	}
	options, err := f.options(s)
	if err != nil {
		return err
	}
	if f.batch {
		return runBatch(s, f.file, options)
	}
	text, err := f.text(s, args)
	if err != nil {
		return err
	}
	found, err := explain.Text(text, options)
	if errors.Is(err, explain.ErrTooMany) {
		note(s.Err, "nixie explain", "%v", err)
	} else if err != nil {
		return err
	}
	if at := invalidUTF8(text); at >= 0 {
		note(s.Err, "nixie explain", "byte %d of the text is not valid UTF-8; such bytes are shown as \\xNN", at)
	}
	if f.json {
		return writeJSONLines(s.Out, found)
	}
	p := newPage(s, colour)
	for i := range found {
		p.explanation(&found[i], i, len(found))
	}
	return p.flush()
}

// options turns the flags into those of package explain.
func (f *explainFlags) options(s Streams) (explain.Options, error) {
	var o explain.Options
	stage, err := verdict.ParseStage(f.stage)
	if err != nil {
		return o, misuse("--stage: %q is no stage; there are %s", f.stage, strings.Join(stageNames(), ", "))
	}
	registry, remark, err := f.registryFlags.open()
	if err != nil {
		return o, err
	}
	if remark != "" {
		note(s.Err, "nixie explain", "%s", remark)
	}
	judge, err := openJudge(f.rules)
	if err != nil {
		return o, err
	}
	if f.receiver != "" {
		if judge == nil {
			judge = verdict.Builtin()
		}
		if _, ok := judge.Receiver(strings.ToLower(f.receiver)); !ok {
			return o, misuse("--receiver: %q is no receiver that the rules know; leave the flag out", f.receiver)
		}
	}
	return explain.Options{
		Registry: registry, Judge: judge,
		Hints: verdict.Hints{Receiver: strings.ToLower(f.receiver), Stage: stage, GaveUp: f.gaveUp},
	}, nil
}

// text returns the text to be explained, from the arguments, -f or standard input.
func (f *explainFlags) text(s Streams, args []string) (string, error) {
	switch {
	case len(args) > 0 && f.file != "":
		return "", misuse("give either a text or -f FILE, not both")
	case len(args) > 0:
		return strings.Join(args, " "), nil
	case f.file == "" && isTerminal(s.In):
		return "", misuse("nothing to explain: give a text, name a file with -f, or pipe something in")
	}
	name := orElse(f.file, "-")
	r, err := open(name, s.In)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, explain.MaxText+1))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", nameOf(name), err)
	}
	return string(b), nil
}

func stageNames() []string {
	var names []string
	for _, s := range verdict.Stages() {
		names = append(names, string(s))
	}
	return names
}

func nameOf(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// invalidUTF8 returns the offset of the first byte that isn't valid UTF-8, -1 if
// all are.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}

func writeJSONLines(w io.Writer, found []explain.Explanation) error {
	enc := newEncoder(w)
	for i := range found {
		if err := enc.Encode(&found[i]); err != nil {
			return err
		}
	}
	return nil
}
