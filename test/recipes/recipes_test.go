//go:build unix

package recipes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/test/postfix"
)

func TestBounces(t *testing.T) {
	blocks := append(section(t, "Starting it"), section(t, "Recipe 1: ")...)
	newCook(t).follow(t, blocks)
}

func TestScript(t *testing.T) { newCook(t).follow(t, section(t, "Recipe 3: ")) }

func TestReports(t *testing.T) { newCook(t).follow(t, section(t, "Recipe 4: ")) }

// The sender and its test are a module of their own, as a user's are.
func TestModule(t *testing.T) {
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, requires, _ := strings.Cut(string(mod), "\nrequire ")
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"go.mod": "module example.com/mymail\n\ngo 1.26.0\n\nrequire github.com/nixiemail/nixie v0.0.0\n\nreplace github.com/nixiemail/nixie => " + root + "\n\nrequire " + requires,
		"go.sum": string(sum),
	}
	for _, b := range section(t, "Recipe 2: ") {
		name, _, _ := strings.Cut(strings.TrimPrefix(b.text, "// "), "\n")
		if b.kind != "go" || !strings.HasSuffix(name, ".go") {
			t.Fatalf("%s:%d: this is no file", guide, b.line)
		}
		files[name] = b.text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-mod=mod", "-count=1", "-v", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestSend") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPostfix(t *testing.T) {
	p := postfix.New(t)
	port := postfix.FreePort(t)
	c := newCook(t, "/etc/postfix", p.Path("conf"), "/var/log/mail.log", p.Log(), "--server 127.0.0.1:25 ", fmt.Sprintf("--server 127.0.0.1:%d ", port))
	c.env = append(c.env, "MAIL_CONFIG="+p.Path("conf"))
	// Postfix writes its log when it likes.
	c.before = func(t *testing.T, commands string) {
		wanted := map[string]string{"grep status=bounced": "dsn=5.7.27", "grep -e expired": "to=<ann@old.example>"}
		for begin, line := range wanted {
			if strings.HasPrefix(commands, begin) {
				postfix.WaitFor(t, postfix.Patience, line+" in Postfix's log", func() bool {
					log, _ := os.ReadFile(p.Log()) // absent: not there yet
					return strings.Contains(string(log), line)
				})
			}
		}
	}
	master := fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd\ntlsmgr unix - - n 1000? 1 tlsmgr\n", port)
	p.Start(t, "smtpd_recipient_restrictions = permit_mynetworks, reject\n", master, port)
	c.follow(t, section(t, "Recipe 5: "))
}
