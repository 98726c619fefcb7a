package mimetree

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add(report)
	f.Add(strings.ReplaceAll(report, "\n", "\r\n"))
	f.Add(strings.ReplaceAll(report, "\n", "\r"))
	f.Add(nested)
	for _, c := range treeCases {
		f.Add(c.msg)
	}
	reused := Parse(nested)
	f.Fuzz(func(t *testing.T, msg string) {
		tree := Parse(msg)
		checkTree(t, msg, tree)
		if _, body := ParseHeader(msg); HasBody(msg) && blank(body) {
			t.Fatalf("HasBody tells of a body where ParseHeader finds none: %q", msg)
		}
		for range 2 {
			reused.Parse(msg)
			if !reflect.DeepEqual(tree.Parts, reused.Parts) || !sameProblems(tree.Problems, reused.Problems) {
				t.Fatalf("a tree used again differs:\n%+v\n%+v", tree, reused)
			}
		}
	})
}

func sameProblems(a, b []Problem) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

// checkTree fails on a tree that breaks what its documentation says.
func checkTree(t *testing.T, msg string, tree *Tree) {
	t.Helper()
	text := tree.Message()
	if text != msg && strings.Contains(msg, "\n") {
		t.Fatal("the text was changed")
	}
	if len(tree.Parts) < 1 || len(tree.Parts) > MaxParts || len(tree.Problems) > MaxProblems {
		t.Fatalf("%d parts, %d problems", len(tree.Parts), len(tree.Problems))
	}
	end := 0 // of the part before, or of its header
	for i := range tree.Parts {
		p := &tree.Parts[i]
		if p.Offset < 0 || p.Offset+len(p.Body) > len(text) || text[p.Offset:p.Offset+len(p.Body)] != p.Body {
			t.Fatalf("part %d: the body is not at %d", i, p.Offset)
		}
		if p.Offset < end {
			t.Fatalf("part %d: begins at %d, before %d", i, p.Offset, end)
		}
		end = p.Offset
		if i == 0 {
			if p.Parent != -1 || p.Depth != 0 || p.Offset+len(p.Body) != len(text) {
				t.Fatalf("the whole message is %+v", p)
			}
		} else {
			above := &tree.Parts[p.Parent]
			if p.Parent >= i || p.Depth != above.Depth+1 || p.Depth > MaxDepth || !above.Is("multipart/*") {
				t.Fatalf("part %d has depth %d below %d (%s, %d)", i, p.Depth, p.Parent, above.Type, above.Depth)
			}
			if p.Offset < above.Offset || len(p.Body) > 0 && p.Offset+len(p.Body) > above.Offset+len(above.Body) {
				t.Fatalf("part %d is not inside its parent", i)
			}
		}
		checkUse(t, tree, i)
	}
}

// checkUse calls everything that can be asked of a part.
func checkUse(t *testing.T, tree *Tree, i int) {
	t.Helper()
	p := &tree.Parts[i]
	if s := tree.Text(i, -1); !utf8.ValidString(s) {
		t.Fatalf("part %d: the text is no UTF-8: %q", i, s)
	}
	for _, max := range []int{0, 1, 5} {
		if s := tree.Text(i, max); len(s) > max || !utf8.ValidString(s) {
			t.Fatalf("part %d: %d bytes of text: %q", i, max, s)
		}
		if s := tree.Bytes(i, max); len(s) > max {
			t.Fatalf("part %d: %d bytes: %q", i, max, s)
		}
	}
	if s := tree.Preamble(i); !strings.HasPrefix(p.Body, s) {
		t.Fatalf("part %d: preamble %q", i, s)
	}
	if s := tree.Epilogue(i); !strings.HasSuffix(p.Body, s) {
		t.Fatalf("part %d: epilogue %q", i, s)
	}
	if len(p.Header) > MaxFields {
		t.Fatalf("part %d: %d fields", i, len(p.Header))
	}
	for _, f := range p.Header {
		if f.Name == "" || trim(f.Value) != f.Value || !strings.Contains(p.RawHeader, f.Value) {
			t.Fatalf("part %d: field %q", i, f)
		}
	}
	if s := p.Header.Text("Subject"); !utf8.ValidString(s) {
		t.Fatalf("subject %q", s)
	}
	p.Param("charset")
	p.Disposition()
}

func FuzzDecodeWords(f *testing.F) {
	for _, c := range wordCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := DecodeWords(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q gives %q", s, got)
		}
		if !strings.Contains(s, "=?") && got != s {
			t.Fatalf("%q gives %q", s, got)
		}
	})
}

func FuzzParam(f *testing.F) {
	for _, c := range paramCases {
		f.Add(c.value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		p := Part{contentType: value}
		boundary, charset := p.boundaryAndCharset()
		if trim(boundary) != boundary || strings.ToLower(charset) != charset {
			t.Fatalf("boundary %q, charset %q", boundary, charset)
		}
	})
}

// Every text that is cut off anywhere is a tree still, and has the parts whose
// boundaries are whole.
func TestTruncated(t *testing.T) {
	for _, msg := range []string{nested, strings.ReplaceAll(nested, "\n", "\r\n"), strings.ReplaceAll(nested, "\n", "\r")} {
		whole := Parse(msg)
		var reused Tree
		for n := range len(msg) {
			reused.Parse(msg[:n])
			checkTree(t, msg[:n], &reused)
			for i := range whole.Parts {
				p := &whole.Parts[i]
				if p.Offset >= n || strings.ContainsRune(msg[n-1:n], '\r') {
					break
				}
				if i >= len(reused.Parts) || reused.Parts[i].Type != p.Type || reused.Parts[i].Offset != p.Offset {
					t.Fatalf("cut off at %d: part %d (%s) is missing", n, i, p.Type)
				}
			}
		}
	}
}
