// Package walk says to a lab, over a socket, all that one can say to be given each code
// of the registry, and notes what was answered: for each code by its natural cause,
// where there is one, and by an order in an address.
package walk

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// A Config says which lab is walked. The zero Config starts one for the walk, in which
// nothing is left to chance: two walks see the same.
type Config struct {
	// Addr is where a lab listens to which nothing was said yet: it counts recipients and bytes.
	Addr netip.AddrPort
	// TLS is for STARTTLS with the lab at Addr.
	TLS *tls.Config
}

// A Result is what was seen of one code of the registry.
type Result struct {
	Detail nixie.Detail
	// Causes are the ways that package check knows. There is at least one, unless Never
	// tells why there is none.
	Causes []Way
	// Tags are orders in addresses for the same replies. Of a code that has no cause it is the
	// only way, by which the lab says what no server should; a deprecated code is refused there too.
	Tags []Way
	// Never says who has the code, where no server sends it; "" for all others.
	Never string
}

// A Way is one try to be given a code, and what came of it.
type Way struct {
	By    check.By
	Stage order.Stage
	How   string // one sentence; "" of a tag
	Tag   string // what asks for the reply: a local part or a user's name; "" of a cause
	Try   check.Try
	// Want is the reply that was asked for, and Reply the last one, word for word; the zero
	// Reply if there was none.
	Want  check.Reply
	Reply nixie.Reply
}

// Equal reports whether reply code and code are those asked for, and stand on each line
// as they should.
func (w *Way) Equal() bool {
	got := check.Reply{ReplyCode: w.Reply.ReplyCode(), Code: w.Reply.Code()}
	ofLine := func(p nixie.Problem) bool { return p.Line >= 0 }
	return got == w.Want && !slices.ContainsFunc(w.Reply.Problems(), ofLine)
}

// OnWire reports whether the code was seen for a cause: natural, the server's own, or the
// tag that stands for one.
func (r *Result) OnWire() bool {
	for i := range r.Causes {
		if w := &r.Causes[i]; w.Equal() && w.Want.Code.Detail() == r.Detail {
			return true
		}
	}
	return false
}

// ErrUnlike is what an error about a reply matches that was not the one asked for.
var ErrUnlike = errors.New("not as it was asked for")

// Walk walks the registry, in its order. All results are returned, also with an error,
// which tells of each try that went wrong.
func Walk(ctx context.Context, c Config) ([]Result, error) {
	if c.Addr.IsValid() {
		return walk(ctx, c)
	}
	l, err := lab.Start(ctx, lab.Config{
		HTTP: lab.Off, DNS: lab.Off, NoPeers: true,
		Now: now, Random: func() float64 { return 0.5 },
	})
	if err != nil {
		return nil, fmt.Errorf("walk: %w", err)
	}
	authority := x509.NewCertPool()
	authority.AppendCertsFromPEM(l.Authority())
	list, err := walk(ctx, Config{Addr: l.Addr(), TLS: &tls.Config{RootCAs: authority, ServerName: lab.Host, Time: now}})
	return list, errors.Join(err, l.Close())
}

// now is when a walk's own lab lives, so that what it says of times is always the same.
func now() time.Time { return time.Date(2026, 2, 2, 10, 0, 0, 0, time.UTC) }

func walk(ctx context.Context, c Config) ([]Result, error) {
	list := plan()
	var wrong []error
	for i := range list {
		r := &list[i]
		for _, ways := range [][]Way{r.Causes, r.Tags} {
			for j := range ways {
				if err := c.take(ctx, &ways[j]); err != nil {
					wrong = append(wrong, fmt.Errorf("walk: %v, %s at %s: %w", r.Detail, ways[j].By, ways[j].Stage, err))
				}
				if err := context.Cause(ctx); err != nil {
					return list, errors.Join(append(wrong, err)...)
				}
			}
		}
	}
	return list, errors.Join(wrong...)
}

// plan is what there is to try, with nothing seen.
func plan() []Result {
	causes := map[nixie.Detail][]check.Cause{}
	for _, c := range check.Causes() {
		causes[c.Detail] = append(causes[c.Detail], c)
	}
	var list []Result
	for _, e := range nixie.Builtin().Entries() {
		r := Result{Detail: e.Detail}
		for _, c := range causes[e.Detail] {
			if c.By == check.Never {
				r.Never = c.How
				continue
			}
			want := check.Reply{ReplyCode: c.ReplyCode, Code: c.Code()}
			r.Causes = append(r.Causes, Way{By: c.By, Stage: c.Stage, How: c.How, Try: c.Try, Want: want})
		}
		r.Tags = tags(&e, r.Causes)
		list = append(list, r)
	}
	return list
}

// take tries one way in a session of its own.
func (c *Config) take(ctx context.Context, w *Way) error {
	s, err := dial(ctx, c, w.Try.Client)
	if err != nil {
		return err
	}
	defer s.close()
	for i, step := range w.Try.Steps {
		r, err := s.step(step)
		if err != nil {
			return err
		}
		if i == len(w.Try.Steps)-1 {
			w.Reply = r
			break
		}
		if n := r.ReplyCode(); n/100 != 2 && n/100 != 3 {
			return fmt.Errorf("%.80q was answered %.200q, and the try goes on from there: %w", step.Send, r.String(), ErrUnlike)
		}
	}
	if !w.Equal() {
		return fmt.Errorf("the answer was %.200q; want %d %s: %w", w.Reply.String(), w.Want.ReplyCode, w.Want.Code, ErrUnlike)
	}
	return nil
}
