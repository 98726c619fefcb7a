package mailbox

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// A packer makes one kind of layer. Each writes all at Close.
type packer struct {
	layer layer
	open  func(w io.Writer) (io.WriteCloser, error)
}

var layersForTest = []packer{
	{gzipLayer, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
	{xzLayer, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }},
	{zstdLayer, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }},
}

func (p packer) pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := p.open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func archive(t testing.TB, headers ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		text := h.Linkname
		if h.Typeflag == tar.TypeReg {
			h.Size, h.Linkname = int64(len(text)), ""
		}
		h.Mode = 0o600
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// member is a file in an archive.
func member(name, text string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Linkname: text}
}

const two = fl + "A: 1\n\nx\n\n" + fl + "B: 2\n\ny\n\n"

var bothOfTwo = []string{"A: 1\n\nx\n", "B: 2\n\ny\n"}

func TestLayers(t *testing.T) {
	for _, p := range layersForTest {
		packed := string(p.pack(t, two))
		t.Run(string(p.layer), func(t *testing.T) {
			want(t, stdin(packed), bothOfTwo)
			want(t, stdin(string(p.pack(t, "A: 1\n\nx\n"))), []string{"A: 1\n\nx\n"})
			want(t, stdin(string(p.pack(t, ""))), nil)
			want(t, stdin(packed+packed), append(bothOfTwo, bothOfTwo...))
			for depth, text := 1, packed; depth <= MaxDepth+1; depth++ {
				if depth <= MaxDepth {
					want(t, stdin(text), bothOfTwo)
				} else {
					want(t, stdin(text), []string{"-: " + errDepth.Error()})
				}
				text = string(p.pack(t, text))
			}
		})
	}
	// What Python's bz2 writes; Go has no writer.
	const bz = "QlpoOTFBWSZTWY1xquYAAANcgAAQQAAgECAAAEAgACGADAHnboOLuSKcKEhGuNVzAA=="
	packed, err := base64.StdEncoding.DecodeString(bz)
	if err != nil {
		t.Fatal(err)
	}
	want(t, stdin(string(packed)), []string{"A: 1\n\nx\n"})
}

func TestTar(t *testing.T) {
	gz := string(layersForTest[0].pack(t, two))
	text := archive(t,
		tar.Header{Name: "box/", Typeflag: tar.TypeDir},
		member("./box/1.eml", "A: 1\n\nx\n"),
		member("box/._1.eml", "not mail"),
		member("../../etc/all.mbox", two),
		tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "box/1.eml"},
		member("all.gz", gz),
		member("cur/1:2,S", fl+"C: 3\n\n"+fl+"D: 4\n"),
		member("inner.tar", archive(t, member("e", "E: 5\n"))),
	)
	var paths []string
	w := &Walker{Stdin: strings.NewReader(text)}
	for m, err := range w.Messages(context.Background(), []string{"-"}) {
		if err != nil {
			t.Error(m.Path, err)
		}
		paths = append(paths, m.Path+" "+strings.TrimSpace(m.Raw[:4]))
	}
	want(t, paths, []string{
		"-/box/1.eml A: 1", "-/etc/all.mbox A: 1", "-/etc/all.mbox B: 2", "-/all.gz A: 1", "-/all.gz B: 2",
		"-/cur/1:2,S C: 3", "-/inner.tar/e E: 5",
	})
	want(t, stdin(string(layersForTest[1].pack(t, archive(t, member("a", two))))), bothOfTwo)
}

// TestDamage cuts packed mailboxes everywhere: what is whole before the cut is
// read, what is not is marked, and there is an error.
func TestDamage(t *testing.T) {
	tarLayerOfTwo := packer{tarLayer, nil}
	for _, p := range append(layersForTest, tarLayerOfTwo) {
		t.Run(string(p.layer), func(t *testing.T) {
			var packed string
			if p.layer == tarLayer {
				packed = archive(t, member("a", two))[:512+len(two)]
			} else {
				packed = string(p.pack(t, two))
			}
			for n := 10; n < len(packed); n++ {
				got := stdin(packed[:n])
				if layerOf([]byte(packed[:n])) != p.layer {
					continue
				}
				failed := false
				for i, g := range got {
					switch {
					case strings.HasPrefix(g, "-"):
						failed = true
					case failed || i >= 2:
						t.Errorf("cut at %d: %q", n, got)
					case g != bothOfTwo[i] && !strings.HasSuffix(g, "…"):
						t.Errorf("cut at %d: %q is not marked", n, g)
					case !strings.Contains(two, strings.TrimSuffix(g, "…")): // a cut From_ line may be part of it
						t.Errorf("cut at %d: wrong text %q", n, g)
					}
				}
				if !failed {
					t.Errorf("cut at %d of %d: no error, %q", n, len(packed), got)
				}
			}
		})
	}
}

// TestBomb: a message is cut at the limit, however much comes out of an archive.
func TestBomb(t *testing.T) {
	for _, p := range layersForTest {
		bomb := string(p.pack(t, strings.Repeat("a", 32<<20)))
		before := memory()
		got := walked(&Walker{Stdin: strings.NewReader(bomb), MaxMessage: 1 << 20}, "-")
		if len(got) != 1 || len(got[0]) != 1<<20+len("…") {
			t.Errorf("%s: %d messages", p.layer, len(got))
		}
		if n := memory() - before; n > 64<<20 {
			t.Errorf("%s: %d MB were made", p.layer, n>>20)
		}
	}
}

// memory returns how many bytes were ever allocated.
func memory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
