package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/metrics"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/internal/policy"
	"github.com/nixiemail/nixie/internal/sdnotify"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// stopTime is how long what is under way may take to end.
const stopTime = 20 * time.Second

// A door is something that the service listens to.
type door struct {
	name     string // "http"
	listener net.Listener
	serve    func(context.Context, net.Listener) error
}

// Serve runs the service until ctx is done, then stops it and closes the data. All
// of it listens before any of it answers, so that a port that is taken is an error
// and not half a service.
func (a *App) Serve(ctx context.Context) error {
	doors, err := a.doors()
	if err != nil {
		return errors.Join(err, a.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, d := range doors {
		a.log.Info("listening", "for", d.name, "address", shown(d.listener))
		group.Go(func() error { return d.serve(ctx, d.listener) })
	}
	for _, l := range a.config.Logs {
		f, err := a.follower(l)
		if err != nil {
			group.Go(func() error { return err })
			continue
		}
		group.Go(func() error { return f.run(ctx) })
	}
	for _, m := range a.config.Maildirs {
		w := &maildirWatcher{path: m.Path, reader: a.reader, record: a.recorder(), now: a.now, log: a.log, most: int64(a.config.Mail.MaxMessage)}
		group.Go(func() error { return w.run(ctx) })
	}
	notify := a.notifier()
	group.Go(func() error {
		notify.KeepAlive(ctx, func() bool { return a.store.Ready(ctx) == nil })
		return nil
	})
	a.log.Info("nixie is ready", "data", a.config.Data, "version", a.options.Version)
	a.tell(notify, sdnotify.Ready)
	context.AfterFunc(ctx, func() { a.tell(notify, sdnotify.Stopping) })
	err = errors.Join(group.Wait(), a.Close())
	a.log.Info("nixie has stopped")
	return err
}

func (a *App) notifier() *sdnotify.Notifier {
	if a.options.Getenv == nil {
		return &sdnotify.Notifier{}
	}
	return sdnotify.New(a.options.Getenv)
}

func (a *App) tell(n *sdnotify.Notifier, state string) {
	if err := n.Tell(state); err != nil {
		a.log.Warn("systemd was not told", "state", state, "err", err)
	}
}

// shown is where a listener listens, as the configuration writes it.
func shown(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return l.Addr().String()
}

// doors opens all that is configured, and the admin socket. After an error none is open.
func (a *App) doors() (doors []door, err error) {
	defer func() {
		if err != nil {
			for _, d := range doors {
				d.listener.Close()
			}
			doors = nil
		}
	}()
	gate := a.gate()
	smtp, err := a.smtpServer(false)
	if err != nil {
		return nil, err
	}
	lmtp, err := a.smtpServer(true)
	if err != nil {
		return nil, err
	}
	for _, d := range []struct {
		name, address string
		serve         func(context.Context, net.Listener) error
	}{
		{"http", a.config.HTTP, a.serveHTTP(a.public())},
		{"smtp", a.config.SMTP, smtp.Serve},
		{"lmtp", a.config.LMTP, lmtp.Serve},
		{"policy", a.config.Policy, policy.NewPolicy(gate, a.policyOptions()).Serve},
		{"socketmap", a.config.Socketmap, policy.NewSocketmap(gate, a.policyOptions()).Serve},
		{"admin", "unix:" + AdminSocket(&a.config), a.serveHTTP(a.admin)},
	} {
		if d.address == "" {
			continue
		}
		l, err := listen(d.address, d.name == "admin")
		if err != nil {
			return doors, fmt.Errorf("listening for %s: %w", d.name, err)
		}
		doors = append(doors, door{d.name, l, d.serve})
	}
	return doors, nil
}

// listen opens an address as the configuration writes it. A socket at which nobody
// answers is one that an earlier run left behind.
func listen(where string, private bool) (net.Listener, error) {
	network, addr, err := config.ParseAddress(where)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		if info, err := os.Lstat(addr); err == nil && info.Mode().Type() == fs.ModeSocket {
			if conn, err := net.Dial(network, addr); err == nil {
				return nil, errors.Join(fmt.Errorf("%s: %w: another program answers there", addr, syscall.EADDRINUSE), conn.Close())
			}
			if err := os.Remove(addr); err != nil {
				return nil, err
			}
		}
	}
	l, err := net.Listen(network, addr)
	if err != nil || network != "unix" {
		return l, err
	}
	mode := fs.FileMode(0o666) // who may get there is decided by the directory
	if private {
		mode = 0o600
	}
	if err := os.Chmod(addr, mode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// public is what is answered to everybody: the API, to those with a key, and how
// the service is.
func (a *App) public() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", a.api)
	mux.Handle("GET /metrics", a.metrics.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.store.Ready(r.Context()); err != nil {
			a.log.Error("not ready", "err", err)
			http.Error(w, "the store is not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return a.metrics.Wrap(mux)
}

// smtpServer makes the server for bounces.
func (a *App) smtpServer(lmtp bool) (*smtpserver.Server, error) {
	m := &a.config.Mail
	protocol := metrics.SMTP
	if lmtp {
		protocol = metrics.LMTP
	}
	c := smtpserver.Config{
		Name: a.config.Name, LMTP: lmtp, Handler: a.bounceHandler(), Log: a.log.With("protocol", protocol),
		Observe: func(o smtpserver.Observation) { a.observeSMTP(protocol, o) },
	}
	c.Limits.Message = int(m.MaxMessage)
	if m.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(m.TLSCert, m.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("mail.tls_cert and mail.tls_key: %w", err)
		}
		c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	return smtpserver.New(c)
}

func (a *App) observeSMTP(protocol string, o smtpserver.Observation) {
	switch o.What {
	case smtpserver.Began:
		a.metrics.SessionBegan(protocol)
	case smtpserver.Refused:
		a.metrics.TurnedAway(protocol)
	case smtpserver.Answered:
		a.metrics.Answered(protocol, string(o.Stage), o.ReplyCode)
	case smtpserver.Message:
		a.metrics.Message(protocol, o.Bytes, o.Time)
	case smtpserver.Ended:
		a.metrics.SessionEnded(protocol, string(o.End))
	}
}

func (a *App) gate() *gate {
	return &gate{store: a.recorder(), mode: a.config.Gate.Mode, stream: streamOf(a.config.Streams), ids: &a.ids, now: a.now}
}

func (a *App) policyOptions() policy.Options {
	return policy.Options{
		Deadline: time.Duration(a.config.Gate.Deadline), Log: a.log,
		Observe: func(o policy.Observation) {
			a.metrics.PolicyAnswer(o.Protocol, o.Answer, o.Took)
			if strings.HasPrefix(o.Answer, "failed") {
				a.metrics.PolicyFailed(o.Protocol)
			}
		},
	}
}

// follower follows a log that is configured.
func (a *App) follower(l config.Log) (*logFollower, error) {
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		return nil, fmt.Errorf("log %s: zone %q: %w", l.Path, l.Zone, err)
	}
	return &logFollower{
		settings: l, keep: a.recorder(), now: a.now, log: a.log,
		reader: &ingest.Log{Reader: a.reader, Name: l.Name, Host: a.config.Name, Dater: mtalog.Dater{Zone: zone}},
		lag:    func(bytes int64) { a.metrics.LogLag(l.Path, bytes) },
		counted: func(c ingest.Counts) {
			a.metrics.LogLines("news", c.News-c.Undated)
			a.metrics.LogLines("undated", c.Undated)
			a.metrics.LogLines("foreign", c.Foreign)
			a.metrics.LogLines("nothing", c.Lines-c.News-c.Foreign)
		},
	}, nil
}
