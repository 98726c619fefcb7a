package cli

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/spf13/cobra"
)

// codesFlags are the flags of nixie codes.
type codesFlags struct {
	registryFlags
	search    string
	class     string
	subject   string
	replyCode string
	vendor    bool
	json      bool
	colour    string
}

func newCodes(s Streams) *cobra.Command {
	var f codesFlags
	cmd := &cobra.Command{
		Use:   "codes [flags] [CODE...]",
		Short: "List the registered codes, or show one",
		Long: `codes shows IANA's registry of enhanced status codes, with nixie's own words
on what each code means and what to do.

Without CODE it lists them; the flags choose which. CODE is a code (5.7.26), the
registry's form of it (X.7.26), or a reply code (550). Codes that receivers use
without having registered them stand in a table of their own.`,
		Example: `  nixie codes 5.7.26
  nixie codes --search 'mailbox full'
  nixie codes --subject 7 --class transient
  nixie codes --json --as-of 2010-01-31`,
		ValidArgsFunction: completeCodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCodes(s, &f, args)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.search, "search", "", "only codes with all these `WORDS` in their number, name, meaning or advice")
	fl.StringVar(&f.class, "class", "", "only codes that are used with `CLASS`: success, transient, permanent, or 2, 4, 5")
	fl.StringVar(&f.subject, "subject", "", "only codes of this `SUBJECT`: 0 to 7")
	fl.StringVar(&f.replyCode, "reply-code", "", "only codes that the registry lists for this reply `CODE`, such as 550")
	fl.BoolVar(&f.vendor, "vendor", false, "with --json: vendor codes too, marked with receiver and source")
	fl.BoolVar(&f.json, "json", false, "write an array of objects")
	fl.StringVar(&f.colour, "color", "auto", "colour the output: `WHEN` is auto, always or never")
	f.registryFlags.add(cmd)
	complete(cmd, "color", "auto", "always", "never")
	complete(cmd, "class", "success", "transient", "permanent")
	cmd.AddCommand(newCodesExport(s), newCodesDiff(s), newCodesCheck(s))
	return cmd
}

func runCodes(s Streams, f *codesFlags, args []string) error {
	colour, err := colourWanted(f.colour, s)
	if err != nil {
		return err
	}
	query, err := f.query(args)
	if err != nil {
		return err
	}
	registry, remark, err := f.registryFlags.open()
	if err != nil {
		return err
	}
	if remark != "" {
		note(s.Err, "nixie codes", "%s", remark)
	}
	found := query.find(registry)
	if f.json {
		err := writeCodesJSON(s, found, f.vendor)
		if err == nil && found.none() {
			err = errNoSuchCode
		}
		return err
	}
	if found.none() && len(args) == 0 {
		return errNoSuchCode
	}
	p := newPage(s, colour)
	if len(args) == 0 {
		p.codeList(registry, found)
	}
	for i, w := range query.wanted {
		if i > 0 {
			p.line()
		}
		p.codePage(registry, w, found)
	}
	return p.flush()
}

var errNoSuchCode = errors.New("no code is like that; nixie codes lists them all")

// A codeQuery says which codes are wanted: each condition that is set must hold.
type codeQuery struct {
	words     []string
	class     nixie.Class
	subject   int // -1 for any
	replyCode int
	wanted    []wanted // the arguments; none for all
}

// A wanted is one argument: 5.7.26, X.7.26 or 550.
type wanted struct {
	text      string
	detail    nixie.Detail
	class     nixie.Class // 0 for X
	replyCode int         // 0 for a code
}

func (f *codesFlags) query(args []string) (codeQuery, error) {
	q := codeQuery{words: strings.Fields(f.search), subject: -1}
	if f.class != "" {
		if q.class = parseClass(f.class); q.class == 0 {
			return q, misuse("--class: %q is no class; there are success, transient, permanent", f.class)
		}
	}
	if f.subject != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(f.subject), "X."))
		if _, ok := nixie.NewDetail(n, 0); err != nil || !ok {
			return q, misuse("--subject: %q is no subject; want a number such as 7", f.subject)
		}
		q.subject = n
	}
	if f.replyCode != "" {
		n, ok := parseReplyCode(f.replyCode)
		if !ok {
			return q, misuse("--reply-code: %q is no reply code; want three digits such as 550", f.replyCode)
		}
		q.replyCode = n
	}
	for _, a := range args {
		w, err := parseWanted(a)
		if err != nil {
			return q, err
		}
		q.wanted = append(q.wanted, w)
	}
	return q, nil
}

func parseClass(s string) nixie.Class {
	for _, c := range []nixie.Class{nixie.Success, nixie.Transient, nixie.Permanent} {
		if s == c.String() || s == strconv.Itoa(int(c)) {
			return c
		}
	}
	return 0
}

func parseReplyCode(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return int(n), err == nil && len(s) == 3 && n >= 200 && n < 600
}

func parseWanted(s string) (wanted, error) {
	if n, ok := parseReplyCode(s); ok {
		return wanted{text: s, replyCode: n}, nil
	}
	if d, err := nixie.ParseDetail(s); err == nil {
		return wanted{text: s, detail: d}, nil
	}
	c, err := nixie.ParseCode(s)
	if err != nil {
		return wanted{}, usageError{err}
	}
	return wanted{text: s, detail: c.Detail(), class: c.Class()}, nil
}

// codesFound are the answers to a query, in order.
type codesFound struct {
	entries []*nixie.Entry
	vendor  []nixie.VendorCode
}

func (c *codesFound) none() bool { return len(c.entries)+len(c.vendor) == 0 }

func (q *codeQuery) find(r *nixie.Registry) codesFound {
	var found codesFound
	for _, e := range r.Search(q.words...) {
		if q.fits(e) {
			found.entries = append(found.entries, e)
		}
	}
	for _, v := range r.VendorCodes() {
		if q.fitsVendor(v) {
			found.vendor = append(found.vendor, v)
		}
	}
	return found
}

func (w wanted) isVendor(v nixie.VendorCode) bool {
	return w.replyCode == 0 && v.Code.Detail() == w.detail && (w.class == 0 || v.Code.Class() == w.class)
}

func (q *codeQuery) fits(e *nixie.Entry) bool {
	if q.class != 0 && !e.Classes.Has(q.class) ||
		q.subject >= 0 && e.Detail.Subject() != q.subject ||
		q.replyCode != 0 && !listsReplyCode(e, q.replyCode) {
		return false
	}
	return len(q.wanted) == 0 || slices.ContainsFunc(q.wanted, func(w wanted) bool {
		if w.replyCode != 0 {
			return listsReplyCode(e, w.replyCode)
		}
		return e.Detail == w.detail
	})
}

func (q *codeQuery) fitsVendor(v nixie.VendorCode) bool {
	if q.class != 0 && v.Code.Class() != q.class ||
		q.subject >= 0 && v.Code.Detail().Subject() != q.subject ||
		q.replyCode != 0 {
		return false
	}
	text := strings.ToLower(strings.Join([]string{v.Code.String(), v.Receiver, v.Name, v.Meaning, v.Advice}, " "))
	for _, w := range q.words {
		if !strings.Contains(text, strings.ToLower(w)) {
			return false
		}
	}
	return len(q.wanted) == 0 || slices.ContainsFunc(q.wanted, func(w wanted) bool { return w.isVendor(v) })
}

// listsReplyCode reports whether the registry names the reply code for e, by
// number, by pattern or by "any".
func listsReplyCode(e *nixie.Entry, replyCode int) bool {
	return len(e.ReplyCodes) > 0 && e.FitsReplyCode(replyCode)
}

// codeJSON is a registered code in JSON.
type codeJSON struct {
	Code             string   `json:"code"`
	Name             string   `json:"name"`
	ReplyCodes       []string `json:"reply_codes"`
	Reference        string   `json:"reference"`
	Submitter        string   `json:"submitter"`
	ChangeController string   `json:"change_controller"`
	Deprecated       bool     `json:"deprecated"`
	Classes          []string `json:"classes"`
	ClassesInferred  bool     `json:"classes_inferred"`
	Description      string   `json:"description,omitempty"`
	Meaning          string   `json:"meaning"`
	Advice           string   `json:"advice"`
}

// vendorCodeJSON is a vendor code in JSON.
type vendorCodeJSON struct {
	Code     string `json:"code"`
	Receiver string `json:"receiver"`
	Name     string `json:"name"`
	Meaning  string `json:"meaning"`
	Advice   string `json:"advice"`
	Source   string `json:"source"`
}

func writeCodesJSON(s Streams, found codesFound, vendor bool) error {
	list := []any{}
	for _, e := range found.entries {
		list = append(list, codeJSON{
			Code: e.Detail.String(), Name: e.Name, ReplyCodes: append([]string{}, e.ReplyCodes...),
			Reference: e.Reference, Submitter: e.Submitter, ChangeController: e.ChangeController,
			Deprecated: e.Deprecated, Classes: classNames(e.Classes), ClassesInferred: e.ClassesInferred,
			Description: e.Description, Meaning: e.Meaning, Advice: e.Advice,
		})
	}
	if vendor {
		for _, v := range found.vendor {
			list = append(list, vendorCodeJSON{v.Code.String(), v.Receiver, v.Name, v.Meaning, v.Advice, v.Source})
		}
	}
	return writeJSON(s, list)
}

func classNames(s nixie.Classes) []string {
	names := []string{}
	for _, c := range s.List() {
		names = append(names, c.String())
	}
	return names
}

// writeJSON writes a value, indented.
func writeJSON(s Streams, v any) error {
	enc := newEncoder(s.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
