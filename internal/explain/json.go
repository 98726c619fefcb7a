package explain

import (
	"bytes"
	"encoding/json"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

// A BatchLine is what `nixie explain --batch` writes for each reply, and the
// core of every JSON explanation. docs/explain-json.md describes it.
type BatchLine struct {
	ID json.RawMessage `json:"id,omitempty"`
	// ReplyCode and Code are what was literally said, and absent when nothing was.
	ReplyCode int             `json:"reply_code,omitempty"`
	Code      string          `json:"code,omitempty"`
	Effective effectiveJSON   `json:"effective"`
	Receiver  string          `json:"receiver"`
	Verdict   *verdictJSON    `json:"verdict"`
	Problems  []nixie.Problem `json:"problems"`
}

type effectiveJSON struct {
	Code string    `json:"code"`
	How  nixie.How `json:"how"`
}

type verdictJSON struct {
	Reason       verdict.Reason     `json:"reason"`
	Permanence   string             `json:"permanence"`
	Scope        verdict.Scope      `json:"scope"`
	Action       verdict.Action     `json:"action"`
	RetryAfter   int64              `json:"retry_after_s"`
	Basis        verdict.Basis      `json:"basis"`
	Rule         string             `json:"rule"`
	Evidence     []verdict.Evidence `json:"evidence"`
	RulesVersion string             `json:"rules_version"`
}

// objectJSON is an explanation in full.
type objectJSON struct {
	Schema     int    `json:"schema"`
	Kind       Kind   `json:"kind"`
	Input      string `json:"input"`
	Offset     int    `json:"offset"`
	Asked      string `json:"asked,omitempty"`
	Recipient  string `json:"recipient,omitempty"`
	RemoteHost string `json:"remote_host,omitempty"`
	DSNAction  string `json:"dsn_action,omitempty"`
	Reply      string `json:"reply,omitempty"`

	Message        string `json:"message_kind,omitempty"`
	MessageSubtype string `json:"message_subtype,omitempty"`
	Format         string `json:"format,omitempty"`
	Outcome        string `json:"outcome,omitempty"`
	ReportingHost  string `json:"reporting_host,omitempty"`
	Reported       string `json:"reported_code,omitempty"`
	Said           string `json:"said_code,omitempty"`

	BatchLine

	RuleSource string              `json:"rule_source,omitempty"`
	RuleNote   string              `json:"rule_note,omitempty"`
	Overruled  []verdict.Overruled `json:"overruled,omitempty"`

	Headline string          `json:"headline"`
	Finality string          `json:"finality"`
	Concerns string          `json:"concerns"`
	Next     string          `json:"next"`
	Entry    *entryJSON      `json:"entry,omitempty"`
	Vendor   []vendorJSON    `json:"vendor,omitempty"`
	Basic    *replyCodeJSON  `json:"reply_code_entry,omitempty"`
	Refs     []referenceJSON `json:"references"`
}

type entryJSON struct {
	Level      nixie.Level `json:"level"`
	Code       string      `json:"code"`
	Name       string      `json:"name"`
	Meaning    string      `json:"meaning"`
	Advice     string      `json:"advice,omitempty"`
	Deprecated bool        `json:"deprecated,omitempty"`
}

type vendorJSON struct {
	Code     string `json:"code"`
	Receiver string `json:"receiver"`
	Name     string `json:"name"`
	Meaning  string `json:"meaning"`
	Advice   string `json:"advice"`
	Source   string `json:"source"`
}

type replyCodeJSON struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
}

type referenceJSON struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
	For  string `json:"for"`
}

// Schema is the version of the JSON form. Fields are added under one version,
// and removed or changed only under the next.
const Schema = 1

// Batch returns the explanation's core, as a batch has it.
func (e *Explanation) Batch(id json.RawMessage) BatchLine {
	b := BatchLine{
		ID: id, ReplyCode: e.ReplyCode, Code: e.Code.String(),
		Effective: effectiveJSON{e.Effective.String(), e.How}, Receiver: verdict.Generic,
		Problems: e.Problems,
	}
	if b.Problems == nil {
		b.Problems = []nixie.Problem{}
	}
	v := e.Verdict
	if v == nil {
		return b
	}
	if v.Receiver != "" {
		b.Receiver = v.Receiver
	}
	b.Verdict = &verdictJSON{
		Reason: v.Reason, Permanence: v.Permanence.String(), Scope: v.Scope, Action: v.Action,
		RetryAfter: int64(v.RetryAfter.Seconds()), Basis: v.Basis,
		Rule: v.Rule, Evidence: v.Evidence, RulesVersion: v.RulesVersion,
	}
	if b.Verdict.Evidence == nil {
		b.Verdict.Evidence = []verdict.Evidence{}
	}
	return b
}

// MarshalJSON writes the form that docs/explain-json.md describes.
func (e Explanation) MarshalJSON() ([]byte, error) {
	o := objectJSON{
		Schema: Schema, Kind: e.Kind, Input: e.Input, Offset: e.Offset, Asked: e.Asked,
		Recipient: e.Recipient, RemoteHost: e.RemoteHost, DSNAction: e.DSNAction,
		Message: e.MessageKind, MessageSubtype: e.MessageSubtype, Format: e.Format, Outcome: e.Outcome,
		ReportingHost: e.ReportingHost, Reported: e.Reported.String(), Said: e.Said.String(),
		BatchLine: e.Batch(nil),
		Headline:  e.Headline, Finality: e.Finality, Concerns: e.Concerns, Next: e.Next,
		Entry: entry(e.Match),
		Refs:  make([]referenceJSON, 0, len(e.References)),
	}
	if e.Reply != nil {
		o.Reply = e.Reply.String()
	}
	if v := e.Verdict; v != nil {
		o.RuleSource, o.RuleNote, o.Overruled = v.Source, v.Note, v.Overruled
	}
	for _, v := range e.Vendor {
		o.Vendor = append(o.Vendor, vendorJSON{v.Code.String(), v.Receiver, v.Name, v.Meaning, v.Advice, v.Source})
	}
	if r := e.ReplyCodeEntry; r != nil {
		o.Basic = &replyCodeJSON{r.Name, r.Meaning}
	}
	for _, r := range e.References {
		o.Refs = append(o.Refs, referenceJSON(r))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // <user@example.com> is to be read by people too
	err := enc.Encode(o)
	return b.Bytes(), err
}

// entry is the row of the registry that answered, nil if none did.
func entry(m nixie.Match) *entryJSON {
	switch {
	case m.Entry != nil:
		n := m.Entry
		return &entryJSON{m.Level, n.Detail.String(), n.Name, n.Meaning, n.Advice, n.Deprecated}
	case m.Subject != nil:
		d, _ := nixie.NewDetail(m.Subject.Subject, 0)
		return &entryJSON{Level: m.Level, Code: d.String(), Name: m.Subject.Name, Meaning: m.Subject.Meaning}
	case m.Class != nil:
		return &entryJSON{Level: m.Level, Code: m.Class.Class.String(), Name: m.Class.Name, Meaning: m.Class.Meaning}
	}
	return nil
}
