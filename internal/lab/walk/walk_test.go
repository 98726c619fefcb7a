package walk

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// given lists the registry by the first who can be made to give each code. Natural is what
// a receiver without foreign cryptography has a reason for; Server what its SMTP itself says
// by RFC 5321 and 4954; Never what only a sending program or a report has. A code that IANA
// adds must find its place here.
func given() map[check.By]string {
	return map[check.By]string{
		check.Natural: `X.1.0 X.1.1 X.1.2 X.1.4 X.1.5 X.1.6 X.1.8 X.1.10
		X.2.0 X.2.1 X.2.2 X.2.3 X.2.4 X.3.0 X.3.1 X.3.2 X.3.5 X.3.6 X.4.3 X.4.4 X.4.5 X.4.6
		X.5.3 X.5.4 X.6.0 X.6.1 X.6.2 X.6.3 X.6.4 X.6.5 X.6.7 X.6.8 X.6.9
		X.7.0 X.7.1 X.7.2 X.7.4 X.7.8 X.7.9 X.7.10 X.7.11 X.7.12 X.7.13 X.7.15 X.7.16 X.7.17 X.7.18 X.7.19
		X.7.20 X.7.21 X.7.22 X.7.23 X.7.24 X.7.25 X.7.26 X.7.27 X.7.28 X.7.29 X.7.30`,
		check.Server:  `X.0.0 X.1.3 X.1.7 X.3.4 X.5.1 X.5.2 X.5.6`,
		check.Address: `X.3.3 X.4.2 X.5.0 X.5.5 X.6.6 X.7.3 X.7.5 X.7.6 X.7.7 X.7.14`,
		check.Never:   `X.1.9 X.4.0 X.4.1 X.4.7 X.6.10`,
	}
}

// whole walks the registry in less than ten seconds.
func whole(t *testing.T, c Config) []Result {
	t.Helper()
	begun := time.Now()
	list, err := Walk(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	if took > 10*time.Second {
		t.Errorf("the walk took %v; want at most 10s", took)
	}
	ways := 0
	for i := range list {
		ways += len(list[i].Causes) + len(list[i].Tags)
	}
	t.Logf("%d codes in %d ways: %v", len(list), ways, took)
	return list
}

// TestWalk holds each reply, as net/textproto reads it, to what was asked for.
func TestWalk(t *testing.T) {
	list := whole(t, Config{})
	who := map[string]check.By{}
	for by, codes := range given() {
		for _, c := range strings.Fields(codes) {
			who[c] = by
		}
	}
	entries := nixie.Builtin().Entries()
	if len(list) != len(entries) || len(who) != len(entries) {
		t.Fatalf("%d results, %d in the test's table; the registry has %d codes", len(list), len(who), len(entries))
	}
	onWire := 0
	for i, e := range entries {
		r := &list[i]
		if r.Detail != e.Detail {
			t.Fatalf("result %d is of %v; want %v", i, r.Detail, e.Detail)
		}
		if who[r.Detail.String()] == "" {
			t.Errorf("%v is new in the registry: add it to the causes, and to the table of this test", r.Detail)
		}
		if got := r.first(); got != who[r.Detail.String()] {
			t.Errorf("%v is given by %s; want %s", r.Detail, got, who[r.Detail.String()])
		}
		if r.OnWire() {
			onWire++
		}
		seenBothWays(t, r)
	}
	if onWire != 76 {
		t.Errorf("%d codes on the wire; want 76", onWire)
	}
}

// first is the first of natural, server and address that gives the code.
func (r *Result) first() check.By {
	for _, by := range []check.By{check.Natural, check.Server, check.Address} {
		if r.has(by) {
			return by
		}
	}
	return check.Never
}

// seenBothWays holds that each reply came for its cause and to an address, as it should be.
func seenBothWays(t *testing.T, r *Result) {
	t.Helper()
	type reply struct {
		check.Reply
		stage order.Stage
	}
	byTag := map[reply]bool{}
	for i := range r.Tags {
		w := &r.Tags[i]
		asWanted(t, r, w)
		byTag[reply{w.Want, w.Stage}] = true
	}
	for i := range r.Causes {
		w := &r.Causes[i]
		asWanted(t, r, w)
		if w.Want.Code.Detail() != r.Detail {
			t.Errorf("%v: a cause gives %v", r.Detail, w.Want.Code)
		}
		if w.By != check.Address && !byTag[reply{w.Want, reachable(w.Stage)}] {
			t.Errorf("%v: %d %s was not asked for by an address at %s", r.Detail, w.Want.ReplyCode, w.Want.Code, reachable(w.Stage))
		}
	}
}

// asWanted reads a reply with another reader than ours, and ours.
func asWanted(t *testing.T, r *Result, w *Way) {
	t.Helper()
	raw := w.Reply.String()
	in := bufio.NewReader(strings.NewReader(raw))
	replyCode, text, err := textproto.NewReader(in).ReadResponse(0)
	if err != nil || in.Buffered() > 0 {
		t.Errorf("%v: net/textproto reads %q: %v, with %d bytes more", r.Detail, raw, err, in.Buffered())
	}
	if replyCode != w.Want.ReplyCode || w.Reply.ReplyCode() != w.Want.ReplyCode {
		t.Errorf("%v: the reply code of %q is %d, by nixie %d; want %d", r.Detail, raw, replyCode, w.Reply.ReplyCode(), w.Want.ReplyCode)
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, w.Want.Code.String()+" ") {
			t.Errorf("%v: %q; want %v on each line", r.Detail, raw, w.Want.Code)
		}
	}
	if code, how := w.Reply.Effective(); code != w.Want.Code || how != nixie.HowSent || !w.Equal() {
		t.Errorf("%v: %q is read as %v, %s; want %v as it was sent", r.Detail, raw, code, how, w.Want.Code)
	}
}

// TestExplained has each reply read back by what nixie explain does.
func TestExplained(t *testing.T) {
	n := 0
	list := whole(t, Config{})
	for i := range list {
		for _, w := range append(list[i].Causes, list[i].Tags...) {
			n++
			found, err := explain.Text(w.Reply.String(), explain.Options{})
			if err != nil || len(found) != 1 {
				t.Errorf("%q: %d explanations, %v", w.Reply.String(), len(found), err)
				continue
			}
			x := &found[0]
			if x.Kind != explain.KindReply || x.ReplyCode != w.Want.ReplyCode || x.Code != w.Want.Code || x.Effective != w.Want.Code {
				t.Errorf("%q: %s %d %v, to act on %v; want %d %v", w.Reply.String(), x.Kind, x.ReplyCode, x.Code, x.Effective, w.Want.ReplyCode, w.Want.Code)
			}
			if x.Match.Entry == nil || x.Match.Entry.Detail != w.Want.Code.Detail() || x.Verdict == nil || x.Headline == "" {
				t.Errorf("%q is not explained: %+v", w.Reply.String(), x.Match)
			}
		}
	}
	if n < 150 {
		t.Errorf("%d replies; want at least two for each of 76 codes", n)
	}
}

// own starts a lab as a person does, but for the clock.
func own(t *testing.T) Config {
	t.Helper()
	l, err := lab.Start(t.Context(), lab.Config{HTTP: lab.Off, NoPeers: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.Authority())
	return Config{Addr: l.Addr(), TLS: &tls.Config{RootCAs: pool, ServerName: lab.Host, Time: now}}
}

// TestWalkAt walks a lab that runs already: it says what the walk's own says, and no longer
// once its mailboxes are full.
func TestWalkAt(t *testing.T) {
	c := own(t)
	first, theirs := whole(t, c), whole(t, Config{})
	for i := range first {
		a, b := append(first[i].Causes, first[i].Tags...), append(theirs[i].Causes, theirs[i].Tags...)
		for j := range a {
			if a[j].Reply.String() != b[j].Reply.String() {
				t.Errorf("%v: %q, and the walk's own lab says %q", first[i].Detail, a[j].Reply.String(), b[j].Reply.String())
			}
		}
	}
	again, err := Walk(t.Context(), c)
	if !errors.Is(err, ErrUnlike) || !strings.Contains(fmt.Sprint(err), "X.2.2, natural at data") || len(again) != len(first) {
		t.Errorf("a walk where mailboxes are full: %d results, %v; want ErrUnlike for X.2.2", len(again), err)
	}
}

// TestMechanisms tells a mechanism that other servers have from one that nobody has: 5.7.4 by
// the registry, and 5.5.4 by RFC 4954, 4.
func TestMechanisms(t *testing.T) {
	c := own(t)
	for line, code := range map[string]string{"AUTH GSSAPI": "5.7.4", "auth scram-sha-256 AA==": "5.7.4", "AUTH MAGIC": "5.5.4"} {
		try(t, &c, tagged(order.Auth, line, check.Reply{ReplyCode: 504, Code: nixie.MustCode(code)}, check.Step{Send: line}))
	}
}

func TestWalkWithoutTLS(t *testing.T) {
	c := own(t)
	c.TLS = nil
	if _, err := Walk(t.Context(), c); !strings.Contains(fmt.Sprint(err), "X.7.30") || !strings.Contains(fmt.Sprint(err), "no configuration of TLS") {
		t.Errorf("%v; want an error that names X.7.30", err)
	}
}

func TestWalkEnds(t *testing.T) {
	c := own(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if list, err := Walk(ctx, c); !errors.Is(err, why) || len(list) != 81 {
		t.Errorf("%d results, %v; want all 81, and why it ended", len(list), err)
	}
	if _, err := Walk(ctx, Config{}); err == nil {
		t.Error("a lab of the walk's own outlives its context")
	}
}
