package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRawBytes: what no server may say, the lab alone can say. Answers with raw bytes,
// pieces or a reset are made in the lab; who takes real mail says replies only.
func TestRawBytes(t *testing.T) {
	inLab := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		lab := strings.Contains(filepath.ToSlash(path), "/internal/lab/")
		if !imports(f, module+"/internal/smtpserver") {
			return nil
		}
		for _, name := range rawFields(f) {
			if lab {
				inLab++
			} else {
				t.Errorf("%s makes an smtpserver.Answer with %s; only the lab may say what is no reply", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if inLab == 0 {
		t.Error("the lab uses no raw bytes: this test looks in the wrong place")
	}
}

// rawFields are the fields, in answers that a file makes, that say what is no reply.
func rawFields(f *ast.File) (names []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		c, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if of, ok := c.Type.(*ast.SelectorExpr); !ok || of.Sel.Name != "Answer" {
			return true
		}
		for _, e := range c.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				switch key, _ := pair.Key.(*ast.Ident); key.Name {
				case "Raw", "Then", "Reset":
					names = append(names, key.Name)
				}
			}
		}
		return true
	})
	return names
}

// imports reports whether a file imports a package.
func imports(f *ast.File, path string) bool {
	for _, i := range f.Imports {
		if i.Path.Value == `"`+path+`"` {
			return true
		}
	}
	return false
}
