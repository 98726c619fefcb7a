package order

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

func TestExpand(t *testing.T) {
	client := netip.MustParseAddr("192.0.2.25")
	tests := []struct {
		name string
		line string
		ask  Ask
		want string
	}{
		{"all", "{rcpt} {from} {client} {domain}", Ask{To: "u@lab.test", From: "s@a.example", Client: client},
			"u@lab.test s@a.example 192.0.2.25 a.example"},
		{"nothing to fill", "no {such} place", Ask{To: "u@lab.test"}, "no {such} place"},
		{"after the message", "<{rcpt}> full", Ask{Recipients: []string{"a@lab.test", "b@lab.test"}}, "<a@lab.test> full"},
		{"no sender", "<{from}> of {domain}", Ask{Hello: "mx.a.example"}, "<> of mx.a.example"},
		{"no client", "{client}", Ask{}, "unknown"},
		{"a zone", "{client}", Ask{Client: netip.MustParseAddr("fe80::1%eth0\r\n")}, "fe80::1"},
		{"line ends", "<{rcpt}>", Ask{To: "a\r\n250 2.1.5 ok"}, "<a??250 2.1.5 ok>"},
		{"eight bits", "<{rcpt}>", Ask{To: "jos\u00e9\x80\x1b[31m"}, "<jos??\x3f[31m>"},
		{"a place in a value", "{from} {rcpt}", Ask{From: "{rcpt}", To: "u"}, "{rcpt} u"},
		{"a code in a value", "{from} refused", Ask{From: "5.1.1 x"}, "<5.1.1 x refused"},
		{"a long value", "{rcpt}!", Ask{To: strings.Repeat("a", 300)}, strings.Repeat("a", 100) + "!"},
		{"exactly as long", "{rcpt}!", Ask{To: strings.Repeat("a", 100)}, strings.Repeat("a", 100) + "!"},
		{"a long line", strings.Repeat("{rcpt}", 9), Ask{To: strings.Repeat("a", 100)}, strings.Repeat("a", 496)},
	}
	for _, tt := range tests {
		if got := Expand([]string{tt.line, "as it is"}, &tt.ask); !slices.Equal(got, []string{tt.want, "as it is"}) {
			t.Errorf("%s: Expand = %q; want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzExpand shows that no client can make a reply in real words one that cannot be sent.
func FuzzExpand(f *testing.F) {
	f.Add("u@lab.test", "s@a.example", "mx.a.example")
	f.Add("\r\n", "5.1.1 x", "\xff\u2028")
	f.Add(strings.Repeat("{rcpt}", 50), "4.7.1", "2.0.0 ")
	f.Fuzz(func(t *testing.T, to, from, hello string) {
		ask := &Ask{To: to, From: from, Hello: hello}
		lines := []string{"{rcpt} {from}", " {from}", "{domain}", "<{rcpt}>", strings.Repeat("{from}", 8)}
		for _, r := range RealWords() {
			lines = append(lines, r.Lines...)
		}
		for i, text := range Expand(lines, ask) {
			for _, c := range []nixie.Code{{}, nixie.MustCode("5.999.999")} {
				if _, err := nixie.NewReply(550, c, text); err != nil {
					t.Fatalf("%q with %q, %q, %q: %v", lines[i], to, from, hello, err)
				}
			}
		}
	})
}

func TestReadReal(t *testing.T) {
	if _, err := builtinReal(); err != nil {
		t.Error(err)
	}
	for row, want := range map[string]string{
		"gmail\tx":                              "2 cells",
		"gmail\tx\trcpt\t550\t5.1\tr\tno\ts":    "no code",
		"gmail\tx\trcpt\t550\t4.1.1\tr\tno\ts":  "different classes",
		"gmail\tx\tnever\t550\t\tr\tno\ts":      "no stage",
		"gmail\tx_y\trcpt\t550\t\tr\tno\ts":     "want letters",
		"gmail\tx-and-y\trcpt\t550\t\tr\tno\ts": "joins orders",
		"gmail\tx\trcpt\t550\t\tr\tno\t":        "no source",
		"gmail\tx\trcpt\t550\t\tr\tn\u00f6\ts":  "printable ASCII",
		"gmail\tx\trcpt\t550\t\tr\t5.1.1 no\ts": "would be read as its code",
	} {
		if _, err := parseReal(row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseReal(%q) = %v; want an error with %q", row, err, want)
		}
	}
}

// TestRealNames shows that no two cases are written alike in the dash form.
func TestRealNames(t *testing.T) {
	seen := map[string]string{}
	for _, r := range RealWords() {
		dashed := r.Receiver + "-" + r.Name
		if other := seen[dashed]; other != "" {
			t.Errorf("%s/%s is written like %s", r.Receiver, r.Name, other)
		}
		seen[dashed] = r.Receiver + "/" + r.Name
		if orders, tagged, err := Parse(r.Receiver + "/" + r.Name + "~1000%100+3600000ms_data"); !tagged || err != nil || len(orders) != 1 {
			t.Errorf("%s/%s is too long for an address with options: %v", r.Receiver, r.Name, err)
		}
	}
}
