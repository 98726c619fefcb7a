package walk

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/lab/check"
)

// maxShown is how many bytes of a line are shown whole; of a longer one only the first
// keepShown are.
const (
	maxShown  = 120
	keepShown = 40
)

// Shown is what a client says, line by line, with "C: " in front. Lines that are repeated
// stand once, with how often; what a reader couldn't see is told after a #.
func Shown(steps []check.Step) []string {
	var said []string
	for _, s := range steps {
		switch {
		case s.Message:
			for line := range strings.Lines(dotted(s.Send)) {
				said = append(said, show(strings.TrimRight(line, "\r\n"), ""))
			}
		case s.Send == "STARTTLS":
			said = append(said, show(s.Send, "then TLS, and EHLO again"))
		default:
			said = append(said, show(s.Send, decoded(s.Send)))
		}
	}
	return collapsed(said)
}

func show(line, remark string) string {
	if len(line) > maxShown {
		remark = fmt.Sprintf("%d bytes in all", len(line))
		line = line[:keepShown] + "…"
	}
	line = strings.TrimRight("C: "+printable(line), " ")
	if remark != "" {
		line += "   # " + remark
	}
	return line
}

// collapsed has equal lines that follow each other once.
func collapsed(lines []string) []string {
	var out []string
	for i := 0; i < len(lines); {
		n := 1
		for i+n < len(lines) && lines[i+n] == lines[i] {
			n++
		}
		line := lines[i]
		if n > 1 {
			line += fmt.Sprintf("   # %d times", n)
		}
		out = append(out, line)
		i += n
	}
	return out
}

// decoded is what the base64 of AUTH says, "" if the last word is none.
func decoded(line string) string {
	word := line[strings.LastIndexByte(line, ' ')+1:]
	b, err := base64.StdEncoding.DecodeString(word)
	if err != nil || len(word) < 12 || !utf8.Valid(b) {
		return ""
	}
	parts := strings.FieldsFunc(string(b), func(r rune) bool { return r == 0 })
	if strings.HasPrefix(line, "AUTH PLAIN ") && len(parts) == 2 {
		return printable("user " + parts[0] + ", password " + parts[1])
	}
	if text := string(b); strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	return ""
}

// printable escapes what isn't to be seen.
func printable(s string) string {
	q := strconv.Quote(s)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(q[1 : len(q)-1])
}
