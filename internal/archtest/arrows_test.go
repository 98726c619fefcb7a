package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nixiemail/nixie"

// root is what the table calls the package nixie itself.
const root = "nixie"

// anything may stand in an arrow's to: every package, those in but excepted.
const anything = "*"

// An arrow says which of our packages a package may import. Names are folders
// below internal/, else below the module.
type arrow struct {
	from string // folders that share one rule, separated by spaces
	to   string // folders they may import, separated by spaces
	but  string // with to "*": these not
	why  string
}

// arrows is docs/architecture.md's table. A package that is not in it fails; a
// row whose package doesn't exist yet is fine.
var arrows = []arrow{
	{from: root, why: "the root package is the ground that all others stand on"},
	{from: "phrases mailbox returnpath webhook auth id config metrics sdnotify address", why: "it knows nothing of mail codes and can be read alone"},
	{from: "mimetree", why: "splitting MIME needs no knowledge of reports"},
	{from: "verdict", to: "nixie phrases", why: "a judgement is a function of a reply and the rules"},
	{from: "dsn", to: "nixie mimetree", why: "a report is read and written without judging it"},
	{from: "bounce", to: "nixie dsn mimetree phrases", why: "reading a bounce is apart from judging it"},
	{from: "ianafile mtalog smtpserver smtpclient", to: "nixie", why: "it reads or speaks a format, and decides nothing"},
	{from: "explain", to: "nixie verdict bounce mtalog", why: "one explanation for CLI, API and pages, which only print it"},
	{from: "delivery", to: "nixie verdict address id", why: "the heart is pure: no store, no wire"},
	{from: "suppression incident", to: "delivery nixie verdict id", why: "decisions are functions"},
	{from: "ingest", to: "nixie verdict dsn bounce mtalog delivery explain returnpath address id", why: "it makes a batch and hands it over through an interface of its own"},
	{from: "store", to: "delivery suppression incident auth webhook nixie verdict address id", why: "it keeps, and neither reads mail nor judges"},
	{from: "policy", to: "delivery suppression nixie", why: "it asks the store through an interface of its own"},
	{from: "lab/order", to: "nixie", why: "what can be asked of the lab is a value"},
	{from: "lab/script", to: "nixie lab/order", why: "what to answer is a function of what was asked"},
	{from: "lab/check", to: "nixie dsn lab/order lab/zone", why: "what to answer is a function of what was asked, and of what names say"},
	{from: "lab/seen", to: "nixie", why: "it keeps what came in and knows nothing of why"},
	{from: "lab/zone", why: "names and addresses have nothing to do with mail codes"},
	{from: "lab/later", to: "nixie dsn smtpclient lab/order", why: "it writes a report and hands it over"},
	{from: "lab/api", to: "nixie lab/order lab/script lab/seen", why: "it shows what came in, and asks through an interface of its own"},
	{from: "lab", to: "nixie dsn smtpserver smtpclient lab/*", why: "the lab says what a scenario says"},
	{from: "lab/walk", to: "nixie lab lab/check lab/order", why: "it says to a lab what there is to say, and notes the answers"},
	{from: "labtest", to: "lab lab/seen nixie", why: "it is thin, over the lab"},
	{from: "httpapi web", to: "explain delivery suppression incident auth nixie verdict address id", why: "it shows what others know, and asks through interfaces of its own"},
	{from: "app", to: anything, but: "cli archtest", why: "only app and cli know all names"},
	{from: "cli", to: anything, but: "archtest", why: "only app and cli know all names"},
	{from: "cmd/nixie", to: "cli", why: "main has nothing in it"},
	{from: "archtest", why: "it holds tests only"},
	{from: "tools/*", to: "nixie verdict bounce ianafile cli", why: "a tool checks or makes what the packages embed"},
	{from: "test/*", to: anything, but: "archtest", why: "the long tests see all"},
}

// libraries are the modules from elsewhere that may be imported: a new one needs
// an ADR. Public packages may use those of publicLibraries only, so that whoever
// imports nixie imports next to nothing with it.
var (
	publicLibraries = []string{"golang.org/x/text"}
	libraries       = []string{
		"code.dny.dev/ssrf",
		"github.com/danielgtaylor/huma/v2",
		"github.com/fsnotify/fsnotify",
		"github.com/jackc/pgx/v5",
		"github.com/klauspost/compress",
		"github.com/miekg/dns",
		"github.com/pelletier/go-toml/v2",
		"github.com/pressly/goose/v3",
		"github.com/prometheus/client_golang",
		"github.com/spf13/cobra",
		"github.com/spf13/pflag", // cobra's flags
		"github.com/ulikunitz/xz",
		"golang.org/x/crypto",
		"golang.org/x/net",
		"golang.org/x/sync",
		"golang.org/x/sys",
		"golang.org/x/term",
		"golang.org/x/text",
		"golang.org/x/time",
		"modernc.org/sqlite",
	}
)

// effects are the standard packages through which a program touches the world.
var effects = []string{"os", "os/*", "net", "net/http", "net/http/*", "net/rpc", "net/smtp", "log", "log/*", "syscall", "plugin"}

// A listed package is what `go list -json` says of one of ours.
type listed struct {
	Dir        string
	ImportPath string
	GoFiles    []string
	Imports    []string
}

// name is what the table calls a package of ours; ok is false for others.
func name(importPath string) (n string, ok bool) {
	if importPath == module {
		return root, true
	}
	n, ok = strings.CutPrefix(importPath, module+"/")
	return strings.TrimPrefix(n, "internal/"), ok
}

func (p listed) public() bool {
	folder, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, module+"/"), "/")
	return !slices.Contains([]string{"internal", "cmd", "tools", "test"}, folder)
}

// matches reports whether n is one of the names; one that ends in /* stands for all below it.
func matches(names []string, n string) bool {
	return slices.ContainsFunc(names, func(pattern string) bool {
		ok, _ := path.Match(pattern, n)
		return ok
	})
}

// broken returns what is wrong with the imports of one package.
func broken(p listed) []string {
	n, _ := name(p.ImportPath)
	i := slices.IndexFunc(arrows, func(a arrow) bool { return matches(strings.Fields(a.from), n) })
	if i < 0 {
		return []string{fmt.Sprintf("package %s is not in the table of arrows: add it there and to docs/architecture.md", n)}
	}
	var wrong []string
	for _, imp := range p.Imports {
		if why := arrows[i].refuses(p, imp); why != "" {
			wrong = append(wrong, fmt.Sprintf("package %s must not import %s: %s", n, imp, why))
		}
	}
	return wrong
}

// refuses says why p, of which a is the rule, must not import imp; "" if it may.
func (a arrow) refuses(p listed, imp string) string {
	if to, ours := name(imp); ours {
		allowed := matches(strings.Fields(a.to), to)
		if a.to == anything {
			allowed = !matches(strings.Fields(a.but), to)
		}
		if !allowed {
			return a.why
		}
		return ""
	}
	first, _, _ := strings.Cut(imp, "/")
	std := !strings.Contains(first, ".")
	switch {
	case std && p.public() && p.ImportPath != module+"/labtest" && matches(effects, imp):
		return "public packages never log and never touch network or disk"
	case std:
		return ""
	case p.public() && !within(publicLibraries, imp):
		return "public packages use the standard library and golang.org/x/text only"
	case !within(libraries, imp):
		return "it is not on the list of libraries; a new one needs an ADR"
	}
	return ""
}

func within(modules []string, imp string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return imp == m || strings.HasPrefix(imp, m+"/") })
}

func TestArrows(t *testing.T) {
	packages := list(t)
	for _, p := range packages {
		for _, w := range broken(p) {
			t.Error(w)
		}
	}
}

// TestBroken holds the checker itself to account, with packages made up for it.
func TestBroken(t *testing.T) {
	tests := []struct {
		pkg, imp string
		want     string // part of the complaint; "" for none
	}{
		{"", "strings", ""},
		{"", "golang.org/x/text/cases", ""},
		{"", "golang.org/x/textual", "standard library and golang.org/x/text only"},
		{"", "golang.org/x/net/idna", "standard library and golang.org/x/text only"},
		{"", module + "/internal/phrases", "the ground"},
		{"", "os", "never touch"},
		{"/verdict", module, ""},
		{"/verdict", module + "/internal/phrases", ""},
		{"/verdict", module + "/bounce", "a function of a reply"},
		{"/verdict", "log/slog", "never log"},
		{"/verdict", "net/netip", ""},
		{"/verdict", "net", "never touch"},
		{"/labtest", "net", ""},
		{"/dsn", "github.com/spf13/cobra", "standard library and golang.org/x/text only"},
		{"/internal/mtalog", module, ""},
		{"/internal/mtalog", module + "/verdict", "decides nothing"},
		{"/internal/mtalog", "os", ""},
		{"/internal/mtalog", "example.com/new", "needs an ADR"},
		{"/internal/web", module + "/internal/store", "interfaces of its own"},
		{"/internal/app", module + "/internal/store", ""},
		{"/internal/app", module + "/internal/cli", "only app and cli"},
		{"/internal/cli", module + "/internal/app", ""},
		{"/internal/cli", module + "/internal/archtest", "only app and cli"},
		{"/internal/cli", "github.com/spf13/cobra", ""},
		{"/cmd/nixie", module + "/internal/cli", ""},
		{"/cmd/nixie", module + "/internal/explain", "nothing in it"},
		{"/tools/rfccheck", module + "/verdict", ""},
		{"/tools/rfccheck", module + "/internal/explain", "a tool checks"},
		{"/internal/util", "strings", "not in the table"},
	}
	for _, tt := range tests {
		got := strings.Join(broken(listed{ImportPath: module + tt.pkg, Imports: []string{tt.imp}}), "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s importing %s: complaint %q, want one with %q", tt.pkg, tt.imp, got, tt.want)
		}
	}
}
