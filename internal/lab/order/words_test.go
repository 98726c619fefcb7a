package order

import (
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

func TestWords(t *testing.T) {
	tests := []struct {
		stage     Stage
		replyCode int
		code      string // "" for none
		want      string
	}{
		{Rcpt, 550, "5.1.1", "There is no such mailbox here"},
		{Rcpt, 450, "4.2.1", "The mailbox is disabled, for now"},
		{Rcpt, 250, "2.0.0", "The recipient is accepted"},
		{Mail, 250, "", "The sender is accepted"},
		{Mail, 250, "2.3.6", "The priority was changed"},
		{Message, 250, "2.0.0", "The message is accepted, and kept in the lab"},
		{Rcpt, 550, "5.9.99", "Ordered by the address"},
		{Rcpt, 450, "4.9.99", "Ordered by the address, for now"},
		{Rcpt, 550, "", "Ordered by the address"},
		{Rcpt, 250, "2.1.1", "Ordered by the address"}, // registered, but for failures
		{Rcpt, 421, "", "Closing the connection; try again later"},
		{Begin, 354, "", "Go on"},
		{Rcpt, 550, "5.0.0", "Not done, and no reason is given"},
	}
	for _, tt := range tests {
		var c nixie.Code
		if tt.code != "" {
			c = code(tt.code)
		}
		if got := Words(tt.stage, tt.replyCode, c); !slices.Equal(got, []string{tt.want}) {
			t.Errorf("Words(%s, %d, %s) = %q; want %q", tt.stage, tt.replyCode, tt.code, got, tt.want)
		}
	}
}

// TestWordsOfRegistry walks the registry: each code that may be sent has words for each
// class it is registered for, and they make a reply that nixie would send.
func TestWordsOfRegistry(t *testing.T) {
	for _, e := range nixie.Builtin().Entries() {
		for _, class := range e.Classes.List() {
			c := e.Detail.In(class)
			replyCode := Usual(Rcpt, c)
			words := Words(Rcpt, replyCode, c)
			if e.Deprecated {
				continue
			}
			if len(words) != 1 || strings.Contains(words[0], ordered) || strings.HasSuffix(words[0], ".") {
				t.Errorf("Words of %v = %q; want one sentence of its own, without a full stop", c, words)
			}
			if _, err := nixie.NewReply(replyCode, c, words...); err != nil {
				t.Errorf("%v: %v", c, err)
			}
		}
	}
}

func TestReadWords(t *testing.T) {
	if _, err := builtinWords(); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"X.1.1\tone\n":                       "2 cells",
		"5.1.1\tone\ttwo\n":                  "no code",
		"X.1.1\ta\tb\n# note\nX.1.1\tc\td\n": "words.tsv:3: X.1.1 stands twice",
	} {
		if _, err := readWords(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("readWords(%q) = %v; want an error with %q", text, err, want)
		}
	}
}
