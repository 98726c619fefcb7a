package mimetree

import (
	"strings"
	"testing"
)

// wordCases are the examples of RFC 2047, 8, and words as broken mail has them.
var wordCases = []struct{ in, want string }{
	{"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
	{"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", "Keld Jørn Simonsen <keld@dkuug.dk>"},
	{"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
		"If you can read this you understand the example."},
	{"(=?ISO-8859-1?Q?a?=)", "(a)"},
	{"(=?ISO-8859-1?Q?a?= b)", "(a b)"},
	{"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"},
	{"(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"},
	{"(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
	{"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},

	{"=?UTF-8*en?Q?hi?=", "hi"},                 // RFC 2231, 5
	{"=?utf-8?Q?=E2=9C?= =?utf-8?Q?=93?=", "✓"}, // a character split
	{"=?utf-8?B?4pw?= =?utf-8?B?kw==?=", "✓"},   // and without padding
	{"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},        // no space between
	{"x=?utf-8?q?a?=y", "xay"},                  // nor around
	{"=?utf-8?q?a b?=", "a b"},                  // spaces inside
	{"=?utf-8?q?=3D?=", "="},                    //
	{"=?utf-8?q?=ZZ=4?=", "=ZZ=4"},              //
	{"=?utf-8?b?YWJj?=", "abc"},                 //
	{"=?utf-8?b?YQ?=", "a"},                     //
	{"=?utf-8?b?!!?=", "=?utf-8?b?!!?="},        //
	{"=?utf-8?x?a?=", "=?utf-8?x?a?="},          //
	{"=?utf-8?q?a", "=?utf-8?q?a"},              //
	{"=??q?a?=", "=??q?a?="},                    //
	{"=?", "=?"},                                //
	{"=?=?utf-8?q?a?=", "=?a"},                  //
	{"=?unknown-8bit?q?=C3=A9?=", "é"},          //
	{"=?nonsense?q?=E9?=", "é"},                 //
	{"=?utf-8?q??=", ""},                        //
	{"=?gb2312?B?xOO6ww==?=", "你好"},             //
	{"=?koi8-r?B?8NLJ18XU?=", "Привет"},         //
	{"no words = ?", "no words = ?"},            //
}

func TestDecodeWords(t *testing.T) {
	for _, c := range wordCases {
		if got := DecodeWords(c.in); got != c.want {
			t.Errorf("%q gives %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWordLimits(t *testing.T) {
	for _, c := range []struct {
		charset, text int
		decoded       bool
	}{{maxCharset, maxWord, true}, {maxCharset + 1, 1, false}, {1, maxWord + 1, false}} {
		word := "=?" + strings.Repeat("x", c.charset) + "?q?" + strings.Repeat("a", c.text) + "?="
		if got := DecodeWords(word); (got != word) != c.decoded {
			t.Errorf("%d, %d: %.20q…", c.charset, c.text, got)
		}
	}
}
