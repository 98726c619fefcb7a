package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/policy"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// checker looks addresses up among the suppressions.
type checker interface {
	recorder
	Check(ctx context.Context, stream string, addresses []string) ([]*suppression.Suppression, error)
}

// gate answers an MTA that asks whether a recipient is to be mailed.
type gate struct {
	store  checker
	mode   string // config.ModeRefuse and so on
	stream func(sender, user string) string
	ids    *id.Maker
	now    func() time.Time
}

// Check answers smtpd's question about one recipient of a message that is being
// handed in. A drop is an event: it is kept before it is answered. Where mail is to be
// discarded it is refused here all the same: smtpd would discard the message for all
// its recipients (access(5)); the transport map discards it for one.
func (g *gate) Check(ctx context.Context, a policy.Asked) (policy.Answer, error) {
	found, err := g.store.Check(ctx, g.stream(a.Sender, a.SASLUser), []string{a.Recipient})
	if err != nil || found[0] == nil {
		return policy.Answer{}, err
	}
	if g.mode == config.ModeNote {
		return said(policy.Note, delivery.DropReply(why(found[0]), id.ID{})), nil
	}
	e := g.dropped(a)
	text := delivery.DropReply(why(found[0]), id.ID{}) // its delivery is not known yet
	e.Code = nixie.OtherAddressStatus.Permanent()
	e.Reply, e.ReplyCode = "550 "+e.Code.String()+" "+text, 550
	e.Judgement.Reason = found[0].Reason
	kept, err := g.store.Record(ctx, delivery.Batch{News: []delivery.News{{Event: e}}})
	if err != nil {
		return policy.Answer{}, fmt.Errorf("keeping that a recipient was dropped: %w", err)
	}
	text = delivery.DropReply(why(found[0]), kept.News[0].Delivery) // that of the first time it was asked
	return said(policy.Refuse, text), nil
}

// Look answers the transport map's question about an address. There is no
// message yet to keep an event of: the MTA's log will tell of each.
func (g *gate) Look(ctx context.Context, recipient string) (policy.Answer, error) {
	found, err := g.store.Check(ctx, g.stream("", ""), []string{recipient})
	if err != nil || found[0] == nil {
		return policy.Answer{}, err
	}
	text := delivery.DropReply(why(found[0]), id.ID{})
	switch g.mode {
	case config.ModeNote:
		return said(policy.Note, text), nil
	case config.ModeDiscard:
		return said(policy.Discard, text), nil
	}
	return said(policy.Refuse, text), nil
}

// said is an answer with the text of [delivery.DropReply], whose first words package
// policy writes itself.
func said(do policy.Do, text string) policy.Answer {
	return policy.Answer{Do: do, Text: strings.TrimPrefix(text, delivery.DropWords)}
}

// dropped makes the event of a recipient who was not mailed.
func (g *gate) dropped(a policy.Asked) *delivery.Event {
	now := g.now()
	src := delivery.Source{Kind: delivery.FromPolicy, Name: "postfix"}
	e := &delivery.Event{
		ID: g.ids.New(now), Kind: delivery.Drop, Told: delivery.Dropped, Source: src, Proof: delivery.ProofOwn, RemoteHost: a.Client,
		Stage: verdict.StageRcpt,
		Ref: delivery.Ref{
			Delivery: g.ids.New(now), Recipient: a.Recipient, Sender: a.Sender, SenderKnown: true, Stream: g.stream(a.Sender, a.SASLUser), Create: true,
		},
	}
	// Postfix may ask more than once for a recipient of a message; the instance names
	// the message. SMTPD_POLICY_README.
	e.Key = delivery.KeyOf(src, a.Instance, a.Recipient)
	if a.Instance == "" {
		e.Key = e.Key.Then(e.ID.String())
	}
	e.Stamp(now, now, time.Microsecond)
	return e
}

// why names the first failure and its date, for whoever reads the refusal.
func why(s *suppression.Suppression) string {
	if len(s.Evidence) == 0 {
		return fmt.Sprintf("%s since %s", s.Rule, s.Since.Format(time.DateOnly))
	}
	first := s.Evidence[0]
	if first.Reply == "" {
		return fmt.Sprintf("%s, first on %s", first.Reason, first.At.Format(time.DateOnly))
	}
	return fmt.Sprintf("%s, first on %s: %s", first.Reason, first.At.Format(time.DateOnly), first.Reply)
}
