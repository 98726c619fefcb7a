//go:build unix

package lab

import (
	"fmt"
	"net/netip"
	"net/smtp"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/test/postfix"
)

// home is the domain of senders, whose mailbox Postfix has.
const home = "client.example"

// main.cf of a Postfix whose mail all goes to the lab, but for its own domain's.
// Destinations are never put off as dead: all are the lab, which some addresses have
// break off. It reaches peers by transport_maps and their addresses: its resolver is the
// C library's, which asks servers at port 53 only, so that it can't be pointed to a DNS
// at any other port (resolv.conf(5)).
const mtaMain = `relayhost = [127.0.0.1]:%d
transport_maps = inline:{ %s }
virtual_mailbox_domains = ` + home + `
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:%s
virtual_gid_maps = static:%s
default_destination_concurrency_failed_cohort_limit = 1000
smtp_connect_timeout = %[5]s
smtp_helo_timeout = %[5]s
smtp_starttls_timeout = %[5]s
smtp_mail_timeout = %[5]s
smtp_rcpt_timeout = %[5]s
smtp_data_init_timeout = %[5]s
smtp_data_done_timeout = %[5]s
smtp_quit_timeout = %[5]s
smtp_rset_timeout = %[5]s
minimal_backoff_time = 4s
`

// mtaPatience is how long that Postfix waits for an answer: longer than minimal_backoff_time,
// the age from which on mail goes out in plain text where opportunistic TLS has failed.
const mtaPatience = "5s"

// Transports that ask for TLS, and for a certificate of the lab's authority.
const mtaMaster = `127.0.0.1:%d inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
may unix - - n - - smtp -o smtp_tls_security_level=may
encrypt unix - - n - - smtp -o smtp_tls_security_level=encrypt
secure unix - - n - - smtp -o smtp_tls_security_level=secure -o smtp_tls_secure_cert_match=mx.lab.test -o smtp_tls_CAfile={dir}/ca.pem
`

// A mta is a Postfix that sends to a lab.
type mta struct {
	*postfix.Server
	lab  *lab.Lab
	port int // where it takes mail
}

// startMTA starts a lab with all its peers, and a Postfix for which PEER.peer.example is
// at that peer, TRANSPORT.PEER.peer.example the same by another transport.
func startMTA(t *testing.T) *mta {
	t.Helper()
	p := postfix.New(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		postfix.Absent(t, err.Error())
	}
	m := &mta{Server: p, port: postfix.FreePort(t)}
	m.lab = start(t, lab.Config{HTTP: lab.Off, DNS: lab.Off, Reports: fmt.Sprintf("client:%d", m.port)})
	p.Folder(t, "mail", nobody)
	p.Write(t, "ca.pem", string(m.lab.Authority()))
	var routes strings.Builder
	route := func(domain, transport, addr string) {
		host, port := hostPort(t, addr)
		fmt.Fprintf(&routes, "{ %s = %s:[%s]:%s } ", domain, transport, host, port)
	}
	for _, peer := range m.lab.Peers() {
		route(peer.Name+".peer.example", "smtp", peer.Addr.String())
		for _, transport := range []string{"may", "encrypt", "secure", "lmtp"} {
			route(transport+"."+peer.Name+".peer.example", transport, peer.Addr.String())
		}
	}
	main := fmt.Sprintf(mtaMain, m.lab.Addr().Port(), &routes, nobody.Uid, nobody.Gid, mtaPatience)
	p.Start(t, main, strings.ReplaceAll(fmt.Sprintf(mtaMaster, m.port), "{dir}", p.Dir), m.port)
	return m
}

// send hands a message in, with no parameters. Postfix takes it, and sends it on by and by.
func (m *mta) send(t *testing.T, from, id string, to ...string) {
	t.Helper()
	c, err := smtp.NewClient(dial(t, fmt.Sprintf("127.0.0.1:%d", m.port), netip.Addr{}), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lines := []string{"EHLO client.example.com", "MAIL FROM:<" + from + ">"}
	for _, r := range to {
		lines = append(lines, "RCPT TO:<"+r+">")
	}
	for _, line := range append(lines, "DATA") {
		if got, err := command(c, line); err != nil || got[0] > '3' {
			t.Fatalf("Postfix says %q to %q, %v", got, line, err)
		}
	}
	text := strings.ReplaceAll("Message-ID: <"+id+"@"+home+">\n"+letter, "\n", "\r\n")
	if got, err := data(c, text); err != nil || got[0] != '2' {
		t.Fatalf("Postfix says %q to the message, %v", got, err)
	}
}

// outcomes returns the lines of the log that tell what became of a recipient.
func (m *mta) outcomes(t *testing.T, to string) []string {
	t.Helper()
	log, err := os.ReadFile(m.Log())
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, " to=<"+to+">, ") && strings.Contains(line, " status=") {
			found = append(found, line)
		}
	}
	return found
}

// outcome waits for the line of the log that tells what became of a recipient at the
// nth try, the first being 1.
func (m *mta) outcome(t *testing.T, to string, nth int) string {
	t.Helper()
	var found []string
	postfix.WaitFor(t, 2*postfix.Patience, fmt.Sprintf("try %d to %s", nth, to), func() bool {
		found = m.outcomes(t, to)
		return len(found) >= nth
	})
	return found[nth-1]
}

// again has Postfix try a message anew, that a line of the log says was put off, until
// there is a second outcome: postqueue(1), -i. It does so more than once, as what the log
// tells of may not be in the deferred queue yet, where alone that has an effect.
func (m *mta) again(t *testing.T, to, line string) {
	t.Helper()
	_, after, _ := strings.Cut(line, "]: ")
	id, _, _ := strings.Cut(after, ":")
	const every = 25 // looks at the log
	looks := 0
	postfix.WaitFor(t, 2*postfix.Patience, "another try to "+to, func() bool {
		if len(m.outcomes(t, to)) > 1 {
			return true
		}
		if looks++; looks%every == 1 {
			if out, err := m.Command(t.Context(), "/usr/sbin/postqueue", "-i", id).CombinedOutput(); err != nil {
				t.Logf("postqueue -i %s: %v: %s", id, err, out)
			}
		}
		return false
	})
}

// delivered waits for a message in the senders' mailbox that has all of the words.
func (m *mta) delivered(t *testing.T, words ...string) string {
	t.Helper()
	found := ""
	postfix.WaitFor(t, 2*postfix.Patience, fmt.Sprintf("mail with %q", words), func() bool {
		files, err := filepath.Glob(m.Path("mail/inbox/new/*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				continue // moved meanwhile
			}
			found = string(b)
			all := true
			for _, w := range words {
				all = all && strings.Contains(found, w)
			}
			if all {
				return true
			}
		}
		return false
	})
	return found
}
