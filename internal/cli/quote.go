package cli

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nixiemail/nixie/verdict"
)

// A cell is one character of a quotation as it is shown.
type cell struct {
	text    string
	columns int
	marked  bool // it belongs to the words that decided
	space   bool
}

// quote writes a reply word for word beside a label, with the deciding words
// marked: underlined in colour, else by a line of ^ below.
func (p *page) quote(label, reply string, evidence []verdict.Evidence) {
	for _, line := range quotedLines(reply, evidence, p.width-labels) {
		text, marks := p.quotedLine(line)
		p.beside(label, text)
		if marks != "" && !p.colour {
			p.beside("", marks)
		}
		label = ""
	}
}

// quotedLines cuts a reply into lines of cells: at its own line breaks, and
// where a line has no more room.
func quotedLines(reply string, evidence []verdict.Evidence, columns int) [][]cell {
	var lines [][]cell
	at := 0
	for line := range strings.SplitAfterSeq(reply, "\n") {
		shown, ended := strings.CutSuffix(line, "\n")
		if ended {
			shown = strings.TrimSuffix(shown, "\r")
		}
		lines = append(lines, breakCells(cellsOf(shown, at, evidence), columns)...)
		at += len(line)
	}
	for len(lines) > 1 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// cellsOf makes cells of a text that stands at offset at of the reply.
func cellsOf(text string, at int, evidence []verdict.Evidence) []cell {
	cells := make([]cell, 0, len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		shown := visibleRune(r, text[i:i+n])
		cells = append(cells, cell{
			text: shown, columns: columnsOf(shown), space: shown == " ",
			marked: slices.ContainsFunc(evidence, func(e verdict.Evidence) bool { return e.Start <= at+i && at+i < e.End }),
		})
		i += n
	}
	return cells
}

// breakCells breaks a line at its last space that fits, or in the midst of a
// word that fills a whole line. One space may hang over. There is at least one line.
func breakCells(cells []cell, columns int) [][]cell {
	var lines [][]cell
	start, used, space := 0, 0, -1
	for i := 0; i < len(cells); i++ {
		used += cells[i].columns
		if cells[i].space {
			space = i
		}
		if used <= columns || cells[i].space && used == columns+1 {
			continue
		}
		end, from := i, i
		if space > start {
			end, from = space, space+1
		}
		if end == start {
			end, from = start+1, start+1
		}
		lines = append(lines, cells[start:end])
		start, used, space, i = from, 0, -1, from-1
	}
	return append(lines, cells[start:])
}

// quotedLine joins cells, and makes the line of marks that goes below.
func (p *page) quotedLine(cells []cell) (text, marks string) {
	var t, m strings.Builder
	for i := 0; i < len(cells); {
		j, columns := i, 0
		var run strings.Builder
		for ; j < len(cells) && cells[j].marked == cells[i].marked; j++ {
			run.WriteString(cells[j].text)
			columns += cells[j].columns
		}
		sign, s := " ", plain
		if cells[i].marked {
			sign, s = "^", mark
		}
		t.WriteString(p.styled(s, run.String()))
		m.WriteString(strings.Repeat(sign, columns))
		i = j
	}
	return t.String(), strings.TrimRight(m.String(), " ")
}
