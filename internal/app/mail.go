package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/smtpserver"
	"github.com/nixiemail/nixie/internal/store"
)

// recorder keeps news; when it returns without an error they are safe.
type recorder interface {
	Record(context.Context, delivery.Batch) (delivery.Receipt, error)
}

// mailHandler takes the bounces that come by SMTP and LMTP.
type mailHandler struct {
	reader  *ingest.Reader
	record  recorder
	now     func() time.Time
	domains []string // normal forms, of which every address is taken
	names   []string // normal forms of addresses
	log     *slog.Logger
}

// Mail takes every sender: a bounce has none, other mail is let in to be read.
func (h *mailHandler) Mail(context.Context, *smtpserver.Session, smtpserver.Path) smtpserver.Answer {
	return smtpserver.Say(250, nixie.OtherAddressStatus.Success(), "Sender ok")
}

// Rcpt takes the bounce addresses that are configured, and nothing else.
func (h *mailHandler) Rcpt(_ context.Context, _ *smtpserver.Session, to smtpserver.Path) smtpserver.Answer {
	name := address.Normal(to.Address)
	if slices.Contains(h.domains, address.Domain(name)) || slices.Contains(h.names, name) {
		return smtpserver.Say(250, nixie.DestinationAddressValid.Success(), "Recipient ok")
	}
	return smtpserver.Say(550, nixie.DeliveryNotAuthorizedMessageRefused.Permanent(), "Only bounces are taken here, for the addresses that nixie is configured for")
}

// Message answers 250 once the news in a message, and the message, are kept.
func (h *mailHandler) Message(ctx context.Context, _ *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	m := &ingest.Mail{Raw: string(e.Data), From: e.From.Address, Received: h.now()}
	for i := range e.To {
		m.To = append(m.To, e.To[i].Address)
	}
	read := h.reader.Message(m)
	_, err := h.record.Record(ctx, delivery.Batch{News: read.News})
	if errors.Is(err, store.ErrLimit) {
		h.log.Error("a message was refused that can't be kept", "err", err)
		return []smtpserver.Answer{smtpserver.Say(554, nixie.OtherOrUndefinedMediaError.Permanent(), "It can't be kept, and trying again changes nothing")}
	}
	if err != nil {
		h.log.Error("a message was not kept; the client was told to come again", "err", err)
		return []smtpserver.Answer{smtpserver.Say(451, nixie.OtherOrUndefinedMailSystemStatus.Transient(), "It can't be kept at present, try again later")}
	}
	said := "Kept as " + string(read.Kind)
	if read.Told > 0 {
		said += " about " + strconv.Itoa(read.Told) + " recipients"
	}
	return []smtpserver.Answer{smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), said)}
}
