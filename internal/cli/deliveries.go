package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/verdict"
	"github.com/spf13/cobra"
)

// deliveriesFlags are the flags of nixie deliveries.
type deliveriesFlags struct {
	serviceFlags
	since, before                string
	outcomes, reasons, receivers []string
	texts                        map[string]*string // further filters, by the API's name
	replyCode, limit             int
	complained, oldest, json     bool
}

func newDeliveries(s Streams) *cobra.Command {
	f := deliveriesFlags{texts: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "deliveries [flags]",
		Short: "List what became of each message for each recipient",
		Long: `deliveries lists what the service knows, a line a delivery, what was last heard
of first. It speaks to the running service; where none runs it opens the data
itself.

A filter takes values separated by commas, of which one must fit; all filters
given must. A time is a date, a date and time as in RFC 3339, or how long ago:
2h, 7d.`,
		Example: `  nixie deliveries --recipient ann@example.com
  nixie deliveries --outcome failed,expired --since 1d
  nixie deliveries --json --domain example.com | jq -r .reason | sort | uniq -c`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			q, err := f.query(time.Now())
			if err != nil {
				return err
			}
			return f.with(s, false, func(ctx context.Context, v *service) error {
				return v.list(ctx, "/deliveries", q, f.limit, func(item json.RawMessage) error { return f.print(s, item) })
			})
		},
	}
	f.serviceFlags.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.since, "since", "", "last heard of at `TIME` or after")
	fl.StringVar(&f.before, "before", "", "last heard of before `TIME`")
	fl.StringSliceVar(&f.outcomes, "outcome", nil, "`OUTCOME` is sent, deferred, delivered, failed, expired or dropped")
	fl.StringSliceVar(&f.reasons, "reason", nil, "`REASON` as in a verdict: bad-mailbox")
	fl.StringSliceVar(&f.receivers, "receiver", nil, "`RECEIVER` runs the recipient's mail: gmail")
	for _, t := range []struct{ flag, name, usage string }{
		{"recipient", "recipient", "to `ADDRESS`, in any spelling"},
		{"domain", "domain", "to `DOMAIN` or below it"},
		{"sender", "sender", "from `ADDRESS`"},
		{"sender-domain", "sender_domain", "from `DOMAIN`"},
		{"message-id", "message_id", "of the message with that `ID`"},
		{"queue-id", "queue_id", "of the message that was queued under `ID`"},
		{"stream", "stream", "in `STREAM`"},
		{"code", "code", "answered with `CODE`: 5.1.1"},
	} {
		f.texts[t.name] = fl.String(t.flag, "", t.usage)
	}
	fl.IntVar(&f.replyCode, "reply-code", 0, "answered with reply `CODE`: 550")
	fl.BoolVar(&f.complained, "complained", false, "only those that were complained of")
	fl.BoolVar(&f.oldest, "oldest", false, "what was last heard of longest ago first")
	fl.IntVar(&f.limit, "limit", 0, "at most `N`; 0 is all")
	fl.BoolVar(&f.json, "json", false, "write one JSON object a line")
	var outcomes, reasons []string
	for _, o := range delivery.Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	for _, r := range verdict.Reasons() {
		reasons = append(reasons, string(r))
	}
	complete(cmd, "outcome", outcomes...)
	complete(cmd, "reason", reasons...)
	return cmd
}

// query is the filter in the API's words.
func (f *deliveriesFlags) query(now time.Time) (url.Values, error) {
	q := url.Values{}
	if err := setTimes(q, f.since, f.before, now); err != nil {
		return nil, err
	}
	for _, err := range []error{wrongWord("outcome", f.outcomes, delivery.ParseOutcome), wrongWord("reason", f.reasons, verdict.ParseReason)} {
		if err != nil {
			return nil, err
		}
	}
	for name, list := range map[string][]string{"outcome": f.outcomes, "reason": f.reasons, "receiver": f.receivers} {
		if len(list) > 0 {
			q.Set(name, strings.Join(list, ","))
		}
	}
	for name, text := range f.texts {
		if *text != "" {
			q.Set(name, *text)
		}
	}
	if code := *f.texts["code"]; code != "" {
		if _, err := nixie.ParseCode(code); err != nil {
			return nil, misuse("--code: %s", plainly(err))
		}
	}
	if f.limit < 0 || f.replyCode < 0 {
		return nil, misuse("--limit and --reply-code are not below 0")
	}
	if f.replyCode != 0 {
		q.Set("reply_code", strconv.Itoa(f.replyCode))
	}
	if f.complained {
		q.Set("complained", "true")
	}
	if f.oldest {
		q.Set("oldest", "true")
	}
	return q, nil
}

// wrongWord is about the first word of a flag's that is not in its closed list.
func wrongWord[T any](flag string, words []string, parse func(string) (T, error)) error {
	for _, w := range words {
		if _, err := parse(w); err != nil {
			return misuse("--%s: %s", flag, plainly(err))
		}
	}
	return nil
}

// maxDays is how many days ago something may be said to have been.
const maxDays = 36500

// setTimes enters the times of --since and --before into a query, those that are given.
func setTimes(q url.Values, since, before string, now time.Time) error {
	for _, flag := range []struct{ name, text string }{{"since", since}, {"before", before}} {
		if flag.text == "" {
			continue
		}
		t, err := timeAt(flag.text, now)
		if err != nil {
			return misuse("--%s: %s", flag.name, err)
		}
		q.Set(flag.name, t.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// timeAt reads a time, or how long before now.
func timeAt(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if n, isDays := strings.CutSuffix(text, "d"); isDays {
		if days, err := strconv.Atoi(n); err == nil && days >= 0 && days < maxDays {
			return now.AddDate(0, 0, -days), nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: it is like 2026-01-31, 2026-01-31T10:00:00Z or 7d", text)
}

func (f *deliveriesFlags) print(s Streams, item json.RawMessage) error {
	if f.json {
		return writeItem(s.Out, item)
	}
	var d httpapi.Delivery
	if err := json.Unmarshal(item, &d); err != nil {
		return fmt.Errorf("reading the service's answer: %w", err)
	}
	said := d.Code
	if d.ReplyCode != 0 {
		said = strconv.Itoa(d.ReplyCode) + " " + d.Code
	}
	_, err := fmt.Fprintf(s.Out, "%s  %-9s  %s  %-9s  %-18s  %s\n", d.LastAt.Local().Format("2006-01-02 15:04:05"), d.Outcome,
		padded(visibleLine(d.Recipient), 30), said, d.Reason, visibleLine(d.Reply))
	return err
}
