package explain

import "strings"

// A dialogue as swaks prints it has a mark of three bytes and a space before each line:
// its manual, OUTPUT OPTIONS. Those with a tilde are said under TLS.
const (
	markLength = 4

	serverSays, serverSaysTLS       = "<-  ", "<~  "
	serverRefuses, serverRefusesTLS = "<** ", "<~* "
)

// clientSays reports whether a line of a dialogue is the client's, and so no part of
// the reply above it.
func clientSays(line string) bool {
	for _, mark := range [...]string{" -> ", " ~> ", "**> ", "*~> "} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

// unwelcome reports whether a line of a dialogue is of a reply that the client had not
// hoped for.
func unwelcome(line string) bool {
	return strings.HasPrefix(line, serverRefuses) || strings.HasPrefix(line, serverRefusesTLS)
}

// unmarked is a reply without the marks of a dialogue. Other text comes back as it is.
func unmarked(text string) string {
	if !strings.Contains(text, "<-") && !strings.Contains(text, "<*") && !strings.Contains(text, "<~") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if unwelcome(line) || strings.HasPrefix(line, serverSays) || strings.HasPrefix(line, serverSaysTLS) {
			line = line[markLength:]
		}
		b.WriteString(line)
	}
	return b.String()
}
