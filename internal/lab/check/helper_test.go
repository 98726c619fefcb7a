package check_test

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/zone"
)

// domains is the DNS of the causes.
func domains(domain string) zone.Standing {
	return map[string]zone.Standing{
		"nxdomain.lab.test": zone.NXDomain, "nodata.lab.test": zone.NoData,
		"servfail.lab.test": zone.ServFail, "nullmx.lab.test": zone.NullMX,
	}[domain]
}

func spf(domain string, _ netip.Addr) zone.SPFResult {
	r, ok := map[string]zone.SPFResult{
		"spf-fail.lab.test": zone.SPFFail, "spf-two.lab.test": zone.SPFPermError, "spf-temperror.lab.test": zone.SPFTempError,
		"spf-softfail.lab.test": zone.SPFSoftFail, "spf-pass.lab.test": zone.SPFPass,
	}[domain]
	if !ok {
		return zone.SPFNone
	}
	return r
}

// builtin reads the fixtures once, as they never change.
var builtin = sync.OnceValues(check.BuiltinFixtures)

// newChecker makes a Checker with the DNS above; nil fixtures are those built in.
func newChecker(t testing.TB, f *check.Fixtures) *check.Checker {
	t.Helper()
	if f == nil {
		var err error
		if f, err = builtin(); err != nil {
			t.Fatal(err)
		}
	}
	k, err := check.New(check.Config{
		Fixtures: f, Domain: domains, SPF: spf,
		Reverse: func(a netip.Addr) bool { return a != netip.MustParseAddr("127.0.0.3") },
		Listed: func(a netip.Addr) string {
			if a == netip.MustParseAddr("127.0.0.2") {
				return "for tests"
			}
			return ""
		},
		Challenge: func() string { return "1896.697170952" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A session keeps what the engine keeps: it says yes where the Checker is silent.
type session struct {
	t       testing.TB
	checker *check.Checker
	ask     order.Ask
	mech    string // of an exchange of AUTH that wants a line
}

func newSession(t testing.TB, k *check.Checker) *session {
	return &session{t: t, checker: k, ask: order.Ask{
		Now: time.Date(2026, 2, 2, 10, 0, 0, 0, time.UTC), Listener: "main", Client: netip.MustParseAddr("127.0.0.1"), ESMTP: true,
	}}
}

// step does a step and holds the reply to what it wants.
func (s *session) step(step check.Step) order.Order {
	s.t.Helper()
	o := s.do(step)
	got := check.Reply{ReplyCode: o.ReplyCode, Code: o.Code}
	switch {
	case step.Want.IsZero() && o.Says() && o.ReplyCode/100 > 3:
		s.t.Errorf("%.80q was refused: %d %s %q", step.Send, o.ReplyCode, o.Code, o.Lines)
	case !step.Want.IsZero() && got != step.Want:
		s.t.Errorf("%.80q was answered %d %s; want %d %s", step.Send, o.ReplyCode, o.Code, step.Want.ReplyCode, step.Want.Code)
	case o.Says() && o.Cause == "":
		s.t.Errorf("%.80q: the order has no cause", step.Send)
	}
	return o
}

func (s *session) do(step check.Step) order.Order {
	s.t.Helper()
	a := &s.ask
	a.Line = step.Send
	a.Verb, _, _ = strings.Cut(step.Send, " ")
	switch {
	case step.Message:
		return s.message(step.Send)
	case s.mech != "":
		return s.logIn(s.mech, step.Send)
	case a.Verb == "MAIL":
		a.Stage, a.To, a.ToParams, a.Recipients = order.Mail, "", nil, nil
		a.From, a.FromParams = path(step.Send)
		_, a.UTF8 = order.ParamOf(a.FromParams, "SMTPUTF8")
		return s.order()
	case a.Verb == "RCPT":
		a.Stage = order.Rcpt
		a.To, a.ToParams = path(step.Send)
		o := s.order()
		if o.ReplyCode/100 <= 2 {
			a.Recipients = append(a.Recipients, a.To)
		}
		a.To, a.ToParams = "", nil
		return o
	case a.Verb == "VRFY" || a.Verb == "EXPN":
		a.Stage = order.Verify
		return s.order()
	case a.Verb == "AUTH":
		return s.auth(step.Send)
	case a.Verb == "STARTTLS":
		a.TLS = true
	case a.Verb != "DATA":
		s.t.Fatalf("what is %q?", step.Send)
	}
	return order.Order{}
}

func (s *session) order() order.Order {
	o, ok := s.checker.Order(&s.ask)
	if ok != o.Answers() {
		s.t.Errorf("ok is %v, of the order %+v", ok, o)
	}
	return o
}

func (s *session) message(text string) order.Order {
	a := &s.ask
	a.Stage, a.Data, a.Size = order.Message, []byte(text), int64(len(text))
	header, _, _ := bytes.Cut(a.Data, []byte("\r\n\r\n"))
	a.Header = a.Data[:len(header)+2]
	o := s.order()
	if o.ReplyCode/100 <= 2 {
		s.checker.Took(a)
	}
	a.Header, a.Data, a.Size = nil, nil, 0
	return o
}

func (s *session) auth(line string) order.Order {
	words := strings.Fields(line)
	s.ask.Stage = order.Auth
	switch {
	case !slices.Contains(s.checker.Mechanisms(), words[1]):
		return s.order()
	case len(words) == 2:
		s.mech = words[1]
		return order.Order{}
	}
	return s.logIn(words[1], words[2])
}

func (s *session) logIn(mechanism, line string) order.Order {
	s.t.Helper()
	answer, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		s.t.Fatal(err)
	}
	_, o, err := s.checker.Authenticate(&s.ask, mechanism, func([]byte) ([]byte, error) { return answer, nil })
	if err != nil {
		s.t.Error(err)
	}
	return o
}

// path reads "MAIL FROM:<a@b> NAME=value".
func path(line string) (address string, params []order.Param) {
	_, rest, _ := strings.Cut(line, "<")
	address, rest, _ = strings.Cut(rest, ">")
	for _, word := range strings.Fields(rest) {
		name, value, _ := strings.Cut(word, "=")
		params = append(params, order.Param{Name: name, Value: value})
	}
	return address, params
}
