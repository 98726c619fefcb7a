package order

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nixiemail/nixie"
)

func code(s string) nixie.Code { return nixie.MustCode(s) }

func bounceLater(replyCode int, c string, after time.Duration) Order {
	l := Late{Kind: Bounce, ReplyCode: replyCode, After: after}
	if c != "" {
		l.Code = code(c)
	}
	return Order{Late: l}
}

// diff compares orders; who ordered them is tested on its own.
func diff(want, got []Order) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b nixie.Code) bool { return a == b }),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Cause" }, cmp.Ignore()))
}

func TestParse(t *testing.T) {
	const s = time.Second
	fiveOneOne := Order{ReplyCode: 550, Code: code("5.1.1")}
	tests := []struct {
		local string
		want  []Order
	}{
		// Codes.
		{"550-5.1.1", []Order{fiveOneOne}},
		{"5.1.1", []Order{{Code: code("5.1.1")}}},
		{"550", []Order{{ReplyCode: 550}}},
		{"450", []Order{{ReplyCode: 450}}},
		{"250-2.1.5", []Order{{ReplyCode: 250, Code: code("2.1.5")}}},
		{"bounce+5.1.1", []Order{{Code: code("5.1.1")}}},
		{"bounce+550", []Order{{ReplyCode: 550}}},
		{"bounce+550-5.1.1", []Order{fiveOneOne}},
		{"BOUNCE+550-5.1.1_DATA", []Order{{Stage: Message, ReplyCode: 550, Code: code("5.1.1")}}},
		{"5.9.99", []Order{{Code: code("5.9.99")}}}, // not registered, and obeyed
		{"5.999.999", []Order{{Code: code("5.999.999")}}},
		{"559", []Order{{ReplyCode: 559}}},
		// Options, in any order.
		{"bounce+4.2.2~2", []Order{{Code: code("4.2.2"), Times: 2}}},
		{"bounce+5.7.1_data", []Order{{Stage: Message, Code: code("5.7.1")}}},
		{"550-5.1.1~1000%100+1h_data", []Order{{Stage: Message, ReplyCode: 550, Code: code("5.1.1"), Times: 1000, Percent: 100, Stall: time.Hour}}},
		{"550-5.1.1_data+1h%100~1000", []Order{{Stage: Message, ReplyCode: 550, Code: code("5.1.1"), Times: 1000, Percent: 100, Stall: time.Hour}}},
		{"451-4.7.1%30", []Order{{ReplyCode: 451, Code: code("4.7.1"), Percent: 30}}},
		{"5.7.8_auth", []Order{{Stage: Auth, Code: code("5.7.8")}}},
		{"5.1.8_mail", []Order{{Stage: Mail, Code: code("5.1.8")}}},
		{"5.1.1_rcpt", []Order{{Stage: Rcpt, Code: code("5.1.1")}}},
		{"451_354", []Order{{Stage: Begin, ReplyCode: 451}}},
		{"421-4.7.0_drop", []Order{{ReplyCode: 421, Code: code("4.7.0"), Drop: Close}}},
		{"421-4.7.0_data_reset", []Order{{Stage: Message, ReplyCode: 421, Code: code("4.7.0"), Drop: Reset}}},
		// What comes later.
		{"accept_later-5.2.2+30s", []Order{bounceLater(0, "5.2.2", 30*s)}},
		{"accept_later-550-5.1.1+500ms", []Order{bounceLater(550, "5.1.1", s/2)}},
		{"accept_later-554", []Order{bounceLater(554, "", 0)}},
		{"bounce+5.1.1_later", []Order{bounceLater(0, "5.1.1", 0)}},
		{"5.2.2_later+5m", []Order{bounceLater(0, "5.2.2", 5*time.Minute)}},
		{"4.4.7_later~1", []Order{{Times: 1, Late: Late{Kind: Bounce, Code: code("4.4.7")}}}},
		{"delay+10s", []Order{{Late: Late{Kind: Delay, After: 10 * s}}}},
		{"delay-4.4.1+10s", []Order{{Late: Late{Kind: Delay, Code: code("4.4.1"), After: 10 * s}}}},
		{"bounce+delay", []Order{{Late: Late{Kind: Delay}}}},
		{"success+5s", []Order{{Late: Late{Kind: Delivered, After: 5 * s}}}},
		{"arf+60s", []Order{{Late: Late{Kind: Complaint, After: 60 * s}}}},
		{"ooo", []Order{{Late: Late{Kind: AutoReply}}}},
		// The rest.
		{"accept", []Order{{Code: code("2.0.0")}}},
		{"accept_data", []Order{{Stage: Message, Code: code("2.0.0")}}},
		{"drop", []Order{{Drop: Close}}},
		{"drop_data", []Order{{Stage: Message, Drop: Close}}},
		{"bounce+drop_data", []Order{{Stage: Message, Drop: Close}}},
		{"drop_354", []Order{{Stage: Begin, Drop: Close}}},
		{"reset_data~3", []Order{{Stage: Message, Drop: Reset, Times: 3}}},
		{"slow-10s", []Order{{Stall: 10 * s}}},
		{"slow+250ms_data", []Order{{Stage: Message, Stall: s / 4}}},
		{"slow-2s&550-5.1.1_data", []Order{{Stall: 2 * s}, {Stage: Message, ReplyCode: 550, Code: code("5.1.1")}}},
		{"4.2.2~2&5.2.1", []Order{{Code: code("4.2.2"), Times: 2}, {Code: code("5.2.1")}}},
		// The dash form.
		{"bounce-5-1-1", []Order{{Code: code("5.1.1")}}},
		{"bounce-5.1.1", []Order{{Code: code("5.1.1")}}},
		{"bounce-550-5-1-1", []Order{fiveOneOne}},
		{"550-5-1-1", []Order{fiveOneOne}},
		{"bounce-4-2-2-x2", []Order{{Code: code("4.2.2"), Times: 2}}},
		{"bounce-4-2-2_data-x2-p30-5s", []Order{{Stage: Message, Code: code("4.2.2"), Times: 2, Percent: 30, Stall: 5 * s}}},
		{"accept_later-5-2-2-30s", []Order{bounceLater(0, "5.2.2", 30*s)}},
		{"bounce-5-2-2_later-30s", []Order{bounceLater(0, "5.2.2", 30*s)}},
		{"arf-60s", []Order{{Late: Late{Kind: Complaint, After: 60 * s}}}},
		{"delay-4-4-1-10s", []Order{{Late: Late{Kind: Delay, Code: code("4.4.1"), After: 10 * s}}}},
		{"slow-2s-and-bounce-550-5-1-1_data", []Order{{Stall: 2 * s}, {Stage: Message, ReplyCode: 550, Code: code("5.1.1")}}},
	}
	for _, tt := range tests {
		got, tagged, err := Parse(tt.local)
		if !tagged || err != nil {
			t.Errorf("Parse(%q): tagged %v, error %v; want a tag", tt.local, tagged, err)
			continue
		}
		if d := diff(tt.want, got); d != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tt.local, d)
		}
	}
}

// TestParseNames holds texts that ask for nothing: they are accepted and kept.
func TestParseNames(t *testing.T) {
	names := strings.Fields(`
		info postmaster abuse john.doe john-5 j.5.1 2024 2024.01.05 007 123 12345 354 1.2.3 3.1.1 9.9.9 192.0.2.1 5.1.1.1 5.1
		bounce bounces bounce+ bounce- bounces+123=abc bounce+john bounce+12345 bounce-123.45 bounce-550-list bounce+550-1234
		bounce-5-1-1234 bounce-4-22 bounce-9-9-9 bounces+5.1.1 user+5.1.1 user+550 5.1.1=abc prvs=0123abc=john srs0=a=b=c=d
		slow slow- slow-food slow-cooker slow.10s drop.shipping drop-off drop_box dropbox drop+john reset-password reset_me
		accept-all accepted accept+john success-stories success.story delay-notice delayed ooo-list arf.arf later_5.1.1
		550-john 555-1234 415-555-1234 212-555-12-34 550.john 550john x550 550- 550-.a 5-1-1 2-4-6 2.4.1-rc1 5.1.1a 5.1.1-beta
		john-and-mary drop-and-go john&550 gmail acme/team a/b customer/department sales/5.1.1 gmail-team
		_ - + ~ % & / . .. 5. .5 5.. 5..1 5.1. _data ~2 +30s %30 &550 -and-550
	`)
	names = append(names, "", "johné", "550-5.1.1é", "\u2126hm", "550-5.1.1 ", "550 5.1.1", "\"550\"", "a\r\nb", "550\x00", "\u212A550")
	for _, name := range names {
		orders, tagged, err := Parse(name)
		if tagged || err != nil || orders != nil {
			t.Errorf("Parse(%q) = %v, %v, %v; want no tag", name, orders, tagged, err)
		}
	}
}

// TestParseNamesCheaply holds names, which most recipients have, to no memory at all.
func TestParseNamesCheaply(t *testing.T) {
	for _, name := range []string{"b", "john.smith", "1b", "2024", "first-last", "news+2024", "sales/north", "mailer-daemon", "gmail-team"} {
		if n := testing.AllocsPerRun(100, func() { _, _, _ = Parse(name) }); n > 0 {
			t.Errorf("Parse(%q) allocates %v times; want none", name, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, local := range []string{"b", "john.smith", "1b", "first-last", "550-5.1.1", "gmail/over-quota"} {
		b.Run(local, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = Parse(local)
			}
		})
	}
}

func TestParseMistakes(t *testing.T) {
	tests := []struct{ local, says string }{
		{"550-9.9.9999", "class must be 2, 4 or 5"},
		{"550-5.9.9999", "one to three digits"},
		{"550-5.1", "three numbers"},
		{"550-5.1.1.1", "digits and nothing else"},
		{"550-5.1.1x", "does not belong"},
		{"550-05.1.1", "no code"},
		{"5.01.1", "must not begin with a zero"},
		{"5.4.2024", "one to three digits"},
		{"bounce+9.1.1", "class must be 2, 4 or 5"},
		{"bounce+5.1", "three numbers"},
		{"bounce+5.1.1_nowhere", "no stage"},
		{"bounce+5.1.1_connect", "no stage"},
		{"5.1.1_nowhere", "no stage"},
		{"5.1.1+john", "no time"},
		{"550-5.1.1-john", "no time"},
		{"650-5.1.1", "begins with 2, 4 or 5"},
		{"354-5.1.1", "begins with 2, 4 or 5"},
		{"560", "second digit"},
		{"550-4.2.2", "class-against-reply"},
		{"250-5.1.1", "class-against-reply"},
		{"252-2.6.10", "deprecated"},
		{"2.0.0_354", "354 or a failure"},
		{"accept_354", "354 or a failure"},
		{"bounce+4.2.2~", "how often"},
		{"4.2.2~0", "how often"},
		{"4.2.2~1001", "how often"},
		{"4.2.2~02", "how often"},
		{"4.2.2~-2", "how often"},
		{"4.2.2~99999999999999999999", "how often"},
		{"4.2.2~2~3", "twice"},
		{"4.2.2%0", "in how many"},
		{"4.2.2%101", "in how many"},
		{"4.2.2+61m", "no time"},
		{"4.2.2+2h", "no time"},
		{"4.2.2+3600001ms", "no time"},
		{"4.2.2+0s", "no time"},
		{"4.2.2+10", "no time"},
		{"4.2.2+1s+1s", "two times"},
		{"5.1.1_data_mail", "two stages"},
		{"slow-10", "no time"},
		{"slow-2d", "no time"},
		{"slow-10s+1s", "two times"},
		{"arf+60", "no time"},
		{"arf+60s_data", "no stage"},
		{"ooo_drop", "join a drop"},
		{"drop_drop", "drops already"},
		{"drop~x", "how often"},
		{"success%", "in how many"},
		{"accept_later-", "want a code"},
		{"accept_later+30s", "want a code"},
		{"accept_later-nothing", "want a code"},
		{"accept_later", "class 4 or 5"},
		{"accept_later-2.1.5", "class 4 or 5"},
		{"accept_later-5.1.1_later", "once"},
		{"drop_later", "after a code"},
		{"delay-5.1.1", "class 4"},
		{"550&john", "asks for nothing"},
		{"550&", "asks for nothing"},
		{"550&&550", "asks for nothing"},
		{"550-and-550-5.1", "three numbers"},
		{"ooo&ooo&ooo&ooo&ooo&ooo&ooo&ooo&ooo", "joins 9 orders"},
		{"gmail/nothing-such", "over-quota"},
	}
	for _, tt := range tests {
		orders, tagged, err := Parse(tt.local)
		var wrong *TagError
		if !tagged || orders != nil || !errors.As(err, &wrong) || !strings.Contains(wrong.Why, tt.says) {
			// ParseCode's own words come inside.
			t.Errorf("Parse(%q) = %v, %v, %v; want an error with %q", tt.local, orders, tagged, err, tt.says)
			continue
		}
		if _, err := nixie.NewReply(550, code("5.5.4"), err.Error()); err != nil {
			t.Errorf("Parse(%q): its error is not fit for a reply: %v", tt.local, err)
		}
	}
}

func TestParseLimits(t *testing.T) {
	eight := strings.Repeat("550&", MaxOrders-1) + "550"
	if orders, _, err := Parse(eight); err != nil || len(orders) != MaxOrders {
		t.Errorf("Parse(%q) = %d orders, %v; want %d", eight, len(orders), err, MaxOrders)
	}
	longest := strings.Repeat("slow-1s&", 7) + "accept~1"
	if _, tagged, err := Parse(longest); len(longest) != MaxLocal || !tagged || err != nil {
		t.Errorf("Parse of %d octets: tagged %v, %v; want %d octets to be read", len(longest), tagged, err, MaxLocal)
	}
	if _, tagged, err := Parse(longest + "0"); !tagged || err == nil || !strings.Contains(err.Error(), "65 octets") {
		t.Errorf("Parse of 65 octets: tagged %v, %v; want an error that says so", tagged, err)
	}
	if _, tagged, err := Parse(strings.Repeat("john", 20)); tagged || err != nil {
		t.Errorf("Parse of a long name: tagged %v, %v; want no tag", tagged, err)
	}
	if _, tagged, err := Parse("550-5.1.1&" + strings.Repeat("x", 1<<20)); !tagged || len(err.Error()) > 300 {
		t.Errorf("Parse of a megabyte: tagged %v, error of %d bytes", tagged, len(err.Error()))
	}
}

func TestParseCause(t *testing.T) {
	orders, _, err := Parse("slow-2s&550-5.1.1_DATA")
	if err != nil || len(orders) != 2 || orders[0].Cause != "address slow-2s" || orders[1].Cause != "address 550-5.1.1_data" {
		t.Errorf("causes of %v, %v; want those of each part", orders, err)
	}
}
