//go:build unix

package recipes

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/labtest"
)

// endpoints returns the rows of a table of endpoints: method, path and what it does.
func endpoints(t *testing.T, file, like string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile(like).FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, strings.Join(m[1:], " "))
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no endpoints", file)
	}
	return rows
}

// The endpoints that the document lists are those that the package says it has, those
// it has, and each answers.
func TestEndpoints(t *testing.T) {
	listed := endpoints(t, guide, "(?m)^\\| `([A-Z]+) (/api\\S*)` \\| (.+) \\|$")
	stated := endpoints(t, "../../internal/lab/api/doc.go", `(?m)^//\t([A-Z]+) +(/api\S*) +(.+)$`)
	if !slices.Equal(listed, stated) {
		t.Errorf("the document lists\n%s\nand the package\n%s", strings.Join(listed, "\n"), strings.Join(stated, "\n"))
	}
	if handled := endpoints(t, "../../internal/lab/api/handler.go", `h\.handle\("([A-Z]+)", "(\S*)", `); len(handled) != len(stated) {
		t.Errorf("%d endpoints are handled, %d told of", len(handled), len(stated))
	}
	root := strings.TrimSuffix(labtest.Start(t).HTTP(), "/api/v1/lab")
	for _, row := range listed {
		method, path, _ := strings.Cut(row, " ")
		path, _, _ = strings.Cut(path, " ")
		path = strings.NewReplacer("{name}", "closed", "{id}", "1", "{number}", "1", "{index}", "0").Replace(path)
		req, err := http.NewRequestWithContext(t.Context(), method, root+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		// Nothing came in yet, so that there is nothing with a number.
		want := http.StatusOK
		switch {
		case strings.Contains(row, "{id}") || strings.Contains(row, "{number}"):
			want = http.StatusNotFound
		case method == http.MethodDelete:
			want = http.StatusNoContent
		}
		if res.StatusCode != want {
			t.Errorf("%s: %s, want %d", row, res.Status, want)
		}
	}
}
