package smtpclient_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpclient"
)

// TestCheckAddress: RFC 5321, 4.1.2 and RFC 6531, 3.3.
func TestCheckAddress(t *testing.T) {
	for _, good := range []string{
		"a@example.net", "a.b+c=d@example.net", "a..b.@example.net", `"a b"@example.net`, `"<a>\"@\\"@example.net`,
		"a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "ä@exämple.net", "a@host", "a_b@c_d.example", strings.Repeat("a", 64) + "@example.net",
	} {
		if err := smtpclient.CheckAddress(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "a", "@example.net", "a@", "a b@example.net", "a@exam ple.net", "a@example.net> SIZE=1", "<a@example.net>", "a@example.net\r\nDATA",
		"a\n@example.net", "a\x00@example.net", "a\x7f@example.net", "a\u0085@example.net", "a\xff@example.net", `"a"b"@example.net`, `"a\"@example.net`,
		"\"a\r\"@example.net", "a@[192.0.2.1]>", "a@[>]", "a@[]", "a@b..c", "a(b)@example.net", "a@b@example.net", "@relay.example:a@example.net",
		"a@" + strings.Repeat("b", smtpclient.MaxAddress),
	} {
		if err := smtpclient.CheckAddress(bad); !errors.Is(err, smtpclient.ErrUnwritable) {
			t.Errorf("%q: %v, want ErrUnwritable", bad, err)
		}
	}
}

// TestNothingSent: what can't be written is refused before a byte of it is sent.
func TestNothingSent(t *testing.T) {
	client := against(t, `S: 220 mx
		C: EHLO c.example
		S: 250-mx
		S: 250-DSN
		S: 250-AUTH PLAIN
		S: 250 SIZE`, smtpclient.Config{})
	ctx := t.Context()
	_, err := client.Hello(ctx, "c.example\r\nMAIL FROM:<>")
	wantError(t, "a name of two lines", err, smtpclient.ErrUnwritable)
	if _, err := client.Hello(ctx, "c.example"); err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) smtpclient.Path {
		return smtpclient.Path{Address: "a@c.example", Params: []smtpclient.Param{{Name: name, Value: value}}}
	}
	long := strings.Repeat("x", smtpclient.MaxCommand)
	for what, c := range map[string]struct {
		from smtpclient.Path
		want error
	}{
		"a value with a space":    {with("ENVID", "a b"), smtpclient.ErrUnwritable},
		"a value with =":          {with("ENVID", "a=b"), smtpclient.ErrUnwritable},
		"a value of two lines":    {with("ENVID", "a\r\nDATA"), smtpclient.ErrUnwritable},
		"a name with a space":     {with("SIZE ", "1"), smtpclient.ErrNotOffered},
		"a long value":            {with("ENVID", long), smtpclient.ErrUnwritable},
		"a parameter not offered": {with("MT-PRIORITY", "1"), smtpclient.ErrNotOffered},
		"BODY not offered":        {with("BODY", "8BITMIME"), smtpclient.ErrNotOffered},
		"a sender with a bracket": {path("a>@c.example"), smtpclient.ErrUnwritable},
		"a sender in UTF-8":       {path("ä@c.example"), smtpclient.ErrUnwritable},
		"a parameter twice":       {smtpclient.Path{Params: []smtpclient.Param{{Name: "SIZE", Value: "1"}, {Name: "size", Value: "2"}}}, smtpclient.ErrUnwritable},
		"too many parameters":     {smtpclient.Path{Params: make([]smtpclient.Param, smtpclient.MaxParams+1)}, smtpclient.ErrNotOffered},
	} {
		_, err := client.Mail(ctx, c.from)
		wantError(t, what, err, c.want)
	}
	_, err = client.Rcpt(ctx, path(""))
	wantError(t, "no recipient", err, smtpclient.ErrUnwritable)
	_, err = client.Rcpt(ctx, path("ä@d.example"))
	wantError(t, "a recipient in UTF-8", err, smtpclient.ErrNotOffered)
	_, err = client.Verify(ctx, "a\r\nDATA")
	wantError(t, "VRFY of two lines", err, smtpclient.ErrUnwritable)
	_, err = client.Verify(ctx, " ")
	wantError(t, "VRFY of nobody", err, smtpclient.ErrUnwritable)
	for _, line := range []string{"", "data", "MAIL FROM:<>", "HELP\nDATA", "BDAT 1"} {
		_, err = client.Command(ctx, line)
		wantError(t, line, err, smtpclient.ErrUnwritable)
	}
	_, err = client.StartTLS(ctx, nil)
	wantError(t, "STARTTLS", err, smtpclient.ErrNotOffered)
	_, err = client.Auth(ctx, smtpclient.Login{Mechanism: "LOGIN"})
	wantError(t, "AUTH LOGIN", err, smtpclient.ErrNotOffered)
	_, err = client.Auth(ctx, smtpclient.Login{Mechanism: "CRAM-MD5"})
	wantError(t, "AUTH CRAM-MD5", err, smtpclient.ErrUnwritable)
	_, err = client.Auth(ctx, smtpclient.Login{User: "a\x00b"})
	wantError(t, "a NUL", err, smtpclient.ErrUnwritable)
	for _, data := range []string{"a\nb\r\n", "a\rb\r\n", "a\r\n.\n", "a\r", "\n", "a\r\r\n", "a\n\r"} {
		_, err := client.Send(ctx, smtpclient.Message{To: paths("b@d.example"), Data: []byte(data)})
		wantError(t, data, err, smtpclient.ErrLineEnds)
		_, _, err = client.Data(ctx, []byte(data))
		wantError(t, data, err, smtpclient.ErrLineEnds)
	}
	_, err = client.Send(ctx, smtpclient.Message{To: paths("b@d.example"), Data: []byte("\xe9\r\n")})
	wantError(t, "8-bit", err, smtpclient.ErrNotOffered)
	_, err = client.Send(ctx, smtpclient.Message{})
	wantError(t, "nobody", err, smtpclient.ErrUnwritable)
	if err := client.Ended(); err != nil {
		t.Errorf("the session is over: %v", err)
	}
	_ = client.Close()
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	var wire *smtpclient.WireError
	if !errors.Is(err, want) || errors.As(err, &wire) {
		t.Errorf("%q: error %v, want %v", what, err, want)
	}
}

// TestEdges: what lies at a limit is written.
func TestEdges(t *testing.T) {
	value := strings.Repeat("x", smtpclient.MaxCommand-len("MAIL FROM:<> ENVID=\r\n"))
	local := strings.Repeat("a", smtpclient.MaxAddress-len("@d.example"))
	client := against(t, script("S: 220 mx\nC: EHLO c.example\nS: 250-mx\nS: 250 DSN\nC: MAIL FROM:<> ENVID="+value+"\nS: 250 ok\nC: RCPT TO:<"+local+"@d.example>\nS: 250 ok\nC: RCPT TO:<Postmaster>\nS: 250 ok"), smtpclient.Config{})
	ctx := t.Context()
	if _, err := client.Hello(ctx, "c.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Mail(ctx, smtpclient.Path{Params: []smtpclient.Param{{Name: "ENVID", Value: value}}}); err != nil {
		t.Error(err)
	}
	for _, to := range []string{local + "@d.example", "Postmaster"} {
		if _, err := client.Rcpt(ctx, path(to)); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.Mail(ctx, smtpclient.Path{Params: []smtpclient.Param{{Name: "ENVID", Value: value + "x"}}}); !errors.Is(err, smtpclient.ErrUnwritable) {
		t.Errorf("one byte more: %v", err)
	}
	_ = client.Close()
}
