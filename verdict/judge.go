package verdict

import (
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/phrases"
)

//go:embed rules/*.rules receivers.tsv
var data embed.FS

// A Judge gives verdicts by a set of rules. It never changes once made and may
// be used by many goroutines. Make one with [New], or take [Builtin].
type Judge struct {
	rules     []Rule
	compiled  []compiled
	decisions []decision
	receivers *receiverIndex
	set       *phrases.Set
	uses      []phraseUse // of all phrases, one after the other
	usesFrom  []int32     // where those of a phrase begin in uses; one more at the end
	silent    silentRules
	version   string
	scratch   sync.Pool
}

// compiled is what judging needs of a rule, small, since it is looked at for
// every rule that a phrase was found for.
type compiled struct {
	id       string
	reason   Reason
	only     *conditions // nil for a rule that rests on its words alone
	kind     int8        // 3 provider, 2 words or code, 1 reply code, 0 class
	weight   int8
	modifier bool
	success  bool // it may decide a 2xx: words of failure in good news mean nothing
}

// decision is what a rule makes of a reply when it wins.
type decision struct {
	id, source, note string
	reason           Reason
	basis            Basis
	scope            Scope
	action           Action
	axes             axes // the reason's own
	permanence       nixie.Class
	modifies         []Reason
}

// conditions are what must hold beside the words.
type conditions struct {
	with       bool
	gaveUp     bool
	receivers  []int32
	stages     []Stage
	codes      []CodePattern
	replyCodes []ReplyCodePattern
}

// role is what a phrase does in a rule.
type role uint8

const (
	roleSay role = iota
	roleWith
	roleUnless
	roleReceiver // rule is then an index into receivers.names
)

type phraseUse struct {
	rule int32
	role role
}

// Config is what a judge is made of. Among rules of equal right, the earlier wins.
type Config struct {
	Rules     []Rule
	Receivers []Receiver
}

// BuiltinConfig returns the rules and receivers of this package, to be added to.
func BuiltinConfig() (Config, error) {
	var c Config
	names, err := fs.Glob(data, "rules/*.rules")
	if err != nil {
		return c, err
	}
	files := make([][]Rule, len(names))
	errs := make([]error, len(names))
	var readers sync.WaitGroup
	for i, name := range names {
		readers.Go(func() { files[i], errs[i] = parseEmbedded(name) })
	}
	readers.Wait()
	if err := errors.Join(errs...); err != nil {
		return c, err
	}
	c.Rules = slices.Concat(files...)
	c.Receivers, err = BuiltinReceivers()
	return c, err
}

func parseEmbedded(name string) ([]Rule, error) {
	f, err := data.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ParseRules(name, f)
}

// BuiltinReceivers returns the receivers of this package.
func BuiltinReceivers() ([]Receiver, error) {
	f, err := data.Open("receivers.tsv")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ParseReceivers("receivers.tsv", f)
}

// New makes a judge. It refuses two rules with one id, phrases that are not
// well written, and receivers that no row of the table names; the error joins
// a *[RuleError] for each.
func New(c Config) (*Judge, error) {
	if len(c.Rules) > MaxRules {
		return nil, fmt.Errorf("verdict: %d rules; at most %d are taken", len(c.Rules), MaxRules)
	}
	ix, err := newReceiverIndex(c.Receivers)
	if err != nil {
		return nil, err
	}
	j := &Judge{rules: c.Rules, receivers: ix, compiled: make([]compiled, len(c.Rules)), decisions: make([]decision, len(c.Rules))}
	j.silent = silentRules{byDetail: map[nixie.Detail][]int32{}, bySubject: map[int][]int32{}, byReplyCode: map[int][]int32{}}
	b := &phraseBuilder{numbers: map[string]int{}}
	seen := map[string]*Rule{}
	for i := range j.rules {
		r := &j.rules[i]
		if first := seen[r.ID]; first != nil {
			b.fail(r, "there is a rule %s already, at %s:%d", r.ID, first.File, first.Line)
		}
		seen[r.ID] = r
		j.compile(int32(i), b)
	}
	for _, r := range c.Receivers {
		for _, says := range r.Says {
			b.add(&Rule{ID: r.Name, File: "receivers"}, says, phraseUse{ix.byName[r.Name], roleReceiver})
		}
	}
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	for _, uses := range b.uses {
		j.usesFrom = append(j.usesFrom, int32(len(j.uses)))
		j.uses = append(j.uses, uses...)
	}
	j.usesFrom = append(j.usesFrom, int32(len(j.uses)))
	j.set, j.version = b.Build(), version(c)
	j.scratch.New = func() any { return newScratch(j) }
	return j, nil
}

// phraseBuilder numbers each phrase once, however many rules use it.
type phraseBuilder struct {
	phrases.Builder
	numbers map[string]int
	uses    [][]phraseUse
	errs    []error
}

func (b *phraseBuilder) fail(r *Rule, format string, args ...any) {
	if len(b.errs) < maxRuleErrors {
		b.errs = append(b.errs, &RuleError{File: r.File, Line: r.Line, Text: "rule " + r.ID + ": " + fmt.Sprintf(format, args...)})
	}
}

func (b *phraseBuilder) add(r *Rule, text string, u phraseUse) {
	n, ok := b.numbers[text]
	if !ok {
		var err error
		if n, err = b.Add(text); err != nil {
			b.fail(r, "%v", err)
			return
		}
		b.numbers[text] = n
		b.uses = append(b.uses, nil)
	}
	b.uses[n] = append(b.uses[n], u)
}

func (j *Judge) compile(n int32, b *phraseBuilder) {
	r, c := &j.rules[n], &j.compiled[n]
	c.id, c.reason, c.weight, c.modifier = r.ID, r.Reason, int8(r.Weight), len(r.For) > 0
	j.decisions[n] = decision{
		id: r.ID, source: r.Source, note: r.Note, reason: r.Reason, basis: r.basis(), scope: r.Scope, action: r.Action,
		axes: defaults[r.Reason], permanence: r.Permanence, modifies: r.For,
	}
	c.success = slices.ContainsFunc(r.ReplyCodes, func(p ReplyCodePattern) bool { return p.begins(2) }) ||
		slices.ContainsFunc(r.Codes, func(p CodePattern) bool { return p.Class == nixie.Success }) || defaults[r.Reason].always == nixie.Success
	switch r.basis() {
	case BasisProvider:
		c.kind = 3
	case BasisPhrase, BasisCode:
		c.kind = 2
	case BasisReplyCode:
		c.kind = 1
	}
	only := conditions{with: len(r.With) > 0, gaveUp: r.GaveUp, stages: r.Stages, codes: r.Codes, replyCodes: r.ReplyCodes}
	for _, name := range r.Receivers {
		at, ok := j.receivers.byName[name]
		if !ok {
			b.fail(r, "there is no receiver %q", name)
		}
		only.receivers = append(only.receivers, at)
	}
	if only.with || only.gaveUp || len(only.receivers)+len(only.stages)+len(only.codes)+len(only.replyCodes) > 0 {
		c.only = &only
	}
	for _, text := range r.Say {
		b.add(r, text, phraseUse{n, roleSay})
	}
	for _, text := range r.With {
		b.add(r, text, phraseUse{n, roleWith})
	}
	for _, text := range r.Unless {
		b.add(r, text, phraseUse{n, roleUnless})
	}
	if len(r.Say) == 0 {
		j.silent.add(n, r)
	}
}

// silentRules are the rules without words, by what they rest on.
type silentRules struct {
	byDetail    map[nixie.Detail][]int32
	bySubject   map[int][]int32
	byReplyCode map[int][]int32
	byClass     [6][]int32 // by the first digit in effect, 0 for none
}

func (s *silentRules) add(n int32, r *Rule) {
	open := func(p ReplyCodePattern) bool { return !p.exact() }
	switch {
	case len(r.Codes) > 0:
		for _, p := range r.Codes {
			if p.Number < 0 {
				s.bySubject[p.Subject] = appendNew(s.bySubject[p.Subject], n)
			} else if d, ok := nixie.NewDetail(p.Subject, p.Number); ok {
				s.byDetail[d] = appendNew(s.byDetail[d], n)
			}
		}
	case len(r.ReplyCodes) > 0 && !slices.ContainsFunc(r.ReplyCodes, open):
		for _, p := range r.ReplyCodes {
			code, _ := strconv.Atoi(string(p))
			s.byReplyCode[code] = appendNew(s.byReplyCode[code], n)
		}
	default:
		for digit := range s.byClass {
			if len(r.ReplyCodes) == 0 || slices.ContainsFunc(r.ReplyCodes, func(p ReplyCodePattern) bool { return p.begins(digit) }) {
				s.byClass[digit] = append(s.byClass[digit], n)
			}
		}
	}
}

// appendNew adds n to a list unless it is the last there already.
func appendNew(list []int32, n int32) []int32 {
	if len(list) > 0 && list[len(list)-1] == n {
		return list
	}
	return append(list, n)
}

// version hashes everything that verdicts depend on.
func version(c Config) string {
	h := fnv.New64a()
	var buf []byte
	field := func(values ...string) {
		buf = buf[:0]
		for _, v := range values {
			buf = append(append(buf, v...), 0)
		}
		h.Write(append(buf, 1))
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		field(r.ID, string(r.Reason), r.Permanence.String(), string(r.Scope), string(r.Action))
		field(r.Receivers...)
		field(r.Say...)
		field(r.With...)
		field(r.Unless...)
		fmt.Fprint(h, r.Weight, r.Vendor, r.GaveUp, r.Codes, r.ReplyCodes, r.Stages, r.For)
	}
	for i := range c.Receivers {
		r := &c.Receivers[i]
		field(r.Name)
		field(r.Aliases...)
		field(r.Hosts...)
		field(r.Domains...)
		field(r.Says...)
	}
	return fmt.Sprintf("%d.%016x", Vocabulary, h.Sum64())
}

// Version identifies the rules: two judges of one version judge alike. It
// begins with the version of the vocabulary.
func (j *Judge) Version() string { return j.version }

// Rules returns the rules in order. The caller must not change them.
func (j *Judge) Rules() []Rule { return j.rules }

// Receiver resolves a receiver's name or alias; ok is false for an unknown one.
func (j *Judge) Receiver(name string) (canonical string, ok bool) {
	n, ok := j.receivers.byName[name]
	return j.receivers.names[n], ok
}

// Builtin returns the judge with the rules of this package.
func Builtin() *Judge { return builtin() }

// A failure here is one of the embedded files, which the tests read first.
var builtin = sync.OnceValue(func() *Judge {
	c, err := BuiltinConfig()
	if err != nil {
		panic(err)
	}
	j, err := New(c)
	if err != nil {
		panic(err)
	}
	return j
})

// Of judges a reply by the built-in rules, with no hints.
func Of(reply nixie.Reply) Verdict { return Builtin().Of(&reply, Hints{}) }

// candidate is a rule whose conditions hold.
type candidate struct {
	rule     int32
	match    int32 // into scratch.matches, -1 for a rule without words
	chars    int32 // bytes that matched
	start    int32 // where the match begins
	kind     int8
	weight   int8
	exact    int8 // how much of a code or reply code the rule names
	supports bool // the code's registered meaning agrees with the reason
}

// better orders candidates; see "Which rule wins" in docs/rules.md.
func better(a, b candidate) int {
	switch {
	case a.kind != b.kind:
		return int(b.kind) - int(a.kind)
	case a.weight != b.weight:
		return int(b.weight) - int(a.weight)
	case a.supports != b.supports:
		return compareBool(b.supports, a.supports)
	case a.chars != b.chars:
		return int(b.chars - a.chars)
	case a.exact != b.exact:
		return int(b.exact) - int(a.exact)
	case a.start != b.start:
		return int(a.start - b.start)
	}
	return int(a.rule - b.rule)
}

// sortCandidates puts the best first. There are a handful, for which this is the
// quickest way.
func sortCandidates(cs []candidate) {
	for i := 1; i < len(cs); i++ {
		for k := i; k > 0 && better(cs[k], cs[k-1]) < 0; k-- {
			cs[k], cs[k-1] = cs[k-1], cs[k]
		}
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
