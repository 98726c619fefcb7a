package httpapi

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestSpec compares docs/openapi.json with the API.
func TestSpec(t *testing.T) {
	want, err := Spec()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("docs/openapi.json is not current")
	}
}

// TestSpecSays looks at the description as its readers do.
func TestSpecSays(t *testing.T) {
	text, err := Spec()
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			RequestBody struct{ Content map[string]any }
			Responses   map[string]struct{ Content map[string]any }
			Parameters  []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	if spec.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %q", spec.OpenAPI)
	}
	for _, c := range []struct{ path, method, body string }{
		{"/events", "post", typeJSON}, {"/events", "post", typeNDJSON}, {"/messages", "post", typeJSON}, {"/reports", "post", "message/rfc822"},
		{"/logs", "post", typeText}, {"/suppressions/import", "post", typeCSV},
	} {
		if _, ok := spec.Paths[Prefix+c.path][c.method].RequestBody.Content[c.body]; !ok {
			t.Errorf("%s %s says nothing of a body of %s", c.method, c.path, c.body)
		}
	}
	for _, path := range []string{"/events", "/messages", "/reports"} {
		params := spec.Paths[Prefix+path]["post"].Parameters
		if !slices.ContainsFunc(params, func(p struct{ Name, In string }) bool { return p.Name == replayHeader && p.In == "header" }) {
			t.Errorf("%s says nothing of %s", path, replayHeader)
		}
	}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			if op.OperationID == "" || len(op.Responses) < 2 {
				t.Errorf("%s %s has the id %q and %d answers", method, path, op.OperationID, len(op.Responses))
			}
		}
	}
}
