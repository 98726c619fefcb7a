package order

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/nixiemail/nixie"
)

func TestGrammar(t *testing.T) {
	forms := map[string]bool{}
	for _, row := range Grammar() {
		orders, tagged, err := Parse(row.Example)
		if !tagged || err != nil {
			t.Errorf("%s: example %q: tagged %v, %v; want a tag", row.Form, row.Example, tagged, err)
		}
		dashed, tagged, err := Parse(row.DashExample)
		if !tagged || err != nil {
			t.Errorf("%s: example %q: tagged %v, %v; want a tag", row.Form, row.DashExample, tagged, err)
		}
		if d := diff(orders, dashed); d != "" {
			t.Errorf("%q and %q ask for different things:\n%s", row.Example, row.DashExample, d)
		}
		if strings.ContainsAny(row.DashExample, "+~%&/") {
			t.Errorf("%q has a mark that is refused by those for whom it is", row.DashExample)
		}
		if row.Means == "" || forms[row.Form] {
			t.Errorf("%q has no meaning, or stands twice", row.Form)
		}
		forms[row.Form] = true
	}
}

func TestWrite(t *testing.T) {
	tests := []struct {
		orders        []Order
		plain, dashed string
	}{
		{[]Order{{ReplyCode: 550, Code: code("5.1.1")}}, "550-5.1.1", "bounce-550-5-1-1"},
		{[]Order{{Code: code("4.2.2"), Times: 2, Percent: 30, Stage: Message}}, "4.2.2_data~2%30", "bounce-4-2-2_data-x2-p30"},
		{[]Order{{ReplyCode: 451}}, "451", "bounce-451"},
		{[]Order{{ReplyCode: 421, Code: code("4.7.0"), Drop: Reset}}, "421-4.7.0_reset", "bounce-421-4-7-0_reset"},
		{[]Order{bounceLater(0, "5.2.2", 90*time.Second)}, "accept_later-5.2.2+90s", "accept_later-5-2-2-90s"},
		{[]Order{bounceLater(552, "5.2.2", 0)}, "accept_later-552-5.2.2", "accept_later-552-5-2-2"},
		{[]Order{{Late: Late{Kind: Complaint, After: time.Minute}}}, "arf+1m", "arf-1m"},
		{[]Order{{Late: Late{Kind: Delay, Code: code("4.4.1")}}}, "delay-4.4.1", "delay-4-4-1"},
		{[]Order{{Stall: 2 * time.Second}, {Drop: Close, Stage: Begin}}, "slow-2s&drop_354", "slow-2s-and-drop_354"},
		{[]Order{{Code: code("2.0.0")}}, "accept", "accept"},
	}
	for _, tt := range tests {
		if got, ok := Write(Plain, tt.orders...); got != tt.plain || !ok {
			t.Errorf("Write(Plain, %v) = %q, %v; want %q", tt.orders, got, ok, tt.plain)
		}
		if got, ok := Write(Dashed, tt.orders...); got != tt.dashed || !ok {
			t.Errorf("Write(Dashed, %v) = %q, %v; want %q", tt.orders, got, ok, tt.dashed)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := map[string][]Order{
		"none":                   nil,
		"nothing ordered":        {{}},
		"raw bytes":              {{Raw: []byte("550\r\n")}},
		"words of one's own":     {{ReplyCode: 550, Lines: []string{"no"}}},
		"a stage before any":     {{ReplyCode: 550, Stage: Hello}},
		"too many times":         {{ReplyCode: 550, Times: MaxTimes + 1}},
		"more than all cases":    {{ReplyCode: 550, Percent: 101}},
		"too long a wait":        {{Stall: MaxWait + time.Millisecond}},
		"too fine a wait":        {{Stall: time.Microsecond}},
		"a pair that disagrees":  {{ReplyCode: 550, Code: code("4.2.2")}},
		"a deprecated code":      {{Code: code("2.6.10")}},
		"too many octets":        slices.Repeat([]Order{{ReplyCode: 550, Code: code("5.999.999"), Stage: Message}}, 4),
		"a reply with a report":  {{ReplyCode: 550, Late: Late{Kind: Complaint}}},
		"a report with no words": {{Late: Late{Kind: Bounce}}},
	}
	for name, orders := range tests {
		if got, ok := Write(Plain, orders...); ok || got != "" {
			t.Errorf("%s: Write = %q, %v; want a refusal", name, got, ok)
		}
	}
}

// orderOf makes an order that an address can ask for out of any numbers.
func orderOf(kind, stage, class, subject, detail, times, percent, wait, unit uint8) Order {
	codeOf := func(c nixie.Class) nixie.Code {
		d, _ := nixie.NewDetail(int(subject)%100, int(detail))
		if d.String() == "X.6.10" { // deprecated, so no address asks for it
			d = nixie.UTF8ReplyRequired
		}
		return d.In(c)
	}
	classes := []nixie.Class{nixie.Transient, nixie.Permanent}
	c := classes[int(class)%2]
	waits := []time.Duration{time.Millisecond, time.Second, time.Minute}
	o := Order{Times: int(times), Percent: int(percent) % 101}
	after := time.Duration(wait%60) * waits[int(unit)%3]
	switch kind % 8 {
	case 0:
		o.Code, o.Stall = codeOf(c), after
	case 1:
		o.Code, o.ReplyCode, o.Stall = codeOf(c), int(c)*100+int(detail)%60, after
	case 2:
		o.ReplyCode, o.Drop = int(c)*100+int(detail)%60, Close
	case 3:
		o.Drop, o.Stall = Reset, after
	case 4:
		o.Stall = after + time.Second
	case 5:
		o.Late = Late{Kind: Bounce, Code: codeOf(c), After: after}
	case 6:
		o.Late = Late{Kind: Delay, Code: codeOf(nixie.Transient), After: after}
	case 7:
		o.Late = Late{Kind: []LateKind{Delivered, Complaint, AutoReply}[int(detail)%3], After: after}
	}
	if o.Late.Kind == NoLate {
		o.Stage = append(tagStages(), "")[int(stage)%6]
	}
	return o
}

// TestWriteReadsBack shows that what can be ordered can be written, in both forms, and
// is read back as it was.
func TestWriteReadsBack(t *testing.T) {
	back := func(kind, stage, class, subject, detail, times, percent, wait, unit uint8) bool {
		o := orderOf(kind, stage, class, subject, detail, times, percent, wait, unit)
		for _, form := range []Form{Plain, Dashed} {
			local, ok := Write(form, o)
			if !ok {
				t.Logf("%+v cannot be written", o)
				return false
			}
			if form == Dashed && strings.ContainsAny(local, "+~%&/") {
				t.Logf("%q has a mark", local)
				return false
			}
			orders, _, _ := Parse(local)
			if d := diff([]Order{o}, orders); d != "" {
				t.Logf("%q: %s", local, d)
				return false
			}
		}
		return true
	}
	if err := quick.Check(back, &quick.Config{MaxCount: 3000, Rand: rand.New(rand.NewSource(1))}); err != nil {
		t.Error(err)
	}
}

func TestWriteRealWords(t *testing.T) {
	for _, r := range RealWords() {
		for _, form := range []Form{Plain, Dashed} {
			sep := map[Form]string{Plain: "/", Dashed: "-"}[form]
			name := r.Receiver + sep + r.Name
			for _, tail := range []string{"", "_later"} {
				orders, tagged, err := Parse(name + tail)
				if err != nil || !tagged || len(orders) != 1 {
					t.Errorf("Parse(%q) = %v, %v, %v; want one order", name+tail, orders, tagged, err)
					continue
				}
				lines := orders[0].Lines
				if tail != "" {
					lines = orders[0].Late.Lines
				}
				if !slices.Equal(lines, r.Lines) {
					t.Errorf("%q says %q; want %q", name, lines, r.Lines)
				}
				if got, ok := Write(form, orders...); !ok || got != name+tail {
					t.Errorf("%q is written back as %q, %v", name+tail, got, ok)
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, row := range Grammar() {
		f.Add(row.Example)
		f.Add(row.DashExample)
	}
	for _, s := range []string{"", "bounce+", "550-", "550-9.9.9999", "a&b", "-and-", "slow-", "gmail/", "5.1.1~2~3", "\x00", "accept_later--"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, local string) {
		orders, tagged, err := Parse(local)
		again, taggedAgain, errAgain := Parse(local)
		if tagged != taggedAgain || (err == nil) != (errAgain == nil) || diff(orders, again) != "" {
			t.Fatalf("Parse(%q) says two things", local)
		}
		if err != nil {
			if _, wrong := nixie.NewReply(550, nixie.MustCode("5.5.4"), err.Error()); !tagged || orders != nil || wrong != nil {
				t.Fatalf("Parse(%q) = %v, %v, %v (%v)", local, orders, tagged, err, wrong)
			}
			return
		}
		if tagged != (len(orders) > 0) || len(orders) > MaxOrders {
			t.Fatalf("Parse(%q) = %v, %v", local, orders, tagged)
		}
		for _, o := range orders {
			if o.Times > MaxTimes || o.Percent > 100 || o.Stall > MaxWait || o.Late.After > MaxWait {
				t.Fatalf("Parse(%q) is over a limit: %+v", local, o)
			}
			back, ok := Write(Plain, o)
			if !ok {
				t.Fatalf("Parse(%q) = %+v, which cannot be written", local, o)
			}
			if read, _, _ := Parse(back); diff([]Order{o}, read) != "" {
				t.Fatalf("Parse(%q) = %+v, written %q, read %+v", local, o, back, read)
			}
		}
	})
}
