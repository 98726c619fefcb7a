package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/test/postfix"
)

// A pythonReport is what report.py prints.
type pythonReport struct {
	Type          string
	ReportType    string `json:"report_type"`
	To, Sender    []string
	Subject, Date string
	MessageID     string `json:"message_id"`
	AutoSubmitted string `json:"auto_submitted"`
	Parts         []struct{ Type, Encoding, Text string }
	Groups        [][][2]string
	Defects       []string
}

func readWithPython(t *testing.T, python, message string) pythonReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), postfix.Patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, python, "report.py")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(message), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var r pythonReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	return r
}

// TestPython: Python's email package reads each notification without a defect,
// and finds the same in it.
func TestPython(t *testing.T) {
	python := program(t, "python3")
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			got := readWithPython(t, python, s.text)
			// Python reads every message/* as a message, without decoding it; of
			// message/global, which may be encoded (RFC 6532, 3.7), it makes nonsense.
			encoded := got.Parts[2].Type == "message/global" && got.Parts[2].Encoding == "base64"
			if len(got.Defects) > 0 && !encoded {
				t.Errorf("defects %q", got.Defects)
			}
			if got.Type != "multipart/report" || len(got.Parts) != 3 || got.Parts[1].Type != "message/"+got.ReportType ||
				got.AutoSubmitted != "auto-replied" || len(got.To) != 1 || got.To[0] != s.envelope.To ||
				len(got.Sender) != 1 || got.Sender[0] != "postmaster@mx.example.com" ||
				got.MessageID != "<"+s.name+"@mx.example.com>" || got.Date != "2026-03-02T14:05:06+01:00" {
				t.Errorf("read as %+v", got)
			}
			if s.n.Subject != "" && got.Subject != s.n.Subject {
				t.Errorf("subject %q, want %q", got.Subject, s.n.Subject)
			}
			if s.n.Text != "" && got.Parts[0].Text != s.n.Text {
				t.Errorf("text %q, want %q", got.Parts[0].Text, s.n.Text)
			}
			if got.ReportType == "delivery-status" { // the other Python does not take apart
				compareGroups(t, s, got.Groups)
			}
			if p := got.Parts[2]; p.Type == "message/rfc822" && !strings.Contains(s.text, strings.ReplaceAll(p.Text, "\n", "\r\n")) && p.Encoding == "7bit" {
				t.Errorf("returned message read as %q", p.Text)
			}
		})
	}
}

// compareGroups compares the fields that Python found with those that were to be
// written.
func compareGroups(t *testing.T, s sample, groups [][][2]string) {
	t.Helper()
	if len(groups) != 1+len(s.n.Outcomes) {
		t.Fatalf("%d groups for %d recipients: %q", len(groups), len(s.n.Outcomes), groups)
	}
	want := func(group int, name, value string) {
		t.Helper()
		var got string
		for _, f := range groups[group] {
			if f[0] == name {
				got = strings.Join(strings.Fields(f[1]), " ")
			}
		}
		if got != value {
			t.Errorf("group %d: %s is %q, want %q", group, name, got, value)
		}
	}
	want(0, "Reporting-MTA", "dns; mx.example.com")
	want(0, "Original-Envelope-Id", s.n.Request.EnvelopeID)
	for i, o := range s.n.Outcomes {
		final, original := "rfc822; "+o.Final.Text, ""
		if strings.Contains(o.Final.Text, "ó") {
			final = `utf-8; b\x{F3}b@ex\x{E4}mple.net`
		}
		if o.Request.Original.Text != "" {
			original = "rfc822; " + o.Request.Original.Text
		}
		want(i+1, "Final-Recipient", final)
		want(i+1, "Original-Recipient", original)
		want(i+1, "Action", string(o.Action))
		status, diagnostic := o.Status.String(), o.Diagnostic.Type+"; "+o.Diagnostic.Text
		if o.Diagnostic == (dsn.Typed{}) {
			status, diagnostic = o.Reply.Code().String(), "smtp; "+strings.Join(strings.Fields(o.Reply.String()), " ")
		}
		want(i+1, "Status", status)
		want(i+1, "Diagnostic-Code", diagnostic)
	}
}
