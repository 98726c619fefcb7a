package nixie

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Classes is a set of classes.
type Classes uint8

// Has reports whether c is in the set.
func (s Classes) Has(c Class) bool { return c.String() != "" && s&(1<<c) != 0 }

// Add returns the set with c in it.
func (s Classes) Add(c Class) Classes {
	if c.String() == "" {
		return s
	}
	return s | 1<<c
}

// List returns the members in the order success, transient, permanent.
func (s Classes) List() []Class {
	list := make([]Class, 0, 3)
	for _, c := range []Class{Success, Transient, Permanent} {
		if s.Has(c) {
			list = append(list, c)
		}
	}
	return list
}

// An Entry is one enumerated code of the registry: a row of IANA's third table.
type Entry struct {
	Detail Detail
	// Name is the registry's sample text, letter for letter; empty for X.6.10.
	Name string
	// ReplyCodes are the associated reply codes: "550", a pattern "5xx", or
	// "any" alone. Empty where the registry gives none.
	ReplyCodes       []string
	Reference        string
	Submitter        string
	ChangeController string
	// Deprecated codes are read, and never written.
	Deprecated bool
	// Classes are those that the definition allows. ClassesInferred says that it
	// is silent, and the first digits of the reply codes were taken instead.
	Classes         Classes
	ClassesInferred bool
	// Description is the registry's own text. Only a registry that was read from
	// a file has it; the built-in one has Meaning instead.
	Description string
	// Meaning and Advice are nixie's own plain words: what it says, what to do.
	Meaning, Advice string
}

// FitsReplyCode reports whether the registry lists replyCode for this entry, by
// number or by pattern. It is true where it lists none.
func (e *Entry) FitsReplyCode(replyCode int) bool {
	if len(e.ReplyCodes) == 0 {
		return true
	}
	for _, p := range e.ReplyCodes {
		if p == "any" || matchesReplyCode(p, replyCode) {
			return true
		}
	}
	return false
}

// matchesReplyCode compares with a number or with a pattern such as "5xx".
func matchesReplyCode(pattern string, replyCode int) bool {
	if len(pattern) != 3 || replyCode < 100 || replyCode > 999 {
		return false
	}
	for i, div := 0, 100; i < 3; i, div = i+1, div/10 {
		if c := pattern[i]; c != 'x' && int(c-'0') != replyCode/div%10 {
			return false
		}
	}
	return true
}

// A SubjectEntry is a row of the registry's second table: X.1.YYY.
type SubjectEntry struct {
	Subject          int
	Name             string
	Reference        string
	Submitter        string
	ChangeController string
	Description      string // as in Entry
	Meaning          string
}

// A ClassEntry is a row of the registry's first table: 5.XXX.YYY.
type ClassEntry struct {
	Class            Class
	Name             string
	Reference        string
	Submitter        string
	ChangeController string
	Description      string // as in Entry
	Meaning          string
}

// A ReplyCodeEntry describes a basic reply code, such as 550. RFC 5321, 4.2.3.
type ReplyCodeEntry struct {
	ReplyCode int
	Name      string
	Reference string
	Meaning   string
	// Codes says in words whether a code goes with it, and which.
	Codes string
}

// A Registry is the whole of the enhanced status codes as of one day. It never
// changes once made, and may be used by many goroutines. The zero Registry
// knows nothing; [Builtin] has IANA's.
type Registry struct {
	date       string // of the snapshot, "2024-12-06"
	origin     string // "built-in", or the file it came from
	classes    []ClassEntry
	subjects   []SubjectEntry
	entries    []Entry // sorted by Detail
	replyCodes []ReplyCodeEntry
	vendor     []VendorCode
	older      *Registry // the next older snapshot

	byDetail map[Detail]*Entry
	byVendor map[Code][]VendorCode
}

// Contents is what a registry is made of; see [NewRegistry].
type Contents struct {
	Date       string // of the last change, "2006-01-02"
	Origin     string // where it comes from, for people: a file's name
	Classes    []ClassEntry
	Subjects   []SubjectEntry
	Entries    []Entry
	ReplyCodes []ReplyCodeEntry
	Vendor     []VendorCode
}

// NewRegistry makes a registry from its contents, which it takes over. Entries
// and reply codes are put in order; of two with one Detail the first stands.
func NewRegistry(c Contents) *Registry {
	r := &Registry{
		date: c.Date, origin: c.Origin, classes: c.Classes, subjects: c.Subjects,
		entries: c.Entries, replyCodes: c.ReplyCodes, vendor: c.Vendor,
		byDetail: make(map[Detail]*Entry, len(c.Entries)),
		byVendor: make(map[Code][]VendorCode, len(c.Vendor)),
	}
	sortOnce(r.entries, func(a, b Entry) int { return cmp.Compare(a.Detail, b.Detail) })
	sortOnce(r.replyCodes, func(a, b ReplyCodeEntry) int { return cmp.Compare(a.ReplyCode, b.ReplyCode) })
	for i := range r.entries {
		e := &r.entries[i]
		if r.byDetail[e.Detail] == nil {
			r.byDetail[e.Detail] = e
		}
	}
	for _, v := range r.vendor {
		r.byVendor[v.Code] = append(r.byVendor[v.Code], v)
	}
	return r
}

// sortOnce sorts, and writes nothing to what is in order already: With hands on
// lists that other goroutines are reading.
func sortOnce[T any](list []T, compare func(a, b T) int) {
	if !slices.IsSortedFunc(list, compare) {
		slices.SortStableFunc(list, compare)
	}
}

// Date returns the day of the registry's last change, "2024-12-06".
func (r *Registry) Date() string { return r.date }

// Origin says where the registry comes from: "built-in", or a file's name.
func (r *Registry) Origin() string { return r.origin }

// Entries returns the enumerated codes in order. The caller must not change them.
func (r *Registry) Entries() []Entry { return r.entries }

// Subjects returns the second table. The caller must not change it.
func (r *Registry) Subjects() []SubjectEntry { return r.subjects }

// Classes returns the first table. The caller must not change it.
func (r *Registry) Classes() []ClassEntry { return r.classes }

// ReplyCodes returns the basic reply codes. The caller must not change them.
func (r *Registry) ReplyCodes() []ReplyCodeEntry { return r.replyCodes }

// ReplyCode returns the entry of a basic reply code, nil if it is unknown.
func (r *Registry) ReplyCode(replyCode int) *ReplyCodeEntry {
	i, ok := slices.BinarySearchFunc(r.replyCodes, replyCode, func(e ReplyCodeEntry, n int) int { return e.ReplyCode - n })
	if !ok {
		return nil
	}
	return &r.replyCodes[i]
}

// Entry returns the entry of d, nil if d is not registered. It does not allocate.
func (r *Registry) Entry(d Detail) *Entry { return r.byDetail[d] }

// A Level says which table of the registry answered.
type Level string

// The levels, from exact to general.
const (
	LevelDetail  Level = "detail"  // the code itself is registered
	LevelSubject Level = "subject" // only its subject is: read it as X.Y.0
	LevelClass   Level = "class"   // not even its subject is: read it as X.0.0
	LevelNone    Level = ""        // there was no code
)

// A Match is what the registry knows of a code. Fields below the Level that
// answered are nil.
type Match struct {
	Level   Level
	Class   *ClassEntry
	Subject *SubjectEntry
	Entry   *Entry
}

// Lookup finds a code, falling back from an unknown detail to its subject and
// from an unknown subject to the class. It does not allocate. RFC 3463, 2.
func (r *Registry) Lookup(c Code) Match {
	var m Match
	for i := range r.classes {
		if r.classes[i].Class == c.class {
			m.Class, m.Level = &r.classes[i], LevelClass
		}
	}
	if m.Level == LevelNone {
		return m
	}
	for i := range r.subjects {
		if r.subjects[i].Subject == c.detail.Subject() {
			m.Subject, m.Level = &r.subjects[i], LevelSubject
		}
	}
	if e := r.byDetail[c.detail]; e != nil {
		m.Entry, m.Level = e, LevelDetail
	}
	return m
}

// AsOf returns the registry as it stood on the given day: the nearest earlier
// snapshot that is known. ok is false, and the oldest snapshot returned, when
// the day is before that one.
func (r *Registry) AsOf(day time.Time) (snapshot *Registry, ok bool) {
	want := day.UTC().Format(time.DateOnly)
	for {
		if r.date <= want {
			return r, true
		}
		if r.older == nil {
			return r, false
		}
		r = r.older
	}
}

// Snapshots returns this registry and the older ones it knows, newest first.
func (r *Registry) Snapshots() []*Registry {
	var all []*Registry
	for ; r != nil; r = r.older {
		all = append(all, r)
	}
	return all
}

// Search returns the entries in whose name, meaning, advice, reference or
// description every word occurs, whatever the case, in the registry's order. A
// word that is a code, 5.7.26 or X.7.26, finds the entry of that number only.
func (r *Registry) Search(words ...string) []*Entry {
	var found []*Entry
	for i := range r.entries {
		e := &r.entries[i]
		text := strings.ToLower(strings.Join([]string{e.Name, e.Meaning, e.Advice, e.Description, e.Reference}, " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !e.hasWord(text, w) }) {
			found = append(found, e)
		}
	}
	return found
}

// hasWord compares with the number, or else with text, the entry's words in
// small letters.
func (e *Entry) hasWord(text, word string) bool {
	if c, err := ParseCode(word); err == nil {
		return e.Detail == c.detail
	}
	if d, err := ParseDetail(word); err == nil {
		return e.Detail == d
	}
	return strings.Contains(text, strings.ToLower(word))
}

// With returns a registry that knows the given vendor codes as well, before
// those that r knows. The snapshots behind it stay as they are.
func (r *Registry) With(vendor []VendorCode) *Registry {
	n := NewRegistry(Contents{
		Date: r.date, Origin: r.origin, Classes: r.classes, Subjects: r.subjects,
		Entries: r.entries, ReplyCodes: r.replyCodes, Vendor: slices.Concat(vendor, r.vendor),
	})
	n.older = r.older
	return n
}

// Builtin returns IANA's registry as it is built into this package, with the
// vendor codes that nixie documents and the older snapshots behind it.
func Builtin() *Registry { return builtin() }

var builtin = sync.OnceValue(func() *Registry {
	r := NewRegistry(builtinContents())
	r.older = NewRegistry(snapshotContents())
	return r
})

// Lookup finds a code in the built-in registry. See [Registry.Lookup].
func Lookup(c Code) Match { return Builtin().Lookup(c) }
