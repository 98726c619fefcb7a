package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/spf13/cobra"
)

func newKey(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and revoke the keys of programs that use the API",
		Long: `key makes, lists and revokes keys. A program shows its key with each request to
the API: Authorization: Bearer nixie_…. A key allows what its scopes say:

  send      register messages, make return addresses
  events    post events, reports and lines of logs
  read      read all that is kept
  suppress  change whom not to mail
  admin     everything, keys too

Of a key only a hash is kept. The first one is made with the data: it is in the
file first.key there.`,
		Example: `  nixie key add shop --scope send,events
  nixie key list`,
		Args: oneOf("add", "list", "revoke"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeyAdd(s), newKeyList(s), newKeyRevoke(s))
	return cmd
}

func newKeyAdd(s Streams) *cobra.Command {
	var f serviceFlags
	var by byFlag
	var scopes string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "add [flags] NAME",
		Short: "Make a key and print it, this once",
		Long: `add makes a key for a program that is called NAME, and prints it. Nobody can be
told it again: keep it where only the program can read it. A name may be that of
another key; the id tells them apart.`,
		Example: `  nixie key add shop --scope send,events > /etc/shop/nixie.key`,
		Args:    oneArg("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := auth.ParseScopes(scopes)
			if err != nil {
				return misuse("--scope: %s", err)
			}
			return f.with(s, true, func(ctx context.Context, v *service) error {
				var made httpapi.MadeKey
				if err := v.call(ctx, http.MethodPost, "/keys", nil, map[string]any{"name": args[0], "scopes": list, "by": by.name(s)}, &made); err != nil {
					return err
				}
				if asJSON {
					return newEncoder(s.Out).Encode(made)
				}
				if _, err := fmt.Fprintln(s.Out, made.Secret); err != nil {
					return err
				}
				note(s.Err, "nixie key add", "the key %s of %q is not shown again; it allows %s", made.ID, made.Name, strings.Join(made.Scopes, ","))
				return nil
			})
		},
	}
	f.add(cmd)
	by.add(cmd)
	cmd.Flags().StringVar(&scopes, "scope", "", "allow `SCOPES`, with commas between: send, events, read, suppress, admin (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	complete(cmd, "scope", strings.Split(auth.FormatScopes(auth.Scopes()), ",")...)
	return cmd
}

func newKeyList(s Streams) *cobra.Command {
	var f serviceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the keys, those that are revoked as well",
		Long: `list writes a line for each key, the oldest first: its id, when it was made,
when it was last used (to the minute) or that it is revoked, what it allows, and
its name.`,
		Example: `  nixie key list`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			return f.with(s, false, func(ctx context.Context, v *service) error {
				var answer struct{ Items []httpapi.Key }
				if err := v.call(ctx, http.MethodGet, "/keys", nil, nil, &answer); err != nil {
					return err
				}
				for i := range answer.Items {
					if err := printKey(s, &answer.Items[i], asJSON); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object a line")
	return cmd
}

func printKey(s Streams, k *httpapi.Key, asJSON bool) error {
	if asJSON {
		return newEncoder(s.Out).Encode(k)
	}
	used := "never used"
	switch {
	case !k.RevokedAt.IsZero():
		used = "revoked " + k.RevokedAt.Local().Format(time.DateOnly)
	case !k.LastUsedAt.IsZero():
		used = "used " + k.LastUsedAt.Local().Format("2006-01-02 15:04")
	}
	_, err := fmt.Fprintf(s.Out, "%s  %s  %s  %s  %s\n", k.ID, k.CreatedAt.Local().Format(time.DateOnly), padded(used, 21),
		padded(strings.Join(k.Scopes, ","), 12), visibleLine(k.Name))
	return err
}

func newKeyRevoke(s Streams) *cobra.Command {
	var f serviceFlags
	var by byFlag
	var why string
	cmd := &cobra.Command{
		Use:     "revoke [flags] ID",
		Short:   "End a key for good",
		Long:    `revoke ends the key with that id: from then on nobody is let in with it.`,
		Example: `  nixie key revoke k5x2vq7w3m4n6p2r --note "the shop has a new one"`,
		Args:    oneArg("ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := noteGiven(why); err != nil {
				return err
			}
			return f.with(s, false, func(ctx context.Context, v *service) error {
				var k httpapi.Key
				if err := v.call(ctx, http.MethodDelete, "/keys/"+url.PathEscape(args[0]), url.Values{"note": {why}, "by": {by.name(s)}}, nil, &k); err != nil {
					return err
				}
				return printKey(s, &k, false)
			})
		},
	}
	f.add(cmd)
	by.add(cmd)
	cmd.Flags().StringVar(&why, "note", "", "why, in a few words: `TEXT` (required)")
	return cmd
}
