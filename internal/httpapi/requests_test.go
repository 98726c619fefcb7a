package httpapi

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRequests sends the requests of testdata/requests. In each file, after a line
// "== what it shows": the method and path; the header; an empty line; the body, where a
// header "Body: quoted" says that it is a string of Go; then, after a line "--", the
// status, how much was stored, and texts that the answer has, or hasn't after a "!".
func TestRequests(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/requests: %v", err)
	}
	f := newFake()
	h := newAPIFor(t, f.config())
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cases := strings.Split("\n"+string(text), "\n== ")[1:]
		if len(cases) == 0 {
			t.Errorf("%s has no case", name)
		}
		for _, c := range cases {
			title, rest, _ := strings.Cut(c, "\n")
			t.Run(filepath.Base(name)+"/"+title, func(t *testing.T) {
				f.forget()
				runCase(t, f, h, rest)
			})
		}
	}
}

func runCase(t *testing.T, f *fake, h http.Handler, text string) {
	asked, wanted, ok := strings.Cut(text, "\n--\n")
	if !ok {
		t.Fatal("the case has no line --")
	}
	head, body, _ := strings.Cut(asked, "\n\n")
	lines := strings.Split(head, "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	header := http.Header{}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		header.Add(name, strings.TrimSpace(value))
	}
	if header.Get("Body") == "quoted" {
		var err error
		if body, err = strconv.Unquote(body); err != nil {
			t.Fatalf("the body is no string of Go: %v", err)
		}
	}
	r := httptest.NewRequest(method, Prefix+path, strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)

	want := strings.Split(strings.TrimSpace(wanted), "\n")
	status, stored, _ := strings.Cut(want[0], " ")
	if strconv.Itoa(w.Code) != status || strconv.Itoa(f.stored()) != stored {
		t.Errorf("status and stored: %d %d, want %s %s", w.Code, f.stored(), status, stored)
	}
	answer := w.Body.String()
	for _, s := range want[1:] {
		not, hasNot := strings.CutPrefix(s, "!")
		if hasNot && strings.Contains(answer, not) || !hasNot && !strings.Contains(answer, s) {
			t.Errorf("want %s", s)
		}
	}
	if kind := w.Header().Get("Content-Type"); w.Code >= 400 && (kind != "application/problem+json" || !strings.Contains(answer, `"status":`+status)) {
		t.Errorf("an error of type %q", kind)
	}
	if t.Failed() {
		t.Logf("the answer: %s", answer)
	}
}
