package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/user"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
	"github.com/spf13/cobra"
)

// byFlag says who changes something.
type byFlag struct{ by string }

func (f *byFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.by, "by", "", "`NAME` wants it; your login name if left out")
}

// name is the flag's, else that of who has logged in: not root, where sudo tells.
func (f *byFlag) name(s Streams) string {
	if f.by != "" {
		return f.by
	}
	if name := s.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return s.Getenv("USER")
}

func newSuppressionsAdd(s Streams) *cobra.Command {
	var f serviceFlags
	var by byFlag
	var note, stream, until, reason string
	var domain bool
	cmd := &cobra.Command{
		Use:   "add [flags] ADDRESS|DOMAIN",
		Short: "Put an address or a domain on the list",
		Long: `add puts an address, or with --domain every address at a domain, on the list of
whom not to mail: in all streams unless --stream names one, and without end
unless --until does. What a person has put on the list no success takes off.

A time is a date, a date and time as in RFC 3339, or how far ahead: 12h, 30d.
Who and why is kept and shown. Where somebody has done the same before, that
stays as it is.`,
		Example: `  nixie suppressions add ann@example.com --note "asked by telephone, ticket 71"
  nixie suppressions add example.com --domain --until 30d --note "moving house"`,
		Args: oneArg("ADDRESS or DOMAIN"),
		RunE: func(_ *cobra.Command, args []string) error {
			in, err := addition(args[0], domain, until, time.Now())
			if err == nil {
				err = noteGiven(note)
			}
			if err != nil {
				return err
			}
			in["note"], in["by"] = note, by.name(s)
			for name, text := range map[string]string{"stream": stream, "reason": reason} {
				if text != "" {
					in[name] = text
				}
			}
			if err := wrongWord("reason", wordsOf(reason), verdict.ParseReason); err != nil {
				return err
			}
			return f.with(s, true, func(ctx context.Context, v *service) error {
				return v.change(ctx, s, http.MethodPost, "/suppressions", nil, in)
			})
		},
	}
	f.add(cmd)
	by.add(cmd)
	cmd.Flags().StringVar(&note, "note", "", "why, in a few words: `TEXT` (required)")
	cmd.Flags().StringVar(&stream, "stream", "", "in `STREAM` only")
	cmd.Flags().StringVar(&until, "until", "", "until `TIME`")
	cmd.Flags().StringVar(&reason, "reason", "", "`REASON` as in a verdict, if there is one")
	cmd.Flags().BoolVar(&domain, "domain", false, "what is named is a domain")
	return cmd
}

func wordsOf(word string) []string {
	if word == "" {
		return nil
	}
	return []string{word}
}

// addition is the request to suppress what a person has named.
func addition(name string, domain bool, until string, now time.Time) (map[string]any, error) {
	in := map[string]any{}
	switch at := strings.Contains(name, "@"); {
	case domain && at:
		return nil, misuse("%q has an @: it is no domain", name)
	case domain:
		in["domain"] = name
	case !at:
		return nil, misuse("%q has no @; if it is a domain, say --domain", name)
	default:
		in["address"] = name
	}
	if until != "" {
		t, err := timeAhead(until, now)
		if err != nil {
			return nil, misuse("--until: %s", err)
		}
		in["until"] = t.UTC()
	}
	return in, nil
}

func noteGiven(note string) error {
	if strings.TrimSpace(note) == "" {
		return misuse("say why: --note TEXT")
	}
	return nil
}

// change asks for a change of the list, and tells what came of it.
func (v *service) change(ctx context.Context, s Streams, method, path string, q url.Values, in any) error {
	var x httpapi.Suppression
	if err := v.call(ctx, method, path, q, in, &x); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.Out, suppressionLine(&x))
	return err
}

func newSuppressionsLift(s Streams) *cobra.Command {
	var f serviceFlags
	var by byFlag
	var note, stream string
	cmd := &cobra.Command{
		Use:   "lift [flags] ADDRESS|DOMAIN|ID",
		Short: "Take a suppression back",
		Long: `lift takes back what holds of an address or a domain, or the one suppression
with that id: it may be mailed again at once. It is kept for the record, with
who and why.

What rests on a complaint is lifted by consent only: nixie suppressions consent.
An address stays dropped where its domain is; nixie why tells.`,
		Example: `  nixie suppressions lift ann@example.com --note "the mailbox is back, says Ann"`,
		Args:    oneArg("ADDRESS, DOMAIN or ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := noteGiven(note); err != nil {
				return err
			}
			return f.with(s, false, func(ctx context.Context, v *service) error {
				found, err := v.holding(ctx, args[0], stream, nil)
				if err != nil {
					return err
				}
				q := url.Values{"note": {note}, "by": {by.name(s)}}
				for _, x := range found {
					err = errors.Join(err, v.change(ctx, s, http.MethodDelete, "/suppressions/"+url.PathEscape(x), q, nil))
				}
				return err
			})
		},
	}
	f.add(cmd)
	by.add(cmd)
	cmd.Flags().StringVar(&note, "note", "", "why, in a few words: `TEXT` (required)")
	cmd.Flags().StringVar(&stream, "stream", "", "what holds for `STREAM` alone; * is what holds for all")
	return cmd
}

func newSuppressionsConsent(s Streams) *cobra.Command {
	var f serviceFlags
	var by byFlag
	var note, at string
	cmd := &cobra.Command{
		Use:   "consent [flags] ADDRESS|ID",
		Short: "Record that who complained wants mail again",
		Long: `consent takes back what rests on a complaint of ADDRESS, or the suppression with
that id, because the recipient wants mail again. Say in --note who gave the
consent and how; --at is when, now if left out. Consent that is older than the
complaint is none.`,
		Example: `  nixie suppressions consent ann@example.com --note "Ann, form on our site" --at 2026-03-01T10:00:00Z`,
		Args:    oneArg("ADDRESS or ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := noteGiven(note); err != nil {
				return err
			}
			in := map[string]any{"who": note, "by": by.name(s)}
			if at != "" {
				t, err := timeAt(at, time.Now())
				if err != nil {
					return misuse("--at: %s", err)
				}
				in["when"] = t.UTC()
			}
			return f.with(s, false, func(ctx context.Context, v *service) error {
				found, err := v.holding(ctx, args[0], "", []string{suppression.RuleComplaint})
				if err != nil {
					return err
				}
				for _, x := range found {
					err = errors.Join(err, v.change(ctx, s, http.MethodPost, "/suppressions/"+url.PathEscape(x)+"/consent", nil, in))
				}
				return err
			})
		},
	}
	f.add(cmd)
	by.add(cmd)
	cmd.Flags().StringVar(&note, "note", "", "who gave the consent, and how: `TEXT` (required)")
	cmd.Flags().StringVar(&at, "at", "", "when it was given: `TIME`")
	return cmd
}

// holding returns the ids of the suppressions that hold of what is named: an id
// itself, else all of the address or the domain, by those rules, if any are named,
// and, unless stream is empty, for that stream and no other.
func (v *service) holding(ctx context.Context, named, stream string, rules []string) ([]string, error) {
	if x, err := id.Parse(named); err == nil {
		return []string{x.String()}, nil
	}
	q := url.Values{"address": {named}, "state": {string(suppression.Active)}}
	if len(rules) > 0 {
		q.Set("rule", strings.Join(rules, ","))
	}
	var found []string
	err := v.list(ctx, "/suppressions", q, 0, func(item json.RawMessage) error {
		var x httpapi.Suppression
		if err := json.Unmarshal(item, &x); err != nil {
			return fmt.Errorf("reading the service's answer: %w", err)
		}
		if stream == "" || x.Stream == stream {
			found = append(found, x.ID)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0 && len(rules) > 0:
		return nil, fmt.Errorf("no suppression of %s that holds rests on a complaint; nixie why %[1]s tells what there is", named)
	case len(found) == 0:
		return nil, fmt.Errorf("no suppression of %s holds; nixie why %[1]s tells what there was", named)
	}
	return found, nil
}

// timeAhead reads a time to come, or how long after now.
func timeAhead(text string, now time.Time) (time.Time, error) {
	t, err := timeAt(text, now)
	if err == nil && t.Before(now) && !strings.ContainsAny(text, ":-") {
		t = now.Add(now.Sub(t)) // how long
	}
	switch {
	case err != nil:
		return t, err
	case !t.After(now):
		return t, fmt.Errorf("%q is over already", text)
	}
	return t, nil
}
