//go:build unix

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/test/postfix"
)

// guide is the document whose commands are run here.
const guide = "../../docs/beside-postfix.md"

// sections returns the commands of a document by the heading they stand under.
func sections(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	heading, block, inside := "", "", false
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "```sh"):
			inside, block = true, ""
		case strings.HasPrefix(line, "```"):
			inside = false
			all[heading] = append(all[heading], block)
		case inside:
			block += line
		case strings.HasPrefix(line, "## "):
			heading = strings.TrimSpace(line[3:])
		}
	}
	return all
}

// A reader is somebody who does as the document says, on a machine whose files are
// below a folder of the test.
type reader struct {
	rig     *rig
	service *service
	root    string
	here    *strings.Replacer // from the document's paths and ports to the test's
}

// systemctl stands for the real one: it notes what it was told.
const systemctl = "#!/bin/sh\necho \"$*\" >> \"$SYSTEMCTL\"\n"

func newReader(t *testing.T) *reader {
	t.Helper()
	d := &reader{rig: newRig(t), root: t.TempDir()}
	port := func() string { return fmt.Sprintf("127.0.0.1:%d", postfix.FreePort(t)) }
	d.here = strings.NewReplacer(
		"/etc/postfix", d.rig.Path("conf"), "/var/log/mail.log", d.rig.Log(),
		"/usr/bin/nixie", d.root+"/bin/nixie", "/etc/", d.root+"/etc/", "/var/lib/", d.root+"/var/lib/",
		"127.0.0.1:2525", port(), "127.0.0.1:2526", port(), "127.0.0.1:2025", port(), "127.0.0.1:8025", port(),
	)
	for _, name := range []string{"bin", "tools"} {
		if err := os.Mkdir(filepath.Join(d.root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(d.root+"/tools/systemctl", []byte(systemctl), 0o755); err != nil {
		t.Fatal(err)
	}
	for from, name := range map[string]string{build(t): "nixie", "../../packaging/systemd/nixie.service": "nixie.service"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.root, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// do runs commands of the document and returns what they write.
func (d *reader) do(t *testing.T, commands string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-e", "-c", d.here.Replace(commands))
	cmd.Dir = d.root
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+d.rig.Path("conf"), "SYSTEMCTL="+d.root+"/told",
		"PATH="+d.root+"/tools:"+d.root+"/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v: %s", commands, err, out)
	}
	return string(out)
}

// told returns what systemctl was told last.
func (d *reader) told(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(d.root + "/told")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// systemd starts the service as its unit has it.
func (d *reader) systemd(t *testing.T) {
	t.Helper()
	unit, err := os.ReadFile(d.root + "/etc/systemd/system/nixie.service")
	if err != nil || !strings.Contains(string(unit), "\nExecStart=/usr/bin/nixie serve\n") ||
		!strings.Contains(string(unit), "\nConfigurationDirectory=nixie\n") || !strings.Contains(string(unit), "\nStateDirectory=nixie\n") {
		t.Fatalf("the unit does not start nixie as this test does: %v, %s", err, unit)
	}
	data := d.root + "/var/lib/nixie"
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	d.service = &service{program: d.root + "/bin/nixie", data: data, env: []string{"CONFIGURATION_DIRECTORY=" + d.root + "/etc/nixie", "STATE_DIRECTORY=" + data}}
	d.service.run(t, "serve")
	t.Cleanup(func() { d.service.stop(t) })
}

// TestDocument does what docs/beside-postfix.md says, and sees that it is so.
func TestDocument(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		postfix.Absent(t, "curl is not installed; run test/install")
	}
	says := sections(t)
	all := func(section string) (commands string) {
		if len(says[section]) == 0 {
			t.Fatalf("%s has no commands under %q", guide, section)
		}
		return strings.Join(says[section], "")
	}
	d := newReader(t)
	r := d.rig
	r.begin(t, 6*time.Second, "", "smtpd_recipient_restrictions = permit_mynetworks, reject\n")

	d.do(t, all("Install"))
	if told := d.told(t); told != "enable --now nixie" {
		t.Fatalf("systemctl was told %q", told)
	}
	d.systemd(t)
	first := r.letter("unknown1@peer.example")
	send(t, r.plain, first)
	d.service.found(t, first, first.to[0], "failed")
	if out := d.do(t, strings.ReplaceAll(all("First look"), "ann@example.net", first.to[0])); strings.Count(out, first.to[0]) < 3 || !strings.Contains(out, "bad-mailbox") {
		t.Errorf("the first look shows %s", out)
	}
	if out := d.do(t, all("Old logs")); !strings.Contains(out, " 0 new events") {
		t.Errorf("what was followed and is read again: %s", out)
	}

	d.do(t, all("Let Postfix ask"))
	second := r.letter("unknown1@peer.example")
	postfix.WaitFor(t, postfix.Patience, "Postfix to ask", func() bool {
		second = r.letter("unknown1@peer.example")
		return len(send(t, r.plain, second)) == 1
	})
	d.service.found(t, second, second.to[0], "dropped")
	third := r.letter("unknown1@peer.example")
	r.sendmail(t, third)
	d.service.found(t, third, third.to[0], "dropped")

	out := d.do(t, all("Bounces of other servers"))
	_, path, _ := strings.Cut(out, `"return_path":"`)
	path, _, _ = strings.Cut(path, `"`)
	if !strings.HasSuffix(path, "@bounce.example.org") {
		t.Fatalf("no return path in %s", out)
	}
	about := &letter{from: "you@example.org", to: []string{"ann@example.net"}, id: "1@example.org"}
	send(t, r.plain, late(t, about, "ann@example.net", path))
	d.service.found(t, about, "ann@example.net", "failed")
	var why struct{ Dropped bool }
	d.service.ports["http"] = d.here.Replace("127.0.0.1:8025")
	if d.service.call(t, http.MethodGet, "/recipients/ann@example.net/why", nil, &why); !why.Dropped {
		t.Error("the bounce to the signed return path drops nobody")
	}

	d.do(t, all("Undo"))
	if told := d.told(t); told != "disable --now nixie" {
		t.Errorf("systemctl was told %q", told)
	}
	d.service.stop(t)
	last := r.letter("unknown1@peer.example")
	postfix.WaitFor(t, postfix.Patience, "Postfix to ask nobody", func() bool {
		last = r.letter("unknown1@peer.example")
		return len(send(t, r.plain, last)) == 0
	})
	postfix.WaitFor(t, postfix.Patience, "the peer to be asked", func() bool {
		return len(r.peer.tries(try{last.from, last.to[0]})) > 0
	})
}
