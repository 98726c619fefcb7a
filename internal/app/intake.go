package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/metrics"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/internal/store"
)

// A keeper is the store, with what goes into it counted.
type keeper struct {
	*store.Store
	metrics *metrics.Metrics
}

func (a *App) recorder() keeper { return keeper{a.store, a.metrics} }

// Record keeps a batch, of which texts that are too long are cut.
func (k keeper) Record(ctx context.Context, b delivery.Batch) (delivery.Receipt, error) {
	began := time.Now()
	fit(&b)
	r, err := k.Store.Record(ctx, b)
	if err != nil {
		k.metrics.CommitFailed()
		return r, err
	}
	k.metrics.Commit(len(b.News), time.Since(began))
	for i := range min(len(r.News), len(b.News)) {
		n, got := &b.News[i], &r.News[i]
		if n.Event == nil || !got.New {
			continue
		}
		k.metrics.Event(string(n.Event.Kind), string(n.Event.Source.Kind))
		if got.Changed {
			k.metrics.Outcome(string(got.Outcome))
		}
	}
	return r, nil
}

// intake is how the API gives news to the service.
type intake struct{ *App }

// record keeps a batch for the API.
func (in *intake) record(ctx context.Context, b delivery.Batch) (delivery.Receipt, error) {
	r, err := in.recorder().Record(ctx, b)
	switch {
	case errors.Is(err, store.ErrUnwell):
		return r, fmt.Errorf("%w: %w", httpapi.ErrUnwell, err)
	case errors.Is(err, store.ErrReplayed):
		return r, fmt.Errorf("%w: %w", httpapi.ErrReplayed, err)
	}
	return r, err
}

// Post implements [httpapi.Intake].
func (in *intake) Post(ctx context.Context, client string, posts []delivery.Post, replay *delivery.Replay) (delivery.Receipt, error) {
	now := in.now()
	batch := delivery.Batch{News: make([]delivery.News, len(posts)), Replay: replay}
	var errs []error
	for i := range posts {
		e, err := in.reader.Posted(client, &posts[i], now)
		for _, f := range delivery.FieldErrors(err) {
			errs = append(errs, &httpapi.PostError{Index: i, Err: f})
		}
		batch.News[i].Event = e
	}
	if len(errs) > 0 {
		return delivery.Receipt{}, errors.Join(errs...)
	}
	return in.record(ctx, batch)
}

// Report implements [httpapi.Intake].
func (in *intake) Report(ctx context.Context, _ string, raw []byte, to []string, replay *delivery.Replay) (string, delivery.Receipt, error) {
	read := in.reader.Message(&ingest.Mail{Raw: string(raw), To: to, Received: in.now()})
	r, err := in.record(ctx, delivery.Batch{News: read.News, Replay: replay})
	if len(r.News) > 0 {
		r.News = r.News[1:] // behind the message itself
	}
	return string(read.Kind), r, err
}

// Register implements [httpapi.Intake].
func (in *intake) Register(ctx context.Context, client string, m *delivery.Message, replay *delivery.Replay) (delivery.Receipt, error) {
	now := in.now()
	m.ID, m.At, m.Registered, m.Source = in.ids.New(now), now, true, delivery.Source{Kind: delivery.FromAPI, Name: client}
	for i := range m.Recipients {
		m.Recipients[i].Delivery = in.ids.New(now)
	}
	return in.record(ctx, delivery.Batch{News: []delivery.News{{Message: m}}, Replay: replay})
}

// ReturnPath implements [httpapi.Intake].
func (in *intake) ReturnPath(delivery id.ID) (string, error) {
	if in.paths == nil {
		return "", httpapi.ErrNoReturnPath
	}
	return in.paths.Make(delivery, in.now()), nil
}

// Lines implements [httpapi.Intake].
func (in *intake) Lines(ctx context.Context, l httpapi.Lines) (httpapi.LineCounts, error) {
	log := &ingest.Log{Reader: in.reader, Name: l.Name, Host: l.Host, Dater: mtalog.Dater{Zone: l.Zone}}
	if log.Host == "" {
		log.Host = in.config.Name
	}
	news, c := log.Lines(l.Lines, l.Reference, in.now())
	counts := httpapi.LineCounts{Lines: c.Lines, News: c.News, Foreign: c.Foreign, Undated: c.Undated}
	for some := range slices.Chunk(news, store.MaxNews) {
		r, err := in.record(ctx, delivery.Batch{News: some})
		if err != nil {
			return counts, err
		}
		for i := range r.News {
			if r.News[i].New {
				counts.New++
			}
		}
	}
	return counts, nil
}
