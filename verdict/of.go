package verdict

import (
	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/phrases"
)

// scratch is the working memory of one judgement.
type scratch struct {
	scan       *phrases.Scanner
	generation uint32
	marks      []mark  // by rule
	touched    []int32 // rules that have something to say
	matches    []phrases.Match
	candidates []candidate
	modifiers  []candidate
	sit        situation
}

// mark is what the phrases found so far say of a rule.
type mark struct {
	generation uint32
	said       int32 // the longest match of a say line, counted from 1; 0 for none
}

func newScratch(j *Judge) *scratch {
	return &scratch{scan: j.set.NewScanner(), marks: make([]mark, len(j.rules))}
}

// maxOverruled bounds the list of beaten rules in a verdict.
const maxOverruled = 8

// Of judges a reply. It always has an answer: at the least, what the reply's
// first digit says.
func (j *Judge) Of(reply nixie.Reply, hints Hints) Verdict {
	s := j.scratch.Get().(*scratch)
	v := j.judge(s, &reply, hints)
	j.scratch.Put(s)
	return v
}

func (j *Judge) judge(s *scratch, reply *nixie.Reply, hints Hints) Verdict {
	s.reset()
	text := reply.String()
	for _, l := range reply.Lines {
		s.scan.Feed(text, l.TextStart, l.End)
	}
	said := s.read(j)
	sit := &s.sit
	*sit = situation{replyCode: reply.ReplyCode(), said: reply.Code(), stage: hints.Stage, gaveUp: hints.GaveUp}
	sit.class = nixie.ClassOf(sit.replyCode)
	if sit.class == 0 && sit.replyCode == 0 {
		sit.class = sit.said.Class()
	}
	if sit.stage == StageUnknown {
		sit.stage = stageOf(reply.Command)
	}
	sit.digits = digitOf(sit.replyCode, sit.class)
	sit.receiver = j.receiver(reply, hints, said)
	j.collect(s, sit)
	v := Verdict{Receiver: j.receivers.names[sit.receiver], RulesVersion: j.version}
	j.fill(&v, s, sit, text)
	v.RetryAfter = retryAfter(reply, v.Permanence)
	return v
}

func (s *scratch) reset() {
	s.scan.Reset()
	s.touched, s.candidates, s.modifiers = s.touched[:0], s.candidates[:0], s.modifiers[:0]
	s.generation++
	if s.generation == 0 { // after 2^32 uses, old marks would look new
		clear(s.marks)
		s.generation = 1
	}
}

// read notes for each rule what was found, and returns the receiver that the
// words name, -1 if none.
func (s *scratch) read(j *Judge) (receiver int32) {
	receiver = -1
	s.matches = s.scan.Find()
	for i := range s.matches {
		m := &s.matches[i]
		for _, u := range j.uses[j.usesFrom[m.Phrase]:j.usesFrom[m.Phrase+1]] {
			if u.role == roleReceiver {
				if receiver < 0 {
					receiver = u.rule
				}
				continue
			}
			k := &s.marks[u.rule]
			if k.generation != s.generation {
				*k = mark{generation: s.generation}
			}
			if k.said == 0 {
				s.touched = append(s.touched, u.rule)
			}
			if k.said == 0 || m.Chars > s.matches[k.said-1].Chars {
				k.said = int32(i) + 1
			}
		}
	}
	return receiver
}

// receiver finds who said it: a hint, the remote host, the words, the domain.
func (j *Judge) receiver(reply *nixie.Reply, hints Hints, said int32) int32 {
	if hints.Receiver != "" {
		if n, ok := j.receivers.byName[hints.Receiver]; ok && n != 0 {
			return n
		}
	}
	for _, host := range []string{hints.RemoteHost, reply.Host} {
		if n, ok := j.receivers.host(host); ok {
			return n
		}
	}
	if said >= 0 {
		return said
	}
	n, _ := j.receivers.host(hints.Domain)
	return n
}

// collect lists the rules that hold.
func (j *Judge) collect(s *scratch, sit *situation) {
	code, bySubject := &j.silent.codes[0], []silentRule(nil)
	if !sit.said.IsZero() {
		d := sit.said.Detail()
		code = j.silent.of(d)
		if d.Subject() < len(j.silent.bySubject) {
			bySubject = j.silent.bySubject[d.Subject()]
		}
	}
	sit.supported = code.supported
	for _, n := range s.touched {
		if sit.class != nixie.Success || j.compiled[n].success {
			j.consider(s, sit, n, s.marks[n].said)
		}
	}
	// A rule without words that rests on less than the best so far can't win.
	least := int8(0)
	if best := j.best(s); best >= 0 {
		least = s.candidates[best].strength.kind()
	}
	digit := sit.replyCode / 100
	if digit < 0 || digit >= len(j.silent.byClass) || digit == 0 {
		digit = int(sit.class) // 0 to 5; a caller can put any number into a Line
	}
	j.considerSilent(s, sit, j.silent.byClass[digit], least)
	j.considerSilent(s, sit, code.rules, least)
	j.considerSilent(s, sit, bySubject, least)
	if sit.replyCode > 0 && sit.replyCode < len(j.silent.byReplyCode) {
		j.considerSilent(s, sit, j.silent.byReplyCode[sit.replyCode], least)
	}
}

func (j *Judge) considerSilent(s *scratch, sit *situation, rules []silentRule, least int8) {
	for _, r := range rules {
		if r.kind >= least || r.modifier {
			j.consider(s, sit, r.rule, 0)
		}
	}
}

// consider adds a rule whose words were found, if its conditions hold; said is
// its longest match, counted from 1, 0 for a rule without words. Its phrases of
// other kinds are left to stands.
func (j *Judge) consider(s *scratch, sit *situation, n, said int32) {
	c := &j.compiled[n]
	cand := candidate{rule: n, match: said - 1, strength: c.strength}
	if !c.free {
		exact, ok := j.hold(&c.only, n, sit)
		if !ok {
			return
		}
		cand.strength |= strength(exact)
	}
	if said > 0 {
		m := &s.matches[said-1]
		cand.strength |= strength(m.Chars) << strengthChars
		cand.start = m.Spans[0].Start
	}
	if c.modifier {
		s.modifiers = append(s.modifiers, cand)
		return
	}
	if sit.supported&c.reason != 0 {
		cand.strength |= 1 << strengthSupports
	}
	s.candidates = append(s.candidates, cand)
}

// stands reports whether the words that a rule needs beside its own were said,
// and those that it must not have were not. It is asked of few candidates.
func (j *Judge) stands(s *scratch, cand *candidate) bool {
	if cand.stands {
		return true
	}
	c := &j.compiled[cand.rule]
	cand.stands = (!c.with || s.scan.Has(withGroup(cand.rule))) && (!c.unless || !s.scan.Has(unlessGroup(cand.rule)))
	return cand.stands
}

// best returns the strongest candidate that stands, -1 if there is none. Those
// that were stronger and don't stand are removed.
func (j *Judge) best(s *scratch) int {
	for len(s.candidates) > 0 {
		best := 0
		for i := range s.candidates {
			if better(&s.candidates[i], &s.candidates[best]) {
				best = i
			}
		}
		if j.stands(s, &s.candidates[best]) {
			return best
		}
		last := len(s.candidates) - 1
		s.candidates[best] = s.candidates[last]
		s.candidates = s.candidates[:last]
	}
	return -1
}

// fill sets everything that the winning rule decides.
func (j *Judge) fill(v *Verdict, s *scratch, sit *situation, text string) {
	best := j.best(s)
	if best < 0 {
		a := defaults[Undefined]
		v.Reason, v.Basis, v.Scope = Undefined, BasisClass, a.scope
		v.Permanence = a.permanence(sit.class)
		v.Action = a.next(v.Permanence)
		return
	}
	win := s.candidates[best]
	d := &j.decisions[win.rule]
	v.Reason, v.Basis, v.Rule, v.Source, v.Note = d.reason, d.basis, d.id, d.source, d.note
	v.Permanence, v.Scope, v.Action = d.permanence, d.scope, d.action
	v.Evidence = s.evidence(nil, text, win.match)
	if len(s.candidates) > 1 {
		v.Overruled = j.overruled(s, j.compiled[win.rule].reason)
	}
	if len(s.modifiers) > 0 {
		j.modify(v, s, text)
	}
	if v.Permanence == 0 {
		v.Permanence = d.axes.permanence(sit.class)
	}
	if v.Scope == "" {
		v.Scope = d.axes.scope
	}
	if v.Action == "" {
		v.Action = d.axes.next(v.Permanence)
	}
}

// modify sets the axes that the winning rule leaves open and that a modifier
// for its reason names; the best modifier first.
func (j *Judge) modify(v *Verdict, s *scratch, text string) {
	sortCandidates(s.modifiers)
	for i := range s.modifiers {
		m := &j.decisions[s.modifiers[i].rule]
		if !contains(m.modifies, v.Reason) || !j.stands(s, &s.modifiers[i]) {
			continue
		}
		used := false
		if v.Permanence == 0 && m.permanence != 0 {
			v.Permanence, used = m.permanence, true
		}
		if v.Scope == "" && m.scope != "" {
			v.Scope, used = m.scope, true
		}
		if v.Action == "" && m.action != "" {
			v.Action, used = m.action, true
		}
		if used {
			v.Evidence = s.evidence(v.Evidence, text, s.modifiers[i].match)
		}
	}
}

// evidence adds the parts of a match that are not in the list already.
func (s *scratch) evidence(list []Evidence, text string, match int32) []Evidence {
	if match < 0 {
		return list
	}
	m := &s.matches[match]
	for _, sp := range m.Spans[:m.Parts] {
		e := Evidence{Text: text[sp.Start:sp.End], Start: int(sp.Start), End: int(sp.End)}
		if !contains(list, e) {
			if list == nil {
				list = make([]Evidence, 0, m.Parts)
			}
			list = append(list, e)
		}
	}
	return list
}

// overruled lists the rules that rest on words and meant something else, the
// strongest first.
func (j *Judge) overruled(s *scratch, reason reasonSet) []Overruled {
	others := s.candidates[:0]
	for i := range s.candidates {
		cand := s.candidates[i]
		if c := &j.compiled[cand.rule]; cand.match >= 0 && c.reason != reason && j.stands(s, &cand) {
			others = append(others, cand)
		}
	}
	if len(others) == 0 {
		return nil
	}
	sortCandidates(others)
	list := make([]Overruled, 0, min(len(others), maxOverruled))
	for _, cand := range others[:min(len(others), maxOverruled)] {
		d := &j.decisions[cand.rule]
		list = append(list, Overruled{Rule: d.id, Reason: d.reason})
	}
	return list
}

// stageOf reads the command that a log names beside a reply.
func stageOf(command string) Stage {
	switch command {
	case "HELO", "EHLO", "LHLO":
		return StageHelo
	case "STARTTLS":
		return StageStartTLS
	case "AUTH":
		return StageAuth
	case "MAIL FROM":
		return StageMail
	case "RCPT TO":
		return StageRcpt
	case "DATA":
		return StageData
	case "end of DATA":
		return StageEnd
	case "connect":
		return StageConnect
	}
	return StageUnknown
}
