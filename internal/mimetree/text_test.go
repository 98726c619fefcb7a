package mimetree

import (
	"strings"
	"testing"
	"unsafe"
)

func bodyOf(charset, encoding, body string) *Tree {
	return Parse("Content-Type: text/plain; charset=\"" + charset + "\"\nContent-Transfer-Encoding: " + encoding + "\n\n" + body)
}

func TestTransferEncoding(t *testing.T) {
	for _, c := range []struct{ encoding, body, want string }{
		{"base64", "YWJj\nZGVm\n", "abcdef"},
		{"BASE64", "YWJj\r\nZGU=\r\n", "abcde"},
		{"base64", "YWI", "ab"},                         // no padding
		{"base64", "YW!Jj\x00", "abc"},                  // characters that don't belong
		{"base64", "YWI=\n\nA footer, unencoded", "ab"}, // behind the end
		{"base64", "YQ==YmM=", "abc"},                   // two texts
		{"base64", "_-8", "\xff\xef"},                   // RFC 4648, 5
		{"base64", "Y", ""},
		{"\"base64\"", "YWJj", "abc"},
		{"base64 (comment)", "YWJj", "abc"},
		{"quoted-printable", "Now's the time =\nfor all folk to come=\n to the aid of their country.",
			"Now's the time for all folk to come to the aid of their country."}, // RFC 2045, 6.7
		{"quoted-printable", "a=3Db=c3=A9", "a=b\xc3\xa9"},
		{"quoted-printable", "a=\r\nb= \t\nc", "abc"},
		{"quoted-printable", "a \t\nb  ", "a\nb"}, // rule (3)
		{"quoted-printable", "a=ZZ b=4", "a=ZZ b=4"},
		{"quoted-printable", "a=", "a="}, // cut off
		{"quoted-printable", "=\n=\n", ""},
		{"7bit", "a=3D\n", "a=3D\n"},
		{"8BIT", "\xff", "\xff"},
		{"", "a", "a"},
		{"x-unknown", "YWJj", "YWJj"},
	} {
		tree := bodyOf("x", c.encoding, c.body)
		if got := tree.Bytes(0, -1); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.encoding, c.body, got, c.want)
		}
		for max := range len(c.want) {
			if got := tree.Bytes(0, max); got != c.want[:max] {
				t.Errorf("%d bytes, %s of %q: %q, want %q", max, c.encoding, c.body, got, c.want[:max])
			}
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ charset, body, want string }{
		{"us-ascii", "a\r\nb\rc\n\r\r\nd\r", "a\nb\nc\n\nd\n"},
		{"utf-8", "\xc3\xa9", "é"},
		{"utf8", "\xc3\xa9", "é"},
		{"us-ascii", "\xc3\xa9", "é"}, // nothing but UTF-8 looks like it
		{"us-ascii", "\xe9", "é"},
		{"", "\xe9\x80", "é€"},
		{"utf-8", "\xe9t\xe9", "été"},
		{"utf-8", "\xc3\xa9 \xe9", "é é"},            // both in one text
		{"utf-8", "\xe2\x9c\x93\xe2\x9c", "✓\ufffd"}, // cut off
		{"x-unknown", "\xe9", "é"},
		{"unknown-8bit", "\xe9", "é"},
		{"iso-8859-1", "\x80\xe9", "€é"}, // as browsers do
		{"iso-8859-2", "\xb1", "ą"},
		{"ISO_8859-2:1987", "\xb1", "ą"},
		{"iso-8859-8-i", "\xf9\xec\xe5\xed", "שלום"},
		{"latin1", "\xe9", "é"},
		{"windows-1251", "\xcf\xf0\xe8", "При"},
		{"cp1251", "\xcf\xf0\xe8", "При"},
		{"cp-850", "\x82", "é"},
		{"ibm437", "\x82", "é"},
		{"koi8-r", "\xf0\xd2\xc9", "При"},
		{"iso-2022-jp", "\x1b$B4A;z\x1b(B", "漢字"},
		{"us-ascii", "\x1b$B4A;z\x1b(B", "漢字"},
		{"", "\x1b[1m", "\x1b[1m"},
		{"iso-2022-kr", "\x1b$)C\x0eGQ1[\x0f ok", "한글 ok"}, // RFC 1557
		{"shift_jis", "\x8a\xbf\x8e\x9a", "漢字"},
		{"iso-2022-jp", "\xb4\xc1\xbb\xfa", "漢字"}, // EUC-JP
		{"euc-jp", "\x8a\xbf\x8e\x9a", "漢字"},      // Shift_JIS
		{"cp932", "\x8a\xbf\x8e\x9a", "漢字"},
		{"euc-jp", "\xb4\xc1\xbb\xfa", "漢字"},
		{"gb2312", "\xba\xba\xd7\xd6", "汉字"},
		{"gbk", "\xba\xba\xd7\xd6", "汉字"},
		{"gb18030", "\xba\xba\xd7\xd6", "汉字"},
		{"big5", "\xba\x7e\xa6\x72", "漢字"},
		{"euc-kr", "\xc7\xd1\xb1\xdb", "한글"},
		{"ks_c_5601-1987", "\xc7\xd1\xb1\xdb", "한글"},
		{"gb2312", "\xc4\xa3", "模"}, // UTF-8 as well, by chance
		{"gb2312", "\xe2\x9c\x93\xe2\x9c\x93", "✓✓"},
		{"iso-8859-1", "\xc3\xa9", "é"},
		{"hz-gb-2312", "~{::WV~} a", "汉字 a"},                        // RFC 1843
		{"utf-7", "Hi Mom -+Jjo--!", "Hi Mom -☺-!"},                 // RFC 2152
		{"utf-7", "A+ImIDkQ.", "A≢Α."},                              // RFC 2152
		{"UTF-7", "+ZeVnLIqe-", "日本語"},                              // RFC 2152
		{"unicode-1-1-utf-7", "Item 3 is +AKM-1.", "Item 3 is £1."}, // RFC 2152
		{"utf-7", "1 +- 1 + +2D3cAA-", "1 + 1 + 🐀"},
		{"utf-16le", "a\x00\xe9\x00", "aé"},
		{"utf-16", "\xfe\xff\x00a", "a"},
		{"utf-16", "plain", "plain"},
	} {
		tree := bodyOf(c.charset, "8bit", c.body)
		if got := tree.Text(0, -1); got != c.want {
			t.Errorf("%s: %q gives %q, want %q", c.charset, c.body, got, c.want)
		}
	}
}

func TestTextMax(t *testing.T) {
	tree := bodyOf("koi8-r", "base64", "8NLJ18XU")
	for max, want := range []string{"", "", "П", "П", "Пр"} {
		if got := tree.Text(0, max); got != want {
			t.Errorf("%d bytes: %q, want %q", max, got, want)
		}
	}
	if got := tree.Text(0, 100); got != "Привет" {
		t.Errorf("100 bytes: %q", got)
	}
}

// Text that needs no change is not copied.
func TestTextIsBody(t *testing.T) {
	for _, body := range []string{"ascii\n", "é\n", strings.Repeat("x", 100)} {
		tree := bodyOf("utf-8", "8bit", body)
		if got := tree.Text(0, -1); unsafe.StringData(got) != unsafe.StringData(tree.Parts[0].Body) {
			t.Errorf("%q was copied", body)
		}
	}
}
