package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/metrics"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/internal/store"
	"github.com/nixiemail/nixie/internal/suppression"
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
	return r, forAPI(err)
}

// forAPI is an error of the store in the words of the API.
func forAPI(err error) error {
	var news *store.NewsError
	switch {
	case errors.Is(err, store.ErrUnwell):
		return fmt.Errorf("%w: %w", httpapi.ErrUnwell, err)
	case errors.Is(err, store.ErrReplayed):
		return fmt.Errorf("%w: %w", httpapi.ErrReplayed, err)
	case errors.Is(err, store.ErrLimit) && errors.As(err, &news):
		return &httpapi.PostError{Index: news.News, Err: &delivery.FieldError{Err: news.Err}}
	case errors.Is(err, store.ErrLimit), errors.Is(err, store.ErrTarget):
		return fmt.Errorf("%w: %w", httpapi.ErrRefused, err)
	case errors.Is(err, store.ErrRevoked):
		return fmt.Errorf("%w: %w", httpapi.ErrDone, err)
	}
	return err
}

// posted is what became of events.
func posted(news []delivery.News, r delivery.Receipt) []httpapi.Posted {
	all := make([]httpapi.Posted, 0, len(r.News))
	for i := range min(len(news), len(r.News)) {
		if e := news[i].Event; e != nil {
			all = append(all, httpapi.Posted{Received: r.News[i], Recipient: e.Ref.Recipient, Judgement: e.Judgement})
		}
	}
	return all
}

// Post implements [httpapi.Intake].
func (in *intake) Post(ctx context.Context, client string, posts []delivery.Post, replay *httpapi.Replay[[]httpapi.Posted]) ([]httpapi.Posted, []byte, error) {
	now := in.now()
	news := make([]delivery.News, len(posts))
	var errs []error
	for i := range posts {
		e, err := in.reader.Posted(client, &posts[i], now)
		for _, f := range delivery.FieldErrors(err) {
			errs = append(errs, &httpapi.PostError{Index: i, Err: f})
		}
		news[i].Event = e
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	of := func(r delivery.Receipt) []httpapi.Posted { return posted(news, r) }
	r, err := in.record(ctx, delivery.Batch{News: news, Replay: replay.Recorded(of)})
	return of(r), again(r), err
}

// again is what was answered before, nil if the request is new.
func again(r delivery.Receipt) []byte {
	if !r.Replayed {
		return nil
	}
	return append([]byte{}, r.Answer...) // which is not nil, even if it is empty
}

// Report implements [httpapi.Intake].
func (in *intake) Report(ctx context.Context, _ string, raw []byte, to []string, replay *httpapi.Replay[httpapi.Report]) (httpapi.Report, []byte, error) {
	read := in.reader.Message(&ingest.Mail{Raw: string(raw), To: to, Received: in.now()})
	of := func(r delivery.Receipt) httpapi.Report {
		return httpapi.Report{Kind: string(read.Kind), News: posted(read.News, r)}
	}
	r, err := in.record(ctx, delivery.Batch{News: read.News, Replay: replay.Recorded(of)})
	return of(r), again(r), err
}

// Register implements [httpapi.Intake].
func (in *intake) Register(ctx context.Context, client string, m delivery.Message, replay *httpapi.Replay[delivery.Message]) (delivery.Message, []byte, error) {
	now := in.now()
	m.ID, m.At, m.Registered, m.Source = in.ids.New(now), now, true, delivery.Source{Kind: delivery.FromAPI, Name: client}
	for i := range m.Recipients {
		m.Recipients[i].Delivery = in.ids.New(now)
	}
	of := func(delivery.Receipt) delivery.Message { return m }
	r, err := in.record(ctx, delivery.Batch{News: []delivery.News{{Message: &m}}, Replay: replay.Recorded(of)})
	return m, again(r), err
}

// ReturnPath implements [httpapi.Intake].
func (in *intake) ReturnPath(d id.ID) (string, error) {
	if in.paths == nil {
		return "", httpapi.ErrNoReturnPath
	}
	return in.paths.Make(d, in.now()), nil
}

// VerifyReturnPath implements [httpapi.Intake].
func (in *intake) VerifyReturnPath(address string) (id.ID, time.Time, error) {
	if in.paths == nil {
		return id.ID{}, time.Time{}, httpapi.ErrNoReturnPath
	}
	d, made, err := in.paths.Verify(address, in.now())
	if err != nil {
		return id.ID{}, time.Time{}, fmt.Errorf("%.100q %w: %w", address, httpapi.ErrNotSigned, err)
	}
	return d, made, nil
}

// Lines implements [httpapi.Intake].
func (in *intake) Lines(ctx context.Context, l httpapi.Lines) (httpapi.LineCounts, error) {
	log := &ingest.Log{Reader: in.reader, Name: l.Name, Host: l.Host, Dater: mtalog.Dater{Zone: l.Zone}}
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

// lists are the store's suppressions and keys, with errors in the words of the API.
type lists struct{ *store.Store }

// AddSuppression implements [httpapi.Suppressions].
func (l lists) AddSuppression(ctx context.Context, a suppression.Addition) (suppression.Listed, bool, error) {
	s, added, err := l.Store.AddSuppression(ctx, a)
	return s, added, forAPI(err)
}

// LiftSuppression implements [httpapi.Suppressions].
func (l lists) LiftSuppression(ctx context.Context, s id.ID, by, why string) (suppression.Listed, error) {
	found, err := l.Store.LiftSuppression(ctx, s, by, why)
	return found, forAPI(err)
}

// RecordConsent implements [httpapi.Suppressions].
func (l lists) RecordConsent(ctx context.Context, s id.ID, c suppression.Consent) (suppression.Listed, error) {
	found, err := l.Store.RecordConsent(ctx, s, c)
	return found, forAPI(err)
}

// ImportSuppressions implements [httpapi.Suppressions].
func (l lists) ImportSuppressions(ctx context.Context, list suppression.List) (suppression.Imported, error) {
	got, err := l.Store.ImportSuppressions(ctx, list)
	return got, forAPI(err)
}

// AddKey implements [httpapi.Keys].
func (l lists) AddKey(ctx context.Context, k auth.Key, by string) error {
	return forAPI(l.Store.AddKey(ctx, k, by))
}

// RevokeKey implements [httpapi.Keys].
func (l lists) RevokeKey(ctx context.Context, key, by, why string) error {
	return forAPI(l.Store.RevokeKey(ctx, key, by, why))
}
