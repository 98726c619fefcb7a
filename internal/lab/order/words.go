package order

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nixiemail/nixie"
)

//go:embed words.tsv
var wordsTable string

// ordered is said where the table has no words.
const ordered = "Ordered by the address"

// A sentence is what the lab says with a detail, for a success and for a failure; "" if
// the table has none.
type sentence struct{ success, failure string }

var builtinWords = sync.OnceValues(func() (map[nixie.Detail]sentence, error) { return readWords(wordsTable) })

// readWords reads the table. It returns the rows that are right, and an error that names
// each of the others.
func readWords(text string) (map[nixie.Detail]sentence, error) {
	table := map[nixie.Detail]sentence{}
	var wrong []error
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "#") || line == "detail\tsuccess\tfailure" {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 {
			wrong = append(wrong, fmt.Errorf("words.tsv:%d: %d cells; want detail, success, failure", i+1, len(cells)))
			continue
		}
		d, err := nixie.ParseDetail(cells[0])
		if err != nil {
			wrong = append(wrong, fmt.Errorf("words.tsv:%d: %w", i+1, err))
			continue
		}
		if _, twice := table[d]; twice {
			wrong = append(wrong, fmt.Errorf("words.tsv:%d: %v stands twice; want one row of it", i+1, d))
			continue
		}
		table[d] = sentence{cells[1], cells[2]}
	}
	return table, errors.Join(wrong...)
}

// Words returns what the lab says with a reply code and a code, either of which may be
// absent: one plain line, without codes. For a code that is not registered it says that
// it was ordered.
func Words(stage Stage, replyCode int, code nixie.Code) []string {
	class := code.Class()
	if class == 0 {
		class = nixie.ClassOf(replyCode)
	}
	plain := code.Detail() == nixie.OtherUndefinedStatus // or absent
	switch {
	case replyCode == 421 && plain:
		return []string{"Closing the connection; try again later"}
	case class == nixie.Success && plain:
		return []string{yes(stage)}
	case class == 0:
		return []string{"Go on"} // 3xx
	case code.IsZero():
		return []string{forNow(ordered, class)}
	}
	table, _ := builtinWords() // a test shows that what is embedded has no error
	text := table[code.Detail()].failure
	if class == nixie.Success {
		text = table[code.Detail()].success
	}
	if text == "" {
		text = ordered
	}
	return []string{forNow(text, class)}
}

// forNow adds to a sentence that the failure is transient.
func forNow(text string, class nixie.Class) string {
	if class == nixie.Transient {
		return text + ", for now"
	}
	return text
}

// yes returns the words of a stage's ordinary success.
func yes(stage Stage) string {
	switch stage {
	case Connect:
		return "This is a lab; nothing is relayed"
	case StartTLS:
		return "Begin TLS"
	case Auth:
		return "Signed in"
	case Mail:
		return "The sender is accepted"
	case Rcpt:
		return "The recipient is accepted"
	case Begin:
		return "Send the message, and end it with a dot"
	case Message:
		return "The message is accepted, and kept in the lab"
	case Verify:
		return "Not verified, and mail to it is taken"
	case Quit:
		return "Goodbye"
	}
	return "OK"
}

// AsTold is a reply by the letter, whatever the rules say of it: what nixie.NewReply
// refuses, words that are not ASCII or a code of another class, is written all the same.
func AsTold(replyCode int, code nixie.Code, lines []string) []byte {
	var b []byte
	for i, line := range lines {
		b = strconv.AppendInt(b, int64(replyCode), 10)
		if i < len(lines)-1 {
			b = append(b, '-')
		} else {
			b = append(b, ' ')
		}
		if !code.IsZero() {
			b = append(b, code.String()...)
			b = append(b, ' ')
		}
		b = append(b, line...)
		b = append(b, "\r\n"...)
	}
	return b
}
