package walk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// says has a server say one thing after the other to one client: the first at once, then
// one after each line that it hears. It returns its address, and what it heard.
func says(t *testing.T, replies ...string) (netip.AddrPort, func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	go func() {
		var all strings.Builder
		defer func() { heard <- all.String() }()
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for i, r := range replies {
			if i > 0 {
				line, err := in.ReadString('\n')
				all.WriteString(line)
				if err != nil {
					return
				}
			}
			if _, err := io.WriteString(conn, r); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return netip.MustParseAddrPort(l.Addr().String()), func() string { return <-heard }
}

func TestTake(t *testing.T) {
	const hi, ehlo = "220 lab.test\r\n", "250-lab.test\r\n250 SIZE\r\n"
	noop := check.Reply{ReplyCode: 250, Code: nixie.MustCode("2.0.0")}
	tests := []struct {
		name    string
		replies []string
		steps   []check.Step
		unlike  bool
		want    string // of the error, "" for none
	}{
		{"as asked", []string{hi, ehlo, "250 2.0.0 Ok\r\n"}, []check.Step{{Send: "NOOP"}}, false, ""},
		{"two lines", []string{hi, ehlo, "250-2.0.0 Ok\r\n250 2.0.0 then\r\n"}, []check.Step{{Send: "NOOP"}}, false, ""},
		{"greeted with a refusal", []string{"554 5.3.2 No\r\n"}, []check.Step{{Send: "NOOP"}}, true, `the greeting is "554 5.3.2 No`},
		{"EHLO refused", []string{hi, "502 No\r\n"}, []check.Step{{Send: "NOOP"}}, true, `EHLO was answered "502 No`},
		{"another code", []string{hi, ehlo, "250 2.1.0 Ok\r\n"}, []check.Step{{Send: "NOOP"}}, true, "want 250 2.0.0"},
		{"another reply code", []string{hi, ehlo, "251 2.0.0 Ok\r\n"}, []check.Step{{Send: "NOOP"}}, true, "want 250 2.0.0"},
		{"no code", []string{hi, ehlo, "250 Ok\r\n"}, []check.Step{{Send: "NOOP"}}, true, "want 250 2.0.0"},
		{"a code on one line only", []string{hi, ehlo, "250-2.0.0 Ok\r\n250 then\r\n"}, []check.Step{{Send: "NOOP"}}, true, "want 250 2.0.0"},
		{"refused on the way", []string{hi, ehlo, "550 5.1.0 No\r\n"}, []check.Step{{Send: "MAIL FROM:<>"}, {Send: "NOOP"}}, true, `"MAIL FROM:<>" was answered "550 5.1.0 No`},
		{"closed", []string{hi, ehlo}, []check.Step{{Send: "NOOP"}}, false, `at "NOOP": reading a reply`},
		{"no reply", []string{hi, ehlo, "Hello there\r\n"}, []check.Step{{Send: "NOOP"}}, true, "want 250 2.0.0"},
		{"a line without end", []string{hi, ehlo, strings.Repeat("2", 5000) + "\r\n"}, []check.Step{{Send: "NOOP"}}, false, "buffer full"},
		{"lines without end", []string{hi, ehlo, strings.Repeat("250-2.0.0 Ok\r\n", maxReply/14+1)}, []check.Step{{Send: "NOOP"}}, false, "more than 65536 bytes"},
		{"no TLS", []string{hi, ehlo, "220 Go on\r\n"}, []check.Step{{Send: "STARTTLS"}, {Send: "NOOP"}}, false, "no configuration of TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr, heard := says(t, tt.replies...)
			c := Config{Addr: addr}
			w := Way{By: check.Server, Stage: order.Other, Try: check.Try{Steps: tt.steps}, Want: noop}
			err := c.take(t.Context(), &w)
			if tt.want == "" && err != nil || !strings.Contains(fmt.Sprint(err), tt.want) || errors.Is(err, ErrUnlike) != tt.unlike {
				t.Errorf("%v; want %q, ErrUnlike %v", err, tt.want, tt.unlike)
			}
			if err == nil && w.Reply.String() != tt.replies[len(tt.replies)-1] {
				t.Errorf("the reply is %q; want it word for word", w.Reply.String())
			}
			heard()
		})
	}
}

func TestConnecting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Addr: netip.MustParseAddrPort(l.Addr().String())}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.take(t.Context(), &Way{}); !strings.Contains(fmt.Sprint(err), "connecting: ") {
		t.Errorf("nobody listens: %v", err)
	}
	// 192.0.2.1 is for documents, and nobody's: RFC 5737, 3.
	from := Way{Try: check.Try{Client: netip.MustParseAddr("192.0.2.1")}}
	if err := c.take(t.Context(), &from); !strings.Contains(fmt.Sprint(err), "coming from 192.0.2.1, which loopback must have") {
		t.Errorf("from another's address: %v", err)
	}
}

// TestDotted is RFC 5321, 4.5.2.
func TestDotted(t *testing.T) {
	addr, heard := says(t, "220 lab.test\r\n", "250 lab.test\r\n", "", "", "", "250 2.0.0 Ok\r\n")
	w := Way{
		Try:  check.Try{Steps: []check.Step{{Send: ".\r\n..a\r\nb\r\n", Message: true}}},
		Want: check.Reply{ReplyCode: 250, Code: nixie.MustCode("2.0.0")},
	}
	c := Config{Addr: addr}
	if err := c.take(t.Context(), &w); err != nil {
		t.Error(err)
	}
	if got, want := heard(), hello+"\r\n..\r\n...a\r\nb\r\n.\r\n"; got != want {
		t.Errorf("the server heard %q; want %q", got, want)
	}
}
