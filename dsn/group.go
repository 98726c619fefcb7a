package dsn

// place puts the next field into a group: the last one, or a new one that
// begins with it. blank says that a blank line stands before the field, line is
// how it begins. place returns false when there are too many recipients.
//
// By RFC 3464, 2.1 a group ends at a blank line, and a recipient's begins with
// its address. Neither can be relied on, so that a group also begins where a
// field comes again that a group has once.
func (p *parser) place(id fieldID, blank bool, line string) bool {
	here := len(p.fields)
	g := &p.groups[len(p.groups)-1]
	if blank && here > 0 {
		p.strayBlank()
		p.block, p.before, p.blockLine = here, g.seen, line
	}
	switch {
	case id.ofRecipient():
		if start := p.begins(id, g); start >= 0 {
			if len(p.groups) > MaxRecipients {
				return false
			}
			p.begin(start, line)
		}
	case id.ofMessage() && len(p.groups) == 1:
		p.strayBlank()
	}
	g = &p.groups[len(p.groups)-1]
	g.seen = g.seen.with(id)
	return true
}

// strayBlank ends the wait for a group that begins at the last blank line.
func (p *parser) strayBlank() {
	if p.block >= 0 {
		// QUIRK: too many blank lines. testdata/quirks/blank-lines.txt
		p.problem(ProblemBlankLine, p.recipient(), p.blockLine)
		p.block = -1
	}
}

// begins returns where a group begins if this field of a recipient's belongs to
// a new one: at the field, or at the blank line before it. It is -1 if the field
// belongs to the last group.
func (p *parser) begins(id fieldID, g *group) int {
	here := len(p.fields)
	first := len(p.groups) == 1
	address := id == fieldFinalRecipient || id == fieldOriginalRecipient
	if p.block >= 0 {
		switch {
		case first,
			(address || id == fieldAction || id == fieldStatus) && p.before.has(id),
			address && (p.before.has(fieldAction) || p.before.has(fieldStatus)),
			// What the last group has stood among the message's fields: see settle.
			address && len(p.groups) == 2 && !g.blank && !p.before.hasAddress():
			return p.block
		}
	}
	// QUIRK: no blank line between recipients. testdata/quirks/no-blank-between.txt
	switch {
	case first:
		return here
	case address && g.seen.has(id):
		if id == fieldFinalRecipient && here-1 > g.start && p.ids[here-1] == fieldOriginalRecipient {
			return here - 1
		}
		return here
	case (id == fieldAction || id == fieldStatus) && p.ids[here-1] != id &&
		g.seen.has(fieldAction) && g.seen.has(fieldStatus):
		return here
	}
	return -1
}

// begin begins a group at the field with index start.
func (p *parser) begin(start int, line string) {
	g := &p.groups[len(p.groups)-1]
	n := group{start: start, blank: start == 0 || start == p.block}
	if start == p.block {
		g.seen = p.before
		p.block = -1
	}
	p.strayBlank()
	for _, id := range p.ids[start:] {
		n.seen = n.seen.with(id)
		if !n.blank {
			g.seen = g.seen.without(id)
		}
	}
	p.groups = append(p.groups, n)
	if !n.blank {
		// QUIRK: the message's fields and the first recipient's are one group.
		// testdata/quirks/one-group.txt
		p.problem(ProblemNoBlankLine, p.recipient(), line)
	}
}

// settle undoes groups that only seemed to begin.
func (p *parser) settle() {
	p.strayBlank()
	if len(p.groups) > 2 && !p.groups[1].blank && !p.groups[1].seen.hasAddress() &&
		p.groups[2].blank && p.groups[2].seen.hasAddress() {
		// QUIRK: a recipient's field among the message's. testdata/quirks/recipient-field-in-message.txt
		p.groups = append(p.groups[:1], p.groups[2:]...)
		p.renumber(0)
	}
	kept := p.groups[:min(2, len(p.groups))]
	for _, g := range p.groups[len(kept):] {
		before := &kept[len(kept)-1]
		// QUIRK: Status twice is no second recipient. testdata/quirks/field-twice.txt
		twice := !g.blank && !g.seen.hasAddress() && before.seen.hasAddress()
		if twice || completes(before.seen, g.seen) {
			before.seen |= g.seen
			p.renumber(len(kept) - 1)
			continue
		}
		kept = append(kept, g)
	}
	p.groups = kept
}

// completes reports whether a group with the fields of next only has what the
// one before it lacks, so that both tell of one recipient.
func completes(before, next fieldSet) bool {
	const told = 1<<fieldAction | 1<<fieldStatus
	const all = told | 1<<fieldFinalRecipient | 1<<fieldOriginalRecipient
	return before&next&all == 0 && (before&told == 0 || !next.hasAddress())
}

// renumber makes the problems of the recipient with this number, which proved
// to be none, and of those behind it those of the one before.
func (p *parser) renumber(gone int) {
	for i := range p.report.Problems {
		if n := &p.report.Problems[i].Recipient; *n >= gone {
			*n--
		}
	}
}

// groupFields returns the fields of a group and what they are.
func (p *parser) groupFields(i int) ([]Field, []fieldID) {
	end := len(p.fields)
	if i+1 < len(p.groups) {
		end = p.groups[i+1].start
	}
	start := p.groups[i].start
	if start == end {
		return nil, nil
	}
	return p.fields[start:end:end], p.ids[start:end]
}
