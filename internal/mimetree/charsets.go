package mimetree

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// encodingFor returns what decodes a charset, by its label in small letters; nil
// for UTF-8, ASCII and what is not known. Each charset that has a superset in
// use is read as that, as https://encoding.spec.whatwg.org/#names-and-labels does.
func encodingFor(label string) encoding.Encoding {
	label = plainLabel(label)
	switch label {
	case "", "utf8", "usascii", "ascii", "unknown8bit":
		return nil
	case "iso2022jp", "csiso2022jp", "iso2022jp1", "iso2022jp2", "iso2022jpms", "cp50220", "cp50221":
		return japanese.ISO2022JP
	case "shiftjis", "sjis", "windows31j", "cp932", "ms932", "windows932", "mskanji", "csshiftjis":
		return japanese.ShiftJIS
	case "eucjp", "ujis", "eucjpms", "cp51932":
		return japanese.EUCJP
	case "gb2312", "gbk", "gb18030", "cp936", "ms936", "windows936", "chinese", "euccn", "gb231280", "csgb2312":
		return simplifiedchinese.GB18030
	case "big5", "big5hkscs", "cp950", "ms950", "windows950", "cnbig5", "csbig5":
		return traditionalchinese.Big5
	case "euckr", "ksc56011987", "ksc5601", "ksc56011989", "uhc", "cp949", "ms949", "windows949", "korean", "ksx1001", "cseuckr":
		return korean.EUCKR
	case "koi8r", "koi8":
		return charmap.KOI8R
	case "koi8u", "koi8ru":
		return charmap.KOI8U
	case "macintosh", "macroman", "xmacroman", "mac":
		return charmap.Macintosh
	case "maccyrillic", "xmaccyrillic":
		return charmap.MacintoshCyrillic
	case "tis620", "windows874", "cp874":
		return charmap.Windows874
	case "latin1", "l1":
		return charmap.Windows1252
	case "latin2", "l2":
		return charmap.ISO8859_2
	case "latin5", "l5":
		return charmap.Windows1254
	case "latin9":
		return charmap.ISO8859_15
	}
	for _, prefix := range [...]string{"windows", "cp", "xcp", "win", "ibm"} {
		if n, ok := strings.CutPrefix(label, prefix); ok {
			return codePage(n)
		}
	}
	if n, ok := strings.CutPrefix(label, "iso8859"); ok {
		return latin(n)
	}
	return nil
}

// plainLabel drops what differs between the spellings of a label.
func plainLabel(label string) string {
	if strings.IndexByte(label, '-') < 0 && strings.IndexByte(label, '_') < 0 {
		return label
	}
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r == ' ' {
			return -1
		}
		return r
	}, label)
}

func codePage(n string) encoding.Encoding {
	switch n {
	case "1250":
		return charmap.Windows1250
	case "1251":
		return charmap.Windows1251
	case "1252":
		return charmap.Windows1252
	case "1253":
		return charmap.Windows1253
	case "1254":
		return charmap.Windows1254
	case "1255":
		return charmap.Windows1255
	case "1256":
		return charmap.Windows1256
	case "1257":
		return charmap.Windows1257
	case "1258":
		return charmap.Windows1258
	case "437":
		return charmap.CodePage437
	case "850":
		return charmap.CodePage850
	case "852":
		return charmap.CodePage852
	case "855":
		return charmap.CodePage855
	case "858":
		return charmap.CodePage858
	case "860":
		return charmap.CodePage860
	case "862":
		return charmap.CodePage862
	case "863":
		return charmap.CodePage863
	case "865":
		return charmap.CodePage865
	case "866":
		return charmap.CodePage866
	}
	return nil
}

// latin returns a part of ISO 8859. A label may go on behind the number:
// iso-8859-1:1987, iso-8859-8-i.
func latin(n string) encoding.Encoding {
	end := 0
	for end < len(n) && end < 2 && n[end] >= '0' && n[end] <= '9' {
		end++
	}
	switch n[:end] {
	case "1":
		return charmap.Windows1252
	case "2":
		return charmap.ISO8859_2
	case "3":
		return charmap.ISO8859_3
	case "4":
		return charmap.ISO8859_4
	case "5":
		return charmap.ISO8859_5
	case "6":
		return charmap.ISO8859_6
	case "7":
		return charmap.ISO8859_7
	case "8":
		return charmap.ISO8859_8
	case "9":
		return charmap.Windows1254
	case "10":
		return charmap.ISO8859_10
	case "11":
		return charmap.Windows874
	case "13":
		return charmap.ISO8859_13
	case "14":
		return charmap.ISO8859_14
	case "15":
		return charmap.ISO8859_15
	case "16":
		return charmap.ISO8859_16
	}
	return nil
}
