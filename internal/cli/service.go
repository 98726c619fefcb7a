package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nixiemail/nixie/internal/app"
	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/spf13/cobra"
)

// serviceFlags say where the service's data are.
type serviceFlags struct {
	data, file string
}

func (f *serviceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.data, "data", "", "the service keeps its data in `DIR`")
	cmd.Flags().StringVar(&f.file, "config", "", "read the service's settings from `FILE`")
}

// load reads the configuration. flags are further ones, by key.
func (f *serviceFlags) load(s Streams, flags map[string]string) (config.Config, error) {
	if flags == nil {
		flags = map[string]string{}
	}
	if f.data != "" {
		dir, err := filepath.Abs(f.data)
		if err != nil {
			return config.Config{}, err
		}
		flags["data"] = dir
	}
	c, from, err := config.Load(config.Sources{File: f.file, Getenv: s.Getenv, Flags: flags})
	if err != nil {
		return c, err
	}
	return c, errors.Join(c.Check(app.Vocabulary(), from)...)
}

// A service is the running one, or the data of one that isn't running: both
// answer the same requests.
type service struct {
	http  *http.Client
	close func() error
}

// with lets a command speak to the service, until do ends or a signal comes. Where
// no service runs and there are no data yet, they are made only if fresh says so.
func (f *serviceFlags) with(s Streams, fresh bool, do func(context.Context, *service) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	v, err := f.open(ctx, s, fresh)
	if err == nil {
		err = do(ctx, v)
		if failed := v.close(); err == nil {
			err = failed
		}
	}
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// open speaks to the service that holds the data; where none does, it opens them.
func (f *serviceFlags) open(ctx context.Context, s Streams, fresh bool) (*service, error) {
	c, err := f.load(s, nil)
	if err != nil {
		return nil, err
	}
	socket := app.AdminSocket(&c)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	conn, err := dial(ctx, "", "")
	if err == nil {
		conn.Close()
		return &service{http: &http.Client{Transport: &http.Transport{DialContext: dial}}, close: func() error { return nil }}, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s is not for this user; run nixie as the user that the service runs as", c.Data)
	}
	if !fresh && !app.Exists(&c) {
		return nil, fmt.Errorf("there are no data in %s; --data or --config says where they are, and nixie serve makes them", c.Data)
	}
	a, err := app.Open(ctx, c, app.Options{Version: version()})
	if err != nil {
		return nil, err
	}
	l := newPipeListener()
	server := &http.Server{Handler: a.Admin()}
	go server.Serve(l) // ends with Close
	transport := &http.Transport{DialContext: l.dial}
	return &service{
		http: &http.Client{Transport: transport},
		close: func() error {
			transport.CloseIdleConnections()
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxClosing)
			defer cancel()
			// What is under way still is kept before the data are closed.
			return errors.Join(server.Shutdown(end), server.Close(), a.Close())
		},
	}, nil
}

// maxClosing is how long a request that was given up may take to end.
const maxClosing = 10 * time.Second

// maxAnswer bounds an answer that is read as a whole, in bytes.
const maxAnswer = 64 << 20

// do sends a request and returns an answer of the 200s; any other is an error. What
// path has of others' words is escaped.
func (v *service) do(ctx context.Context, method, path string, query url.Values, contentType string, body io.Reader) (*http.Response, error) {
	target := "http://nixie" + httpapi.Prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := v.http.Do(req)
	if err != nil {
		var inner *url.Error // its URL is made up
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, fmt.Errorf("speaking to the service: %w", err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, problemOf(res)
}

// call sends in as JSON, unless it is nil, and reads the answer into out.
func (v *service) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	var body io.Reader
	contentType := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body, contentType = bytes.NewReader(b), "application/json"
	}
	res, err := v.do(ctx, method, path, query, contentType, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("reading the service's answer: %w", err)
	}
	return nil
}

// problemOf is the error that an answer tells of. RFC 9457, 3.
func problemOf(res *http.Response) error {
	var p struct {
		Title, Detail string
		Errors        []struct{ Message, Location string }
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p); err != nil || p.Title == "" {
		return &problem{res.StatusCode, "the service answered " + res.Status}
	}
	text := p.Title
	if p.Detail != "" {
		text = p.Detail
	}
	for _, e := range p.Errors {
		text += "; " + strings.TrimPrefix(e.Location+": "+e.Message, ": ")
	}
	return &problem{res.StatusCode, text}
}

// A problem is an answer that is none of the 200s.
type problem struct {
	status int
	text   string
}

// Error implements error.
func (e *problem) Error() string { return e.text }

// A pipeListener takes connections from within the process.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements [net.Listener].
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "here", Net: "pipe"} }
