package phrases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// found returns the texts of each phrase's parts in text, nil if it is not found.
func found(t *testing.T, phrase, text string) []string {
	t.Helper()
	var b Builder
	if _, err := b.Add(phrase); err != nil {
		t.Fatal(err)
	}
	sc := b.Build().NewScanner()
	sc.Feed(text, 0, len(text))
	var parts []string
	for _, m := range sc.Find() {
		for _, sp := range m.Spans[:m.Parts] {
			parts = append(parts, text[sp.Start:sp.End])
		}
	}
	return parts
}

func TestScan(t *testing.T) {
	for _, tt := range []struct {
		phrase, text string
		want         []string
	}{
		{"user unknown", "550 User_Unknown!", []string{"User_Unknown"}},
		{"user unknown", "user  unknown", []string{"user  unknown"}},
		{"user unknown", "superuser unknown", nil},
		{"user unknown", "user unknowns", nil},
		{"doesn't exist", "it doesn’t exist", []string{"doesn’t exist"}},
		{"(no|not a) such user", "There is no such user here", []string{"no such user"}},
		{"no such [mail|e-mail] user", "no such e-mail user", []string{"no such e-mail user"}},
		{"no such [mail|e-mail] user", "no such user", []string{"no such user"}},
		{"no such (mail|) user", "no such user", []string{"no such user"}},
		{"reject*", "it was Rejected.", []string{"Rejected"}},
		{"reject*", "project", nil},
		{"reject*", "rejet", nil},
		{"followup mail", "FOLLOWUP mail", []string{"FOLLOWUP mail"}}, // eight letters
		{"followup mail", "FOLLOWUPS mail", nil},
		{"abcdefghijklmnop", "x abcdefghIJKLMNOP", []string{"abcdefghIJKLMNOP"}}, // and twice eight
		{"abcdefghijklmnop", "abcdefghijklmno", nil},
		{"abcdefghijklmnop", "abcdefghijklmnopq", nil},
		{"international*", "internationalised", []string{"internationalised"}},
		{"international*", "internation", nil},
		{"abcdefghe", "abcdefghé", []string{"abcdefghé"}},
		{"abcdefg", "abcdefg é", []string{"abcdefg"}},
		{"(rej*|reject*) it", "rejecting it", []string{"rejecting it"}},
		{"rej* it", "rejecting it", []string{"rejecting it"}},
		{"desactiv*", "désactivée", []string{"désactivée"}},
		{"mail* 用户", "mailbox用户", []string{"mailbox用户"}},
		{"po* x", "poчта x", []string{"poчта x"}},
		{"(re*|reject) mail", "reject mail", []string{"reject mail"}},
		{"user ... unknown", "user <a@example.com> is unknown", []string{"user", "unknown"}},
		{"user ... unknown", "user unknown", []string{"user", "unknown"}},
		{"user ... unknown", "user 1 2 3 4 5 6 7 8 unknown", []string{"user", "unknown"}},
		{"user ... unknown", "user 1 2 3 4 5 6 7 8 9 unknown", nil},
		{"user ... unknown", "unknown user", nil},
		{"(user|box) ... (full|gone)", "this box, it is gone", []string{"box", "gone"}},
		{"(a b ... c|d) e", "a b x c e", []string{"a b", "c e"}},
		{"(a b ... c|d) e", "d e", []string{"d e"}},
		{"<address> is full", "<user.name+tag@mail.example.com> is full", []string{"user.name+tag@mail.example.com> is full"}},
		{"spam", "550 <spam@example.com> unknown", nil},
		{"spam", "550 spam from user@example.com", []string{"spam"}},
		{"<ip> is listed", "[192.0.2.25] is listed", []string{"192.0.2.25] is listed"}},
		{"<ip> is listed", "2001:db8::25 is listed", []string{"2001:db8::25 is listed"}},
		{"<ip> is listed", "1.2.3 is listed", nil},
		{"<address> is listed", "1:2:3@example.com is listed", []string{"3@example.com is listed"}},
		{"wait <ip>", "wait 10:00:00", nil}, // a time
		{"wait <ip>", "wait 2001:db8:0:0:0:0:0:25.", []string{"wait 2001:db8:0:0:0:0:0:25"}},
		{"<address> no", "10:00:0@example.com no", []string{"0@example.com no"}},
		{"zen.spamhaus.org", "see https://zen.spamhaus.org/query", []string{"zen.spamhaus.org"}},
		{"boite aux lettres désactivée", "Boîte aux lettres desactivee", []string{"Boîte aux lettres desactivee"}},
		{"boite pleine", "bo\xeete pleine", []string{"bo\xeete pleine"}}, // ISO 8859-1
		{"почтовый ящик переполнен", "ПОЧТОВЫЙ ящик Переполнен", []string{"ПОЧТОВЫЙ ящик Переполнен"}},
		{"переполн*", "ящик переполнен", []string{"переполнен"}},
		{"用户不存在", "抱歉，该用户不存在！", []string{"用户不存在"}},
		{"用户 不存在", "用户user@example.com不存在", nil},
		{"用户 <address> 不存在", "用户user@example.com不存在", []string{"用户user@example.com不存在"}},
	} {
		if got := found(t, tt.phrase, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q in %q: got %q, want %q", tt.phrase, tt.text, got, tt.want)
		}
	}
}

// Items that may be missing stand beside items that must be there.
func TestOptionalItems(t *testing.T) {
	const phrase = "(a|b|c|d) [e|f|g|h|i] [j|k|l|m|n|o|p] [q|r|s|t|u] (v|w|x|y|z)"
	for _, text := range []string{"a v", "b e w", "c k x", "d i n u y", "a q z", "1 a q z 2"} {
		want := strings.Trim(text, " 12")
		if got := found(t, phrase, text); !slices.Equal(got, []string{want}) {
			t.Errorf("in %q: got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"a 1 v", "e v", "a e j", "a k e v"} {
		if got := found(t, phrase, text); got != nil {
			t.Errorf("in %q: got %q, want none", text, got)
		}
	}
}

func TestFeedJoinsRuns(t *testing.T) {
	var b Builder
	b.Add("does not exist")
	sc := b.Build().NewScanner()
	text := "550-5.1.1 it does\n550 5.1.1 not exist"
	for range 2 { // a scanner can be used again
		sc.Reset()
		sc.Feed(text, 10, 17)
		sc.Feed(text, 28, len(text))
		if ms := sc.Find(); len(ms) != 1 || ms[0].Chars != 24 || ms[0].Spans[0] != (Span{13, 37}) {
			t.Fatalf("got %+v", ms)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	for _, tt := range []struct {
		phrase string
		want   error
	}{
		{"", errEmpty}, {"[a]", errEmpty}, {"(a|)", errEmpty}, {"...", errEmpty}, {"--", errEmpty},
		{"(a", errBracket}, {"a)", errBracket}, {"[a", errBracket}, {"(a]", errBracket},
		{strings.Repeat("x", maxStem+1) + "*", errStar}, {"a*b", errStar}, {"*", errStar}, {"a*", errStar},
		{"<name>", errUnknown},
		{strings.Repeat("a ... ", MaxParts+1) + "a", errParts},
		{strings.Repeat("a ", MaxWords+1), errWords},
		{"(" + strings.Repeat("(a|b|c|d|e|f)", 6) + ")", errVariants},
		{strings.Repeat("("+strings.Repeat("(a|b)", 9)+")", 3), errSize},
	} {
		var b Builder
		if _, err := b.Add(tt.phrase); !errors.Is(err, tt.want) {
			t.Errorf("Add(%.40q) = %v, want %v", tt.phrase, err, tt.want)
		}
	}
	b := Builder{words: maxTotalWords - 1}
	if _, err := b.Add("a b"); !errors.Is(err, errTotal) {
		t.Errorf("over the words of a set: %v, want %v", err, errTotal)
	}
	b = Builder{}
	for _, phrase := range []string{strings.Repeat("x", maxStem) + "*", strings.Repeat("a ", MaxWords), strings.Repeat("a ... ", MaxParts-1) + "a"} {
		if _, err := b.Add(phrase); err != nil {
			t.Errorf("Add(%.40q) = %v, want it taken", phrase, err)
		}
	}
}

// Phrases of groups are looked for when asked, and leave what was found alone.
func TestGroups(t *testing.T) {
	var b Builder
	for _, g := range []struct {
		group int
		text  string
	}{{-1, "user ... unknown"}, {0, "sender ... unknown"}, {0, "never"}, {2, "user"}, {2, "un* ... here"}, {-1, "here"}} {
		if _, err := b.AddTo(g.group, g.text); err != nil {
			t.Fatal(err)
		}
	}
	sc := b.Build().NewScanner()
	for _, tt := range []struct {
		text  string
		found int
		has   [4]bool
	}{
		{"user is unknown here", 2, [4]bool{false, false, true, false}},
		{"sender is unknown", 0, [4]bool{true, false, false, false}},
		{"unknown sender here", 1, [4]bool{false, false, true, false}},
		{"nothing of it", 0, [4]bool{}},
	} {
		sc.Reset()
		sc.Feed(tt.text, 0, len(tt.text))
		ms := slices.Clone(sc.Find())
		if len(ms) != tt.found {
			t.Errorf("%q: %d phrases, want %d", tt.text, len(ms), tt.found)
		}
		for range 2 { // asking changes nothing
			for group, want := range tt.has {
				if got := sc.Has(group); got != want {
					t.Errorf("%q: Has(%d) = %v, want %v", tt.text, group, got, want)
				}
			}
		}
		if !slices.Equal(ms, sc.matches) {
			t.Errorf("%q: the matches changed from %v to %v", tt.text, ms, sc.matches)
		}
	}
}

// The states of a set are made while texts are read, by many goroutines at once;
// all must find the same. The race detector watches.
func TestManyScanners(t *testing.T) {
	var b Builder
	for _, p := range []string{"user unknown", "user ... unknown here", "(no|not) such user", "reject*", "mailbox ... full"} {
		b.Add(p)
	}
	s := b.Build()
	text := "no such user: user is rejected, mailbox of user unknown here is full"
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			sc := s.NewScanner()
			for range 50 {
				sc.Reset()
				sc.Feed(text, 0, len(text))
				if n := len(sc.Find()); n != 5 {
					t.Errorf("%d phrases found, want 5", n)
				}
			}
		})
	}
	wg.Wait()
}

// The list of states outgrows its memory while scanners read it, each in its own order.
func TestStatesGrow(t *testing.T) {
	const n = 4000
	var b Builder
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("a%d b%d ... c%d", i, i, i)
		b.Add(words[i])
	}
	s := b.Build()
	var wg sync.WaitGroup
	for from := range 4 {
		wg.Go(func() {
			sc := s.NewScanner()
			text := strings.Join(append(slices.Clone(words[from*n/4:]), words[:from*n/4]...), " ")
			for range 2 {
				sc.Reset()
				sc.Feed(text, 0, len(text))
				if got := len(sc.Find()); got != n {
					t.Errorf("%d phrases found, want %d", got, n)
				}
			}
		})
	}
	wg.Wait()
	if got := len(*s.list.Load()); got <= firstStates {
		t.Errorf("the states take %d numbers; the test is to make more than the %d there is room for", got, firstStates)
	}
}

// naive says by the definition alone whether a phrase without gaps is in a text.
func naive(v *vocabulary, variants [][]symbol, text string) bool {
	words := foldWords(text)
	for i := range words {
		for _, way := range variants {
			if len(words)-i < len(way) {
				continue
			}
			all := true
			for k, sym := range way {
				w := v.words[sym-firstSymbol]
				stem, open := strings.CutSuffix(w, openEnding)
				all = all && (words[i+k] == w || open && strings.HasPrefix(words[i+k], stem))
			}
			if all {
				return true
			}
		}
	}
	return false
}

func FuzzScan(f *testing.F) {
	f.Add("no such (user|mailbox)", "550 no such mailbox here")
	f.Add("reject* [mail] by rejection", "rejected mail by rejection")
	f.Add("用户 unknown", "bad用户\xff UNKNOWN")
	f.Add("a a b", "a a a b")
	f.Add("a", "550 1:2:3@example.com no 1::2@e.com")
	f.Fuzz(func(t *testing.T, phrase, text string) {
		if len(phrase) > 200 || len(text) > 2000 {
			return
		}
		var b Builder
		if _, err := b.Add(phrase); err != nil {
			return
		}
		p := b.phrases[0]
		b.Add("a* b")
		sc := b.Build().NewScanner()
		sc.Feed(text, 0, len(text))
		got := false
		for _, m := range sc.Find() {
			got = got || m.Phrase == 0
			for _, sp := range m.Spans[:m.Parts] {
				if sp.Start < 0 || int(sp.End) > len(text) || sp.Start >= sp.End {
					t.Fatalf("span %v is not in a text of %d bytes", sp, len(text))
				}
			}
		}
		if len(p) != 1 || len(p[0]) != 1 || strings.ContainsAny(phrase, "<") || strings.ContainsAny(text, ".:@\x01\x02\x03") {
			return // only phrases of one part, in texts without addresses, have a simple definition
		}
		variants, err := [][]symbol{nil}, error(nil)
		for _, it := range p[0][0] {
			if variants, err = b.parser.join(variants, it); err != nil {
				return
			}
		}
		if want := naive(&b.parser.vocabulary, variants, text); got != want {
			t.Errorf("%q in %q: found %v, want %v", phrase, text, got, want)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	var bu Builder
	for _, p := range []string{"user unknown", "mailbox ... full", "(no|not) such user", "reject*", "over quota", "<ip> ... listed"} {
		bu.Add(p)
	}
	sc := bu.Build().NewScanner()
	text := "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in local recipient table; host [192.0.2.25] is listed"
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		sc.Reset()
		sc.Feed(text, 0, len(text))
		sc.Find()
	}
}

// TestFoldAgreesWithUnicode holds the short cuts for usual letters to the tables.
func TestFoldAgreesWithUnicode(t *testing.T) {
	for r := rune(0x180); r <= unicode.MaxRune; r++ {
		want := rune(0)
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			want = unicode.ToLower(r)
		}
		if unicode.Is(unicode.Mn, r) && r < 0x370 {
			want = -1
		}
		if got := foldRune(r); got != want {
			t.Errorf("foldRune(%U) is %U, want %U", r, got, want)
		}
	}
}
