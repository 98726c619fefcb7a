package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

var testTime = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// knownID is the id of the one message, delivery and suppression that a fake knows.
const knownID = "01940000-0000-7000-8000-000000000001"

// A fake stands for all that the API asks.
type fake struct {
	mu      sync.Mutex
	ids     id.Maker
	posts   []delivery.Post // that were kept
	raws    [][]byte
	lines   []string
	sent    []delivery.Message
	added   []suppression.Addition
	lists   []suppression.List
	by      []string            // who changed something
	replays map[[2]string]kept  // by client and key
	filters []delivery.Filter   // that were asked for
	keys    map[string]auth.Key // by id
	fail    error               // what everything fails with
	panics  bool
	keeping func() // called before events are kept
}

type kept struct {
	body   [32]byte
	answer []byte
}

func newFake() *fake {
	return &fake{replays: map[[2]string]kept{}, keys: map[string]auth.Key{}}
}

// forget makes it as new.
func (f *fake) forget() {
	f.posts, f.raws, f.lines, f.sent, f.added, f.lists, f.by, f.filters = nil, nil, nil, nil, nil, nil, nil, nil
	f.replays, f.keys, f.fail = map[[2]string]kept{}, map[string]auth.Key{}, nil
}

func known() id.ID {
	var d id.ID
	if err := d.UnmarshalText([]byte(knownID)); err != nil {
		panic(err)
	}
	return d
}

// fakeReplay is what the store does with a replay.
func fakeReplay[T any](f *fake, r *Replay[T], got T) (again []byte, err error) {
	if r == nil {
		return nil, nil
	}
	place := [2]string{r.Client, r.Key}
	if k, ok := f.replays[place]; ok {
		if k.body != r.Body {
			return nil, ErrReplayed
		}
		return k.answer, nil
	}
	f.replays[place] = kept{r.Body, r.Answer(got)}
	return nil, nil
}

func (f *fake) Post(_ context.Context, _ string, posts []delivery.Post, r *Replay[[]Posted]) ([]Posted, []byte, error) {
	if f.keeping != nil {
		f.keeping()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.panics {
		panic("it is broken")
	}
	if f.fail != nil {
		return nil, nil, f.fail
	}
	var errs []error
	got := make([]Posted, len(posts))
	for i := range posts {
		if posts[i].Recipient == "" {
			errs = append(errs, &PostError{i, &delivery.FieldError{Field: "recipient", Err: delivery.ErrMissing}})
		}
		got[i] = Posted{
			Received:  delivery.Received{Event: f.ids.New(testTime), Delivery: known(), New: true, Outcome: delivery.Failed},
			Recipient: posts[i].Recipient, Judgement: delivery.Judgement{Rules: "1", Reason: verdict.BadMailbox, Permanence: nixie.Permanent},
		}
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	again, err := fakeReplay(f, r, got)
	if again != nil || err != nil {
		return nil, again, err
	}
	f.posts = append(f.posts, posts...)
	return got, nil, nil
}

func (f *fake) Report(_ context.Context, _ string, raw []byte, to []string, r *Replay[Report]) (Report, []byte, error) {
	if f.fail != nil {
		return Report{}, nil, f.fail
	}
	got := Report{Kind: "delivery-report", News: []Posted{{Received: delivery.Received{Event: f.ids.New(testTime), New: true}, Recipient: fmt.Sprint(to)}}}
	again, err := fakeReplay(f, r, got)
	if again == nil && err == nil {
		f.raws = append(f.raws, bytes.Clone(raw))
	}
	return got, again, err
}

func (f *fake) Register(_ context.Context, _ string, m delivery.Message, r *Replay[delivery.Message]) (delivery.Message, []byte, error) {
	if f.fail != nil {
		return m, nil, f.fail
	}
	m.ID = f.ids.New(testTime)
	for i := range m.Recipients {
		m.Recipients[i].Delivery = f.ids.New(testTime)
	}
	again, err := fakeReplay(f, r, m)
	if again == nil && err == nil {
		f.sent = append(f.sent, m)
	}
	return m, again, err
}

func (f *fake) Lines(_ context.Context, l Lines) (LineCounts, error) {
	f.lines = append(f.lines, l.Lines...)
	return LineCounts{Lines: len(l.Lines)}, f.fail
}

func (f *fake) ReturnPath(d id.ID) (string, error) {
	if d != known() {
		return "", ErrNoReturnPath
	}
	return "b+signed@bounces.example.com", nil
}

func (f *fake) VerifyReturnPath(address string) (id.ID, time.Time, error) {
	if address != "b+signed@bounces.example.com" {
		return id.ID{}, time.Time{}, fmt.Errorf("%q %w", address, ErrNotSigned)
	}
	return known(), testTime, nil
}

func (f *fake) one() delivery.Delivery {
	return delivery.Delivery{
		ID: known(), Message: delivery.Message{ID: known(), MessageID: "<m1@example.com>", Sender: "news@example.com", Stream: "default"},
		Recipient: "Ann@example.net", Reply: "550 5.1.1 \x1b[31mno such user", RemoteHost: "mx.example.net",
		Standing: delivery.Standing{
			Outcome: delivery.Failed, Attempts: 1, Code: nixie.MustCode("5.1.1"), ReplyCode: 550, Reason: verdict.BadMailbox, Proof: delivery.ProofOwn,
			First: testTime, Last: testTime, Since: testTime,
		},
		Judgement: delivery.Judgement{Rules: "1", Reason: verdict.BadMailbox, Permanence: nixie.Permanent},
	}
}

func (f *fake) entry() delivery.Entry {
	return delivery.Entry{Event: delivery.Event{ID: known(), Kind: delivery.Attempt, Told: delivery.Failed, At: testTime, Received: testTime, Precision: time.Second}, Delivery: known(), Recipient: "Ann@example.net"}
}

func (f *fake) ask(x delivery.Filter) error {
	f.filters = append(f.filters, x)
	if x.Cursor == "foreign" {
		return fmt.Errorf("%q %w", x.Cursor, delivery.ErrCursor)
	}
	return f.fail
}

func (f *fake) Deliveries(_ context.Context, x delivery.Filter) (delivery.Page[delivery.Delivery], error) {
	return delivery.Page[delivery.Delivery]{Items: []delivery.Delivery{f.one()}, Next: "on"}, f.ask(x)
}

func (f *fake) Delivery(_ context.Context, d id.ID) (delivery.History, error) {
	if d != known() {
		return delivery.History{}, delivery.ErrNotFound
	}
	return delivery.History{Delivery: f.one(), Entries: []delivery.Entry{f.entry()}}, nil
}

func (f *fake) Events(_ context.Context, x delivery.Filter) (delivery.Page[delivery.Entry], error) {
	return delivery.Page[delivery.Entry]{Items: []delivery.Entry{f.entry()}}, f.ask(x)
}

func (f *fake) sending() delivery.Sending {
	return delivery.Sending{Message: f.one().Message, Outcomes: map[delivery.Outcome]int{delivery.Failed: 1}}
}

func (f *fake) Messages(_ context.Context, x delivery.Filter) (delivery.Page[delivery.Sending], error) {
	return delivery.Page[delivery.Sending]{Items: []delivery.Sending{f.sending()}}, f.ask(x)
}

func (f *fake) Message(_ context.Context, m id.ID) (delivery.Sending, error) {
	if m != known() {
		return delivery.Sending{}, delivery.ErrNotFound
	}
	return f.sending(), nil
}

func (f *fake) Recipient(_ context.Context, address string) (suppression.Recipient, error) {
	return suppression.Recipient{Address: address, Outcomes: map[delivery.Outcome]int{delivery.Failed: 2}, Suppressions: []suppression.Listed{f.listed()}}, f.fail
}

func (f *fake) Why(_ context.Context, address, stream string) ([]suppression.Cause, error) {
	return []suppression.Cause{{Listed: f.listed(), Entries: []delivery.Entry{f.entry()}}}, f.fail
}

func (f *fake) listed() suppression.Listed {
	return suppression.Listed{Now: suppression.Active, Suppression: suppression.Suppression{
		ID: known(), Target: suppression.Address, Name: "=1+1@example.net", Stream: "default", State: suppression.Active, Rule: "bad-address",
		Reason: verdict.BadMailbox, Since: testTime.Add(-time.Hour), Note: "-2, \"quoted\"",
		Evidence: []suppression.Strike{{Delivery: known(), At: testTime.Add(-2 * time.Hour)}, {Delivery: known(), At: testTime.Add(-time.Hour)}},
	}}
}

func (f *fake) Check(_ context.Context, _ string, addresses []string) ([]*suppression.Suppression, error) {
	all := make([]*suppression.Suppression, len(addresses))
	for i, a := range addresses {
		if s := f.listed().Suppression; a == "ann@held.example" {
			all[i] = &s
		}
	}
	return all, f.fail
}

func (f *fake) Suppressions(_ context.Context, x suppression.Filter) (delivery.Page[suppression.Listed], error) {
	for _, s := range x.States {
		if s == "odd" {
			return delivery.Page[suppression.Listed]{}, fmt.Errorf("state %q %w", s, delivery.ErrFilter)
		}
	}
	return delivery.Page[suppression.Listed]{Items: []suppression.Listed{f.listed()}}, f.fail
}

func (f *fake) Suppression(_ context.Context, s id.ID) (suppression.Listed, error) {
	if s != known() {
		return suppression.Listed{}, delivery.ErrNotFound
	}
	return f.listed(), nil
}

func (f *fake) ExportSuppressions(context.Context, suppression.Filter) iter.Seq2[suppression.Listed, error] {
	return func(yield func(suppression.Listed, error) bool) {
		if yield(f.listed(), nil) && f.panics {
			yield(suppression.Listed{}, errors.New("the disk is gone"))
		}
	}
}

func (f *fake) AddSuppression(_ context.Context, a suppression.Addition) (suppression.Listed, bool, error) {
	first := len(f.added) == 0
	f.added = append(f.added, a)
	return f.listed(), first, f.fail
}

func (f *fake) LiftSuppression(_ context.Context, s id.ID, by, why string) (suppression.Listed, error) {
	f.by = append(f.by, by)
	if why == "complained" {
		return suppression.Listed{}, suppression.ErrConsent
	}
	return f.Suppression(context.Background(), s)
}

func (f *fake) RecordConsent(_ context.Context, s id.ID, c suppression.Consent) (suppression.Listed, error) {
	f.by = append(f.by, c.By)
	return f.Suppression(context.Background(), s)
}

func (f *fake) ImportSuppressions(_ context.Context, l suppression.List) (suppression.Imported, error) {
	f.lists = append(f.lists, l)
	got := suppression.Imported{}
	for i, r := range l.Rows {
		if r.Name == "" {
			got.Refused = append(got.Refused, suppression.Refused{Row: i, Err: errors.New("it is no address")})
			continue
		}
		got.Added++
	}
	return got, f.fail
}

func (f *fake) KeyByID(_ context.Context, key string) (auth.Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, ok := f.keys[key]
	if !ok {
		return k, delivery.ErrNotFound
	}
	return k, nil
}

func (f *fake) TouchKey(context.Context, string) error { return nil }

func (f *fake) Keys(context.Context) ([]auth.Key, error) {
	return []auth.Key{{ID: "abc", Name: "mailer", Scopes: []auth.Scope{auth.Send}, Created: testTime}}, f.fail
}

func (f *fake) AddKey(_ context.Context, k auth.Key, by string) error {
	f.keys[k.ID], f.by = k, append(f.by, by)
	return f.fail
}

func (f *fake) RevokeKey(_ context.Context, key, by, _ string) error {
	f.by = append(f.by, by)
	if _, ok := f.keys[key]; !ok {
		return delivery.ErrNotFound
	}
	return nil
}

// stored is how much was kept.
func (f *fake) stored() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.posts) + len(f.raws) + len(f.lines) + len(f.sent) + len(f.added) + len(f.lists) + len(f.by)
}

// config is an API's over a fake, for its owner.
func (f *fake) config() Config {
	return Config{
		Intake: f, Reads: f, Suppressions: f, Keys: f, Now: func() time.Time { return testTime },
		Trusted: &auth.Key{ID: "local", Name: "local", Scopes: []auth.Scope{auth.Admin}},
	}
}

func newAPIFor(t testing.TB, c Config) http.Handler {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// logTo is a log that a test looks at.
func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
