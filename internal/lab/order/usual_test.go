package order

import (
	"testing"

	"github.com/nixiemail/nixie"
)

func TestUsual(t *testing.T) {
	tests := []struct {
		stage Stage
		code  string
		want  int
	}{
		// The one that is registered.
		{Rcpt, "5.1.1", 550}, {Rcpt, "4.1.1", 451}, {Rcpt, "5.2.2", 552}, {Message, "5.2.2", 552}, {Rcpt, "5.1.3", 501},
		{Rcpt, "5.1.10", 556}, {Mail, "4.3.1", 452}, {Mail, "4.3.2", 453}, {Mail, "5.3.2", 521}, {Message, "5.3.4", 552},
		{Mail, "5.3.4", 552}, {Mail, "4.7.15", 450}, {Mail, "5.7.15", 550}, {Mail, "5.7.16", 552}, {Message, "5.6.3", 554},
		{Rcpt, "5.6.7", 550}, {Message, "5.6.9", 550}, {Message, "5.7.26", 550}, {Mail, "4.7.24", 451}, {Rcpt, "4.4.2", 421},
		// Of several, the stage's own.
		{Rcpt, "5.7.1", 550}, {Message, "5.7.1", 550}, {Rcpt, "4.3.0", 451}, {Message, "5.3.0", 554}, {Rcpt, "5.3.0", 550},
		{Rcpt, "5.7.0", 550}, {Rcpt, "4.7.0", 450}, {Mail, "4.2.4", 450}, {Message, "5.7.8", 554},
		// Mistakes in the protocol keep their own.
		{Rcpt, "5.5.2", 500}, {Rcpt, "5.5.4", 501}, {Mail, "5.5.1", 503}, {Auth, "5.5.6", 500}, {Mail, "5.5.0", 501},
		// None is registered, or a pattern only.
		{Rcpt, "5.2.1", 550}, {Rcpt, "4.2.1", 450}, {Message, "5.6.1", 554}, {Message, "4.6.5", 451}, {Begin, "4.3.3", 451},
		{Rcpt, "5.7.17", 550}, {Message, "5.7.18", 554}, {Rcpt, "5.9.99", 550}, {Message, "4.99.1", 451}, {Rcpt, "5.5.3", 550},
		// The registry is wrong, or has another one first.
		{Rcpt, "4.2.2", 452}, {Message, "4.2.2", 452}, {Rcpt, "4.5.3", 452},
		// RFC 4954, 6, for AUTH.
		{Auth, "5.7.8", 535}, {Auth, "5.7.9", 534}, {Auth, "5.7.11", 538}, {Auth, "4.7.12", 432}, {Auth, "4.7.0", 454},
		{Auth, "5.7.0", 535}, {Auth, "2.7.0", 235}, {Auth, "5.7.13", 525}, {Auth, "5.7.10", 523}, {Auth, "5.7.4", 504},
		{StartTLS, "4.7.0", 454}, {StartTLS, "2.0.0", 220},
		// Successes are the stage's.
		{Mail, "2.1.0", 250}, {Rcpt, "2.1.5", 250}, {Message, "2.6.0", 250}, {Quit, "2.0.0", 221}, {Verify, "2.1.5", 252},
		{Verify, "2.6.8", 252}, {Mail, "2.3.6", 250}, {Other, "2.5.0", 250}, {Begin, "2.0.0", 354}, {Connect, "2.0.0", 220}, {Hello, "2.0.0", 250},
		// A greeting, which says no code.
		{Connect, "4.3.2", 421}, {Connect, "5.3.2", 521}, {Connect, "5.7.1", 554},
	}
	for _, tt := range tests {
		if got := Usual(tt.stage, code(tt.code)); got != tt.want {
			t.Errorf("Usual(%s, %s) = %d; want %d", tt.stage, tt.code, got, tt.want)
		}
	}
	if got := Usual(Rcpt, nixie.Code{}); got != 0 {
		t.Errorf("Usual of no code = %d; want 0", got)
	}
}

// TestUsualAgrees walks the registry: the first digit is always the class, RFC 2034, 4.
func TestUsualAgrees(t *testing.T) {
	for _, e := range nixie.Builtin().Entries() {
		for _, stage := range Stages() {
			for _, class := range []nixie.Class{nixie.Success, nixie.Transient, nixie.Permanent} {
				c := e.Detail.In(class)
				got := Usual(stage, c)
				if stage == Begin && class == nixie.Success {
					continue // 354 has no class
				}
				if nixie.ClassOf(got) != class {
					t.Errorf("Usual(%s, %v) = %d; the class is %d", stage, c, got, class)
				}
			}
		}
	}
}
