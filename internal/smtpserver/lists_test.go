package smtpserver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// Stages and Ends have every constant of their type.
func TestListsAreWhole(t *testing.T) {
	var stages, ends []string
	for _, s := range Stages() {
		stages = append(stages, string(s))
	}
	for _, e := range Ends() {
		ends = append(ends, string(e))
	}
	for _, tt := range []struct {
		file, kind string
		got        []string
	}{
		{"handler.go", "Stage", stages},
		{"observe.go", "End", ends},
	} {
		want := constants(t, tt.file, tt.kind)
		slices.Sort(want)
		slices.Sort(tt.got)
		if len(want) == 0 || !slices.Equal(tt.got, want) {
			t.Errorf("the list of %s has %q, the source %q", tt.kind, tt.got, want)
		}
	}
}

// constants returns the values of the string constants of a type in a file.
func constants(t *testing.T, file, kind string) (values []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != kind {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, text)
		}
		return true
	})
	return values
}
