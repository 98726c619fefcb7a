package cli

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands say into the golden files")

// TestMain lets the scripts run the real command.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"nixie": func() {
			os.Exit(Run(os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
		},
	})
}

func TestScripts(t *testing.T) {
	if files, _ := filepath.Glob("testdata/*.txtar"); len(files) == 0 {
		t.Fatal("no scripts in testdata")
	}
	commands := serviceCommands()
	maps.Copy(commands, labCommands())
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: *update, Setup: putInputs, Cmds: commands})
}

// putInputs puts the inputs that cannot stand in a script into its folder, each
// named by a variable.
func putInputs(env *testscript.Env) error {
	longLine := `{"id":"long","reply":"` + strings.Repeat("a", maxBatchLine) + `"}` + "\n" + `{"id":"after","reply":"550 no"}`
	for name, content := range map[string]string{
		"BINARY":    "\x7fELF\x02\x01\x01" + strings.Repeat("\x00\x03>\x00\xc8", 2000),
		"LONG":      "550 " + strings.Repeat("a", 1<<20),
		"NASTY":     "550 5.1.1 \x1b[31mred\x1b[0m \x00 \xff\xfe \u202egnp.exe \u009b user unknown\n",
		"LONGLINE":  longLine,
		"NASTYMAIL": nastyMail,
		"LONGREPLY": `{"id":1,"reply":"550 ` + strings.Repeat("a", nixie.MaxReply) + `"}`,
	} {
		file := filepath.Join(env.WorkDir, strings.ToLower(name))
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			return err
		}
		env.Setenv("NIXIE_"+name, file)
	}
	env.Setenv("NIXIE_NASTYNAME", "absent\x1b[31m")
	putService(env)
	putLab(env)
	return nil
}

// The documents that are made from the commands are those in the repository.
func TestDocumentsCurrent(t *testing.T) {
	if code := Run([]string{"gen-docs", "--check", "../../docs"}, Streams{
		In: nil, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}); code != exitDone {
		t.Error("docs are not current: go run ./cmd/nixie gen-docs docs")
	}
}

// A program may ask one line at a time and wait for each answer.
func TestBatchAnswersAtOnce(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan int)
	go func() {
		done <- Run([]string{"explain", "--batch"}, Streams{In: in, Out: out, Err: io.Discard, Getenv: os.Getenv})
		out.Close()
	}()
	r := bufio.NewReader(answers)
	for i := range 3 {
		fmt.Fprintf(ask, "{\"id\":%d,\"reply\":\"550 no\"}\n", i)
		line, err := r.ReadString('\n')
		if want := fmt.Sprintf(`{"id":%d,`, i); err != nil || !strings.HasPrefix(line, want) {
			t.Fatalf("answer %q, error %v, want %s", line, err, want)
		}
	}
	ask.Close()
	if code := <-done; code != exitDone {
		t.Errorf("exit code %d", code)
	}
}
