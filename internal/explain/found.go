package explain

import "github.com/nixiemail/nixie"

// scan makes a piece of the first place of every code in a text.
func scan(text string) []piece {
	var pieces []piece
	seen := make(map[bare]bool)
	for _, f := range nixie.Scan(text) {
		b := foundBare(f)
		if seen[b] {
			continue
		}
		seen[b] = true
		pieces = append(pieces, piece{kind: KindFound, text: text[f.Start:f.End], offset: f.Start, bare: b})
	}
	return pieces
}

// foundBare says what was found in the words of a code that stands alone.
func foundBare(f nixie.Found) bare {
	switch f.Kind {
	case nixie.FoundSubject:
		return bare{level: nixie.LevelSubject, detail: f.Detail}
	case nixie.FoundClass:
		return bare{level: nixie.LevelClass, class: f.Class}
	case nixie.FoundReplyCode:
		return bare{replyCode: f.ReplyCode}
	case nixie.FoundDetail:
		return bare{level: nixie.LevelDetail, detail: f.Detail}
	}
	return bare{level: nixie.LevelDetail, class: f.Class, detail: f.Detail}
}
