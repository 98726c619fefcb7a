package smtpserver

import (
	"net"
	"strings"
	"testing"
)

// RFC 5321, 4.1.2 and RFC 6531, 3.3.
func TestMailbox(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	domain := func(n int) string { // of n bytes, in labels of at most 63
		return (strings.Repeat(long(49)+".", 5) + long(63))[:n]
	}
	for _, tt := range []struct {
		path string
		utf8 bool
		want pathFlaw
	}{
		{"a@example.org", false, pathFine},
		{"A.b+c=d@EXAMPLE.org", false, pathFine},
		{"!#$%&'*+-/=?^_`{|}~@example.org", false, pathFine},
		{"a..b.@example.org", false, pathFine}, // see isLocalPart
		{".@example.org", false, pathSyntax},
		{"a@b", false, pathFine},
		{"a@under_score.example", false, pathFine},
		{`"a b\"c@d"@example.org`, false, pathFine},
		{`""@example.org`, false, pathFine},
		{`"a"b"@example.org`, false, pathSyntax},
		{`"a\"@example.org`, false, pathSyntax},
		{`"a\é"@example.org`, true, pathSyntax},
		{`a"b@example.org`, false, pathSyntax},
		{`a(b)@example.org`, false, pathSyntax},
		{"a@[192.0.2.1]", false, pathFine},
		{"a@[IPv6:2001:db8::1]", false, pathFine},
		{"a@[tag:b@c]", false, pathFine},
		{"a@[]", false, pathSyntax},
		{"a@[a b]", false, pathSyntax},
		{"a@[[1]", false, pathSyntax},
		{"a", false, pathSyntax},
		{"@example.org", false, pathSyntax},
		{"a@example.org.", false, pathSyntax},
		{"a@exam ple.org", false, pathSyntax},
		{"a@example-.org", false, pathSyntax},
		{"@x.example", false, pathSyntax}, // a route without a mailbox
		{"@x.example,@y.example:a@example.org", false, pathFine},
		{"é@example.org", true, pathFine},
		{"é@example.org", false, pathNotASCII},
		{"a@éxample.org", true, pathFine},
		{"a@éxample.org", false, pathNotASCII},
		{"a\xff@example.org", true, pathSyntax},
		{"a\u0085@example.org", true, pathSyntax}, // a control character
		{"a\x00@example.org", false, pathSyntax},
		{"a@" + domain(255), false, pathFine},
		{"a@" + domain(256), false, pathTooLong},
		{"a@" + long(63) + ".org", false, pathFine},
		{"a@" + long(64) + ".org", false, pathSyntax},
		{long(1024-len("@example.org")) + "@example.org", false, pathFine},
		{long(1025-len("@example.org")) + "@example.org", false, pathTooLong},
	} {
		if got, flaw := mailbox(tt.path, tt.utf8); flaw != tt.want || flaw == pathFine && !strings.HasSuffix(tt.path, got) {
			t.Errorf("mailbox(%q, %v) = %q, %d, want flaw %d", tt.path, tt.utf8, got, flaw, tt.want)
		}
	}
}

func TestPathDomain(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"", ""}, {"Postmaster", ""}, {"a@Example.org", "Example.org"}, {`"a@b"@c`, "c"}, {"a@[192.0.2.1]", "[192.0.2.1]"},
	} {
		if got := (&Path{Address: tt.address}).Domain(); got != tt.want {
			t.Errorf("Domain of %q = %q, want %q", tt.address, got, tt.want)
		}
	}
}

// RFC 5321, 4.1.2: esmtp-keyword and esmtp-value.
func TestParseParams(t *testing.T) {
	for _, tt := range []struct {
		text, want string // want: "NAME=value,NAME=", "!" if refused
	}{
		{"", ""},
		{"  size=1   BODY=8bitMIME ", "SIZE=1,BODY=8bitMIME"},
		{"SMTPUTF8", "SMTPUTF8="},
		{"X-1=a+b<>;,", "X-1=a+b<>;,"},
		{"ORCPT=utf-8;é@example.org", "ORCPT=utf-8;é@example.org"},
		{"-X=1", "!"}, {"=1", "!"}, {"X_Y=1", "!"}, {"X=", "!"}, {"X=a=b", "!"}, {"X=\xff", "!"}, {"X=a\tb", "!"}, {"X=1 x=2", "!"},
	} {
		params, ok := parseParams(tt.text)
		var got []string
		for _, p := range params {
			got = append(got, p.Name+"="+p.Value)
		}
		if s := strings.Join(got, ","); ok != (tt.want != "!") || ok && s != tt.want {
			t.Errorf("parseParams(%q) = %q, %v, want %q", tt.text, s, ok, tt.want)
		}
	}
}

// Who is counted together.
func TestHostOf(t *testing.T) {
	for _, tt := range []struct {
		address net.Addr
		want    string
	}{
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 1}, "192.0.2.1/32"},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 2}, "192.0.2.1/32"},
		{&net.TCPAddr{IP: net.ParseIP("2001:db8:1:2:3::4")}, "2001:db8:1:2::/64"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, "fe80::/64"},
		{&net.UnixAddr{Name: "/run/lmtp"}, "invalid Prefix"},
		{&net.TCPAddr{IP: net.ParseIP("127.0.0.2")}, "invalid Prefix"},
		{&net.TCPAddr{IP: net.ParseIP("::1")}, "invalid Prefix"},
		{nil, "invalid Prefix"},
	} {
		if got := hostOf(tt.address).String(); got != tt.want {
			t.Errorf("hostOf(%v) = %s, want %s", tt.address, got, tt.want)
		}
	}
}

// A host whose sessions have ended leaves nothing behind.
func TestHostsAreForgotten(t *testing.T) {
	s, err := New(Config{Name: "mx.example.net", Handler: struct{ Handler }{}})
	if err != nil {
		t.Fatal(err)
	}
	var all []*session
	for _, ip := range []string{"192.0.2.1", "192.0.2.1", "2001:db8::1"} {
		mine, theirs := net.Pipe()
		defer mine.Close()
		n, ok := s.admit(t.Context(), from{theirs, ip})
		if !ok {
			t.Fatalf("no room for %s", ip)
		}
		all = append(all, n)
	}
	if len(s.hosts) != 2 {
		t.Errorf("%d hosts, want 2", len(s.hosts))
	}
	for _, n := range all {
		s.forget(n)
	}
	if len(s.hosts) != 0 || len(s.sessions) != 0 {
		t.Errorf("%d hosts, %d sessions left", len(s.hosts), len(s.sessions))
	}
}

// from is a connection that comes from an IP address.
type from struct {
	net.Conn
	ip string
}

func (f from) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(f.ip)} }
