// Package app builds the service from its configuration, runs it and stops it. It
// is the one place, beside the command line, where all names are known.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/metrics"
	"github.com/nixiemail/nixie/internal/policy"
	"github.com/nixiemail/nixie/internal/returnpath"
	"github.com/nixiemail/nixie/internal/smtpserver"
	"github.com/nixiemail/nixie/internal/store"
)

// Options are what the configuration doesn't say.
type Options struct {
	Log     *slog.Logger // nil means none
	Version string
	Getenv  func(string) string // for systemd's socket; nil means no environment
	Now     func() time.Time    // nil means [time.Now]
}

// An App is the service with its data open. [Open] makes it, [App.Serve] runs it.
type App struct {
	config  config.Config
	options Options
	store   *store.Store
	ids     id.Maker
	paths   *returnpath.Maker // nil without a domain for return addresses
	reader  *ingest.Reader
	metrics *metrics.Metrics
	log     *slog.Logger
	now     func() time.Time
	admin   http.Handler
	api     http.Handler
}

// AdminSocket is where the service that holds the data answers this machine's
// command line.
func AdminSocket(c *config.Config) string { return filepath.Join(c.Data, adminSocket) }

// Exists reports whether there are data that [Open] would open rather than make.
func Exists(c *config.Config) bool {
	_, err := os.Stat(filepath.Join(c.Data, databaseFile))
	return err == nil
}

// Open opens the data, and makes them at the first start. Another process that
// holds them is an error that matches [store.ErrLocked].
func Open(ctx context.Context, c config.Config, o Options) (*App, error) {
	a := &App{config: c, options: o, log: o.Log, now: o.Now}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.now == nil {
		a.now = time.Now
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	if err := a.openStore(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(a.signing(), a.handlers(), a.firstKey(ctx)); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	return a, nil
}

func (a *App) openStore(ctx context.Context) error {
	rules, err := rulesOf(&a.config.Suppression)
	if err != nil {
		return fmt.Errorf("the rules of suppression: %w", err)
	}
	a.metrics = metrics.New(a.options.Version, words())
	o := store.Options{
		Path: filepath.Join(a.config.Data, databaseFile), Rules: rules, Clock: a.now, Log: a.log,
		Stream: streamOf(a.config.Streams),
	}
	if o.HashKey, err = addressKey(a.config.Data); err != nil {
		return err
	}
	if a.store, err = store.Open(ctx, o); err != nil {
		return err
	}
	// Whom not to mail is read here, as a question about it has no time for that: of a
	// million it takes seconds.
	if _, err := a.store.Check(ctx, config.DefaultStream, []string{"nobody@example.org"}); err != nil {
		return errors.Join(err, a.store.Close())
	}
	return nil
}

// signing makes what signs and verifies return addresses.
func (a *App) signing() error {
	a.reader = &ingest.Reader{IDs: &a.ids}
	r := &a.config.ReturnPath
	if r.Domain == "" {
		return nil
	}
	keys, err := returnKeys(a.config.Data, a.now())
	if err != nil {
		return err
	}
	if a.paths, err = pathMaker(r, keys); err != nil {
		return err
	}
	a.reader.Verify = func(address string, now time.Time) ([16]byte, error) {
		d, _, err := a.paths.Verify(address, now)
		return d, err
	}
	return nil
}

// handlers makes the API twice: for those who show a key, and for this machine's
// owner over a socket.
func (a *App) handlers() error {
	c := httpapi.Config{
		Intake: &intake{a}, Reads: a.store, Suppressions: lists{a.store}, Keys: lists{a.store}, Log: a.log, Now: a.now,
	}
	var err error
	if a.api, err = httpapi.New(c); err != nil {
		return err
	}
	c.Trusted = &auth.Key{ID: "local", Name: "local", Scopes: []auth.Scope{auth.Admin}}
	a.admin, err = httpapi.New(c)
	return err
}

// Admin answers every request as from the service's owner.
func (a *App) Admin() http.Handler { return a.admin }

// Close closes the data, when [App.Serve] has ended or was not called.
func (a *App) Close() error { return a.store.Close() }

// firstKey makes the first API key, if there never was one.
func (a *App) firstKey(ctx context.Context) error {
	have, err := a.store.Keys(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	key, plaintext, err := auth.NewKey("first", []auth.Scope{auth.Admin}, a.now())
	if err != nil {
		return err
	}
	path := filepath.Join(a.config.Data, firstKeyFile)
	if err := writeSecret(path, []byte(plaintext+"\n"), os.Rename); err != nil {
		return fmt.Errorf("writing the first key: %w", err)
	}
	a.log.Info("the first key for the API was made", "file", path)
	return a.store.AddKey(ctx, key, "nixie")
}

// words are the metrics' labels.
func words() metrics.Words {
	return metrics.Words{
		Kinds: texts(delivery.Kinds()), Sources: texts(delivery.SourceKinds()), Outcomes: texts(delivery.Outcomes()),
		Stages: texts(smtpserver.Stages()), Ends: texts(smtpserver.Ends()), Actions: answers(),
		Lines: []string{"news", "nothing", "foreign", "undated"},
	}
}

// answers are what an MTA that asks can be told.
func answers() []string {
	return []string{policy.GoOn.String(), policy.Refuse.String(), policy.Discard.String(), policy.Note.String(), "unasked", "failed"}
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, t := range list {
		all[i] = string(t)
	}
	return all
}

// bounceHandler takes mail for the addresses that are configured, and for signed
// return addresses.
func (a *App) bounceHandler() *mailHandler {
	h := &mailHandler{reader: a.reader, record: a.recorder(), now: a.now, log: a.log}
	for _, d := range a.config.Mail.Domains {
		h.domains = append(h.domains, address.NormalDomain(d))
	}
	if d := a.config.ReturnPath.Domain; d != "" {
		h.domains = append(h.domains, address.NormalDomain(d))
	}
	for _, n := range a.config.Mail.Addresses {
		h.names = append(h.names, address.Normal(n))
	}
	return h
}
