package verdict

import (
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"slices"
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
	lists     conditionLists
	decisions []decision
	receivers *receiverIndex
	set       *phrases.Set
	uses      []phraseUse // of all phrases, one after the other
	usesFrom  []int32     // where those of a phrase begin in uses; one more at the end
	silent    silentRules
	version   string
	scratch   sync.Pool
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
	j.silent = newSilentRules()
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
func Of(reply nixie.Reply) Verdict { return Builtin().Of(reply, Hints{}) }
