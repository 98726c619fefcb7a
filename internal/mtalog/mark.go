package mtalog

import (
	"path/filepath"
	"strings"
)

// A mark is what a rotated file's name says of its age.
type mark struct {
	text   string // without the ending of a compressed file
	kind   markKind
	number int // of kind numbered: the higher, the older
	packed bool
}

type markKind int

const (
	unknown  markKind = iota // mail.log.old
	numbered                 // mail.log.1
	dated                    // mail.log-20261122, mail-20261122.log
	liveMark                 // mail.log
)

// markOf reads the name of a rotated file of base.
func markOf(base, name string) (m mark, ok bool) {
	for _, ending := range []string{".gz", ".bz2", ".xz", ".zst"} {
		if plain, has := strings.CutSuffix(name, ending); has {
			name, m.packed = plain, true
			break
		}
	}
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	inner := false
	switch {
	case strings.HasPrefix(name, base):
		m.text = name[len(base):]
	case ext != "" && stem != "" && strings.HasPrefix(name, stem) && strings.HasSuffix(name[len(stem):], ext):
		// logrotate(8), extension
		m.text, inner = strings.TrimSuffix(name[len(stem):], ext), true
	}
	if len(m.text) < 2 || !strings.Contains(".-_", m.text[:1]) {
		return mark{}, false
	}
	m.text = m.text[1:]
	n, digits := number(m.text)
	switch {
	case digits && len(m.text) <= maxGeneration:
		m.kind, m.number = numbered, n
	case m.text[0] >= '0' && m.text[0] <= '9' && strings.Trim(m.text, "0123456789-_.:TWZ") == "":
		m.kind = dated
	}
	return m, m.kind != unknown || !inner
}

// yearFirst reports whether marks of this form are in the order of time when they
// are in the alphabet's: 20261122, 2026-11-22, 2026-W47, seconds since 1970.
func (m mark) yearFirst() bool {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, m.text)
	if len(digits) == 10 && digits[0] == '1' {
		return true
	}
	if !strings.HasPrefix(digits, "19") && !strings.HasPrefix(digits, "20") {
		return false
	}
	return len(digits) < 8 || digits[4:6] >= "01" && digits[4:6] <= "12" // 22112026 is none
}
