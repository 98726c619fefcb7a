package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/spf13/cobra"
)

// known is all that is told of an address.
type known struct {
	Recipient httpapi.Recipient `json:"recipient"`
	Why       httpapi.Why       `json:"why"`
	// failed are the deliveries that led to what holds, by id, as far as they are kept.
	failed map[string]*httpapi.Delivery
}

func newWhy(s Streams) *cobra.Command {
	var f serviceFlags
	var stream, colour string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why [flags] ADDRESS",
		Short: "Tell why mail to an address is dropped, or what is known of it",
		Long: `why tells whether mail to an address is dropped: since when and until when, by
which rule, on which failures (each with its date, what was said, by whom, and
the message) and what to do to lift it. Of an address that is not dropped it
tells what became of the mail to it, and how much more it takes.

How much more it takes is told by the rules in the configuration: give the
service's --config. It speaks to the running service; where none runs it opens
the data itself.

The exit code is 1 for an address of which nothing is known, else 0.`,
		Example: `  nixie why ann@example.com
  nixie why ann@example.com --stream newsletter`,
		Args: oneArg("ADDRESS"),
		RunE: func(_ *cobra.Command, args []string) error {
			colour, err := colourWanted(colour, s)
			if err != nil {
				return err
			}
			c, err := f.load(s, nil)
			if err != nil {
				return err
			}
			return f.with(s, false, func(ctx context.Context, v *service) error {
				k, err := v.know(ctx, args[0], stream)
				if err != nil {
					return err
				}
				if asJSON {
					return newEncoder(s.Out).Encode(k)
				}
				p := newPage(s, colour)
				p.why(k, c.Suppression.Rules)
				return p.flush()
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&stream, "stream", "", "in `STREAM` only; in all if left out")
	cmd.Flags().StringVar(&colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	complete(cmd, "color", "auto", "always", "never")
	return cmd
}

// know asks all about an address. That nothing is known is an error.
func (v *service) know(ctx context.Context, address, stream string) (*known, error) {
	q := url.Values{}
	if stream != "" {
		q.Set("stream", stream)
	}
	path := "/recipients/" + url.PathEscape(address)
	var k known
	if err := v.call(ctx, http.MethodGet, path, q, nil, &k.Recipient); err != nil {
		return nil, err
	}
	if err := v.call(ctx, http.MethodGet, path+"/why", q, nil, &k.Why); err != nil {
		return nil, err
	}
	if r := &k.Recipient; len(k.Why.Causes) == 0 && len(r.Outcomes) == 0 && len(r.Strikes) == 0 {
		return nil, fmt.Errorf("nothing is known of %s", address)
	}
	return &k, v.askFailed(ctx, &k)
}

// askFailed asks for the deliveries that led to what holds.
func (v *service) askFailed(ctx context.Context, k *known) error {
	k.failed = map[string]*httpapi.Delivery{}
	for i := range k.Recipient.Last {
		k.failed[k.Recipient.Last[i].ID] = &k.Recipient.Last[i]
	}
	for i := range k.Why.Causes {
		c := &k.Why.Causes[i]
		if c.State != string(suppression.Active) {
			continue
		}
		for j := range c.Evidence {
			d := c.Evidence[j].Delivery
			if k.failed[d] != nil {
				continue
			}
			var answer httpapi.Delivery
			err := v.call(ctx, http.MethodGet, "/deliveries/"+url.PathEscape(d), nil, nil, &answer)
			var p *problem
			if errors.As(err, &p) && p.status == http.StatusNotFound {
				continue // kept no longer
			}
			if err != nil {
				return err
			}
			k.failed[d] = &answer
		}
	}
	return nil
}
