package dsn_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/dsn"
)

func hasProblem(r *dsn.Report, kind dsn.ProblemKind) bool {
	for _, p := range r.Problems {
		if p.Kind == kind {
			return true
		}
	}
	return false
}

func TestMaxRecipients(t *testing.T) {
	for _, n := range []int{dsn.MaxRecipients, dsn.MaxRecipients + 1} {
		var b strings.Builder
		b.WriteString("Reporting-MTA: dns; a.example\n")
		for i := range n {
			fmt.Fprintf(&b, "\nFinal-Recipient: rfc822; u%d@example.net\nAction: failed\nStatus: 5.1.1\n", i)
		}
		r := dsn.ParseStatus(b.String())
		last := r.Recipients[len(r.Recipients)-1]
		if len(r.Recipients) != dsn.MaxRecipients || hasProblem(&r, dsn.ProblemTooMany) != (n > dsn.MaxRecipients) ||
			last.Final.Text != fmt.Sprintf("u%d@example.net", dsn.MaxRecipients-1) || last.Status.IsZero() {
			t.Errorf("of %d recipients %d were read, problems %v, the last is %+v", n, len(r.Recipients), r.Problems, last)
		}
	}
}

func TestMaxFields(t *testing.T) {
	for _, n := range []int{dsn.MaxFields, dsn.MaxFields + 1} {
		r := dsn.ParseStatus("Reporting-MTA: dns; a.example\n" + strings.Repeat("X-Field: 1\n", n-1))
		if len(r.Fields) != dsn.MaxFields || hasProblem(&r, dsn.ProblemTooMany) != (n > dsn.MaxFields) {
			t.Errorf("of %d fields %d were read, problems %v", n, len(r.Fields), r.Problems)
		}
	}
}

func TestMaxProblems(t *testing.T) {
	for _, n := range []int{dsn.MaxProblems - 1, dsn.MaxProblems, dsn.MaxProblems + 1} {
		r := dsn.ParseStatus("Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n" +
			strings.Repeat("X-Field : 1\n", n))
		if len(r.Problems) != min(n, dsn.MaxProblems) || len(r.Recipients) != 1 {
			t.Errorf("of %d problems %d are listed", n, len(r.Problems))
		}
	}
}

// TestHostile reads a megabyte of each thing that could cost more than it
// weighs: in time that a quadratic reader would not manage, and in the memory
// that MaxRecipients promises.
func TestHostile(t *testing.T) {
	const size, base = 1 << 20, 2 << 20
	for _, unit := range []string{
		"\n", "\r", "\r\n", "\r\r\n", " \n", "=", "=\n", "=\r\r", "\x00", ":", "a:", "a:\n", "a:\n\n", " b\n", "b\n", ";", "(", "((\n", "<", "=?", `\x{`, `"`, "\\",
		"Final-Recipient: a\n", "Action:\n", "Action:a\n\n", "Status: 5.1.1\n", "Status:(\n", "Action: failed\nStatus: 5.1.1\n", "Final-Recipient:\n\n",
		"Original-Recipient:a\n", "X-A: 1\n\n", "Diagnostic-Code:\n b\n\n b\n", "Localized-Diagnostic: a;\n", "Last-Attempt-Date: 1 2 3 4\n", "Final-Recipient: utf-8; \\x{41}\n",
	} {
		text := strings.Repeat(unit, size/len(unit))
		for _, text := range []string{text, "Final-Recipient: " + text, "Diagnostic-Code: a\n" + text, "Last-Attempt-Date: " + text} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			r := dsn.ParseStatus(text)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > raceFactor*time.Second {
				t.Errorf("%d times %.20q took %v", size/len(unit), unit, took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64*size+base {
				t.Errorf("%d times %.20q took %d bytes", size/len(unit), unit, used)
			}
			runtime.KeepAlive(r)
		}
	}
}
