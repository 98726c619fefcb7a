package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
	"github.com/spf13/cobra"
)

// suppressionFlags choose suppressions.
type suppressionFlags struct {
	serviceFlags
	since, before              string
	stream, target, address    string
	states, rules, reasons     []string
	limit                      int
	all, oldest, asJSON, asCSV bool
}

// add adds the flags; jsonIs says what --json writes.
func (f *suppressionFlags) add(cmd *cobra.Command, jsonIs string) {
	f.serviceFlags.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.since, "since", "", "begun at `TIME` or after")
	fl.StringVar(&f.before, "before", "", "begun before `TIME`")
	fl.StringVar(&f.address, "address", "", "of `ADDRESS`, or a domain, in any spelling")
	fl.StringVar(&f.stream, "stream", "", "in `STREAM`, with those for all streams")
	fl.StringVar(&f.target, "target", "", "of one `KIND`: address or domain")
	fl.StringSliceVar(&f.states, "state", nil, "`STATE` is active, probation, ended or lifted; active if left out")
	fl.StringSliceVar(&f.rules, "rule", nil, "by `RULE`; manual and import are people's")
	fl.StringSliceVar(&f.reasons, "reason", nil, "`REASON` as in a verdict: bad-mailbox")
	fl.BoolVar(&f.all, "all", false, "those that no longer hold as well")
	fl.BoolVar(&f.asJSON, "json", false, jsonIs)
	fl.BoolVar(&f.asCSV, "csv", false, "write CSV, as nixie suppressions import reads it")
	var states, reasons []string
	for _, state := range suppression.States() {
		states = append(states, string(state))
	}
	for _, r := range verdict.Reasons() {
		reasons = append(reasons, string(r))
	}
	complete(cmd, "state", states...)
	complete(cmd, "reason", reasons...)
	complete(cmd, "target", string(suppression.Address), string(suppression.Domain))
}

// query is the filter in the API's words.
func (f *suppressionFlags) query(now time.Time) (url.Values, error) {
	q := url.Values{}
	if err := setTimes(q, f.since, f.before, now); err != nil {
		return nil, err
	}
	if err := errors.Join(wrongWord("reason", f.reasons, verdict.ParseReason), wrongWord("state", f.states, parseState), f.conflict()); err != nil {
		return nil, err
	}
	states := f.states
	if f.all {
		states = nil
		for _, state := range suppression.States() {
			states = append(states, string(state))
		}
	} else if len(states) == 0 {
		states = []string{string(suppression.Active)}
	}
	for name, list := range map[string][]string{"state": states, "rule": f.rules, "reason": f.reasons} {
		if len(list) > 0 {
			q.Set(name, strings.Join(list, ","))
		}
	}
	for name, text := range map[string]string{"address": f.address, "stream": f.stream, "target": f.target} {
		if text != "" {
			q.Set(name, text)
		}
	}
	if f.oldest {
		q.Set("oldest", "true")
	}
	return q, nil
}

// conflict is about flags that can't be together.
func (f *suppressionFlags) conflict() error {
	switch {
	case f.all && len(f.states) > 0:
		return misuse("--all and --state can't be together")
	case f.asJSON && f.asCSV:
		return misuse("--json and --csv can't be together")
	case f.asCSV && (f.limit != 0 || f.oldest):
		return misuse("--csv writes the whole list in its order: leave --limit and --oldest out")
	case f.limit < 0:
		return misuse("--limit is not below 0")
	case f.target != "" && f.target != string(suppression.Address) && f.target != string(suppression.Domain):
		return misuse("--target is address or domain, not %q", f.target)
	}
	return nil
}

func parseState(s string) (suppression.State, error) {
	for _, state := range suppression.States() {
		if s == string(state) {
			return state, nil
		}
	}
	return "", fmt.Errorf("%q is no state: it is one of %v", s, suppression.States())
}

func newSuppressions(s Streams) *cobra.Command {
	cmd := newSuppressionsList(s)
	list := newSuppressionsList(s)
	cmd.Use, list.Use = "suppressions [flags]", "list [flags]"
	list.Short = "List whom not to mail"
	cmd.Long = `suppressions lists whom not to mail, what began last first, and changes the
list. It speaks to the running service; where none runs it opens the data
itself.

` + cmd.Long
	cmd.Args = oneOf("list", "add", "lift", "consent", "import", "export")
	cmd.AddCommand(list, newSuppressionsAdd(s), newSuppressionsLift(s), newSuppressionsConsent(s), newSuppressionsImport(s), newSuppressionsExport(s))
	return cmd
}

func newSuppressionsList(s Streams) *cobra.Command {
	var f suppressionFlags
	cmd := &cobra.Command{
		Short: "List whom not to mail, and change the list",
		Long: `A line has since when and until when, what is dropped, in which stream (* is
all), by which rule and for which reason, and the id. Only those that hold are
listed, unless --all or --state says otherwise: one whose time is over is in
probation for a while, then ended; one that was taken back is lifted.

A filter takes values separated by commas, of which one must fit; all filters
given must. A time is a date, a date and time as in RFC 3339, or how long ago:
2h, 7d. With --json it is one JSON object a line, with --csv what export writes.`,
		Example: `  nixie suppressions
  nixie suppressions list --reason bad-mailbox --since 7d
  nixie suppressions list --all --address ann@example.com`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return f.with(s, false, func(ctx context.Context, v *service) error {
				if f.asCSV {
					return v.export(ctx, s, q, "csv")
				}
				return v.list(ctx, "/suppressions", q, f.limit, func(item json.RawMessage) error { return f.print(s, item) })
			})
		},
	}
	f.add(cmd, "write one JSON object a line")
	cmd.Flags().BoolVar(&f.oldest, "oldest", false, "what began longest ago first")
	cmd.Flags().IntVar(&f.limit, "limit", 0, "at most `N`; 0 is all")
	return cmd
}

func (f *suppressionFlags) print(s Streams, item json.RawMessage) error {
	if f.asJSON {
		return writeItem(s.Out, item)
	}
	var x httpapi.Suppression
	if err := json.Unmarshal(item, &x); err != nil {
		return fmt.Errorf("reading the service's answer: %w", err)
	}
	_, err := fmt.Fprintln(s.Out, suppressionLine(&x))
	return err
}

// suppressionLine is a suppression in a line.
func suppressionLine(x *httpapi.Suppression) string {
	until := "without end"
	if x.State == string(suppression.Lifted) {
		until = "lifted " + x.LiftedAt.Local().Format(time.DateOnly)
	} else if !x.Until.IsZero() {
		until = x.Until.Local().Format(time.DateOnly)
		if x.State != string(suppression.Active) {
			until += " " + x.State
		}
	}
	return fmt.Sprintf("%s  %s  %s  %s  %s  %s  %s", x.Since.Local().Format("2006-01-02 15:04:05"), padded(until, 11),
		padded(visibleLine(droppedName(x)), 30), padded(visibleLine(x.Stream), 8), padded(visibleLine(x.Rule), 12), padded(visibleLine(x.Reason), 16), x.ID)
}

// droppedName is what is dropped.
func droppedName(x *httpapi.Suppression) string {
	if x.Name == "" {
		return "(erased)"
	}
	return x.Name
}
