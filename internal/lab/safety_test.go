package lab

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLoopbackOnly: the lab listens on loopback unless it is told that any host may come. 192.0.2.1 and
// 2001:db8::1 are an example's, and nobody's.
func TestLoopbackOnly(t *testing.T) {
	for _, addr := range []string{
		"192.0.2.1:0", "[2001:db8::1]:0", "[::ffff:192.0.2.1]:0", "0.0.0.0:0", "[::]:0", ":0", "example.org:0", "localhost.example.org:0", "127.0.0.1.example.org:0",
		"127.0.0.1", "", " 127.0.0.1:0",
	} {
		for name, c := range map[string]Config{
			"SMTP": {SMTP: addr, HTTP: Off, DNS: Off}, "HTTP": {HTTP: addr, DNS: Off}, "DNS": {DNS: addr, HTTP: Off},
		} {
			if addr == "" { // the default
				continue
			}
			c.NoPeers = true
			l, err := Start(t.Context(), c)
			if err == nil {
				l.Close()
			}
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), strings.TrimSpace(addr)) {
				t.Errorf("%s %q: %v; want ErrConfig", name, addr, err)
			}
		}
	}
	for _, addr := range []string{"", "127.0.0.1:0", "127.0.0.9:0"} {
		l := begin(t, Config{SMTP: addr, HTTP: addr, DNS: addr, NoPeers: true})
		if a := l.Addr(); !a.Addr().IsLoopback() || !l.HTTPAddr().Addr().IsLoopback() || !l.DNSAddr().Addr().IsLoopback() {
			t.Errorf("%q: the lab listens at %v, %v, %v", addr, a, l.HTTPAddr(), l.DNSAddr())
		}
	}
	for _, p := range begin(t, Config{HTTP: Off, DNS: Off}).Peers() {
		if !p.Addr.Addr().IsLoopback() {
			t.Errorf("the peer %s listens at %v", p.Name, p.Addr)
		}
	}
	// Told so, it listens where any host may come. Nobody but this test knows the port.
	if l := begin(t, Config{SMTP: "0.0.0.0:0", HTTP: Off, DNS: Off, NoPeers: true, AnyHost: true}); !l.Addr().Addr().IsUnspecified() {
		t.Errorf("the lab listens at %v", l.Addr())
	}
}

// TestNothingIsRelayed: in all of the lab two files alone make connections: the one that hands late
// reports over, which TestReportsNotSent holds to loopback, and the one that has programs ask the lab's
// own DNS. What takes part in a connection is looked for by name in the source of the lab, its packages
// and the server, so that whoever adds another dialer must come here.
func TestNothingIsRelayed(t *testing.T) {
	outward := map[string][]string{ // names of packages, and what of them goes out; "*" is all
		"net":        {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer", "Resolver", "DefaultResolver", "Lookup"},
		"http":       {"Get", "Post", "PostForm", "Head", "Client", "DefaultClient", "Transport", "DefaultTransport", "NewRequest"},
		"dns":        {"Client", "Exchange", "Dial", "Conn", "Transfer"},
		"tls":        {"Dial", "Dialer", "Client"},
		"smtp":       {"*"},
		"smtpclient": {"*"},
		"exec":       {"*"},
		"syscall":    {"Socket", "Connect", "Sendto"},
	}
	allowed := []string{"later/mail.go", "later/sender.go", "later/write.go", "zone/server.go"}
	files, dials := 0, 0
	for _, root := range []string{".", "../smtpserver"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "walk/") {
				return err
			}
			files++
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				pkg, ok := s.X.(*ast.Ident)
				if !ok {
					return true
				}
				names := outward[pkg.Name]
				goesOut := slices.ContainsFunc(names, func(name string) bool {
					return name == "*" || name == s.Sel.Name || name == "Lookup" && strings.HasPrefix(s.Sel.Name, name)
				})
				switch {
				case goesOut && !slices.Contains(allowed, path):
					t.Errorf("%s: %s.%s makes connections, and may not", path, pkg.Name, s.Sel.Name)
				case goesOut:
					dials++
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 50 || dials == 0 {
		t.Errorf("%d files were read, with %d uses of a dialer where it is allowed: this test looks in the wrong place", files, dials)
	}
}
