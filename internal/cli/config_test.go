package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runConfig runs nixie config in an environment with nothing in it but HOME.
func runConfig(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	s := Streams{Out: &out, Err: &out, Getenv: func(name string) string {
		return map[string]string{"HOME": "/home/nixie", "NIXIE_LOGGING_LEVEL": "debug"}[name]
	}}
	cmd := newConfig(s)
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return out.String(), err
}

func TestConfigInit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "nixie.toml")
	if out, err := runConfig(t, "init", name); err != nil || !strings.Contains(out, "written") {
		t.Fatalf("init: %q, %v", out, err)
	}
	written, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := runConfig(t, "init", "-"); err != nil || out != string(written) {
		t.Errorf("init - and the file differ, error %v", err)
	}
	if out, err := runConfig(t, "check", name); err != nil || !strings.HasSuffix(out, "nixie.toml: errors 0, notes 1\n") {
		t.Errorf("check of what init wrote: %v\n%s", err, out)
	}
	if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := runConfig(t, "init", name); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("init over a file: %v", err)
	}
	if have, err := os.ReadFile(name); err != nil || string(have) != "mine" {
		t.Errorf("the file that was there is now %q, %v", have, err)
	}
	if _, err := runConfig(t, "init", filepath.Join(name, "below")); err == nil || !strings.HasSuffix(err.Error(), "not a directory") {
		t.Errorf("init where nothing can be written: %v", err)
	}
}

func TestConfigCheck(t *testing.T) {
	name := filepath.Join(t.TempDir(), "nixie.toml")
	text := `htpp = "127.0.0.1:80"
http = ":8025"
[gate]
mode = "reject"
[[suppression.rule]]
name = "mine"
reasons = ["spam-content", "bad-mailbox"]
for = "14d"
`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := runConfig(t, "check", name)
	if !errors.Is(err, errQuiet) {
		t.Errorf("check: error %v, want what ends with code 1", err)
	}
	for _, want := range []string{
		name + `:2       http = ":8025"` + "\n",
		"NIXIE_LOGGING_LEVEL",
		`  logging.level = "debug"` + "\n",
		name + `:2: note: http: other machines can reach it`,
		name + `:1: error: htpp: there is no such setting; did you mean http?` + "\n",
		name + `:4: error: gate.mode: "reject" is none of refuse, discard, note` + "\n",
		name + `:7: error: suppression.rule[1].reasons[1]: nobody drops a whole address for "spam-content", only for `,
		name + `:8: error: suppression.rule[1].for: want a list in [ ], not a text` + "\n",
		name + ": errors 4, notes 2\n",
	} {
		// The column of places is as wide as the longest.
		if squeezed := strings.Join(strings.Fields(want), " "); !strings.Contains(strings.Join(strings.Fields(out), " "), squeezed) {
			t.Errorf("%q is missing", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestConfigCheckJSON(t *testing.T) {
	out, err := runConfig(t, "check", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		File     *string
		Settings []struct {
			Key   string
			Value any
			From  string
		}
		Notes, Problems []struct{ Key, Place, Text string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	have := map[string]any{}
	for _, s := range got.Settings {
		have[s.Key], have[s.Key+" from"] = s.Value, s.From
	}
	for key, want := range map[string]any{
		"data": "/home/nixie/.local/share/nixie", "data from": "default",
		"logging.level": "debug", "logging.level from": "NIXIE_LOGGING_LEVEL",
		"suppression.rule[3].messages": 3.0, "suppression.complaint": true,
	} {
		if have[key] != want {
			t.Errorf("%s: %v, want %v", key, have[key], want)
		}
	}
	if got.File != nil || got.Problems == nil || len(got.Problems) > 0 || len(got.Notes) != 1 || got.Notes[0].Key != "mail.domains" {
		t.Errorf("got %+v", got)
	}
}

// A file that can't be read is all that is told.
func TestConfigCheckUnread(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "nixie.toml")
	if err := os.WriteFile(name, []byte("http = \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		name:                         name + ":1:8: error: toml: ",
		filepath.Join(dir, "absent"): "error: the configuration cannot be read: open " + filepath.Join(dir, "absent"),
	} {
		out, err := runConfig(t, "check", path)
		if !errors.Is(err, errQuiet) || !strings.HasPrefix(out, want) {
			t.Errorf("check: %v\n%s\nwant %s…", err, out, want)
		}
	}
}

func TestConfigMisuse(t *testing.T) {
	for _, args := range [][]string{{"write"}, {"init", "a", "b"}, {"check", "a", "b"}, {"check", "--color", "blue"}} {
		var usage usageError
		if _, err := runConfig(t, args...); !errors.As(err, &usage) {
			t.Errorf("config %v: %v, want a wrong use", args, err)
		}
	}
	if out, err := runConfig(t); err != nil || !strings.Contains(out, "init") {
		t.Errorf("config: %v\n%s", err, out)
	}
}
