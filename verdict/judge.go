package verdict

import "github.com/nixiemail/nixie"

// A Judge gives verdicts by a set of rules. It never changes once made and may
// be used by many goroutines.
type Judge struct{}

// Version identifies the rules: two judges of one version judge alike.
func (j *Judge) Version() string { return "" }

// Of judges a reply.
func (j *Judge) Of(reply *nixie.Reply, hints Hints) Verdict { return Verdict{} }

// Builtin returns the judge with the rules of this package.
func Builtin() *Judge { return &Judge{} }

// Of judges a reply by the built-in rules, with no hints.
func Of(reply nixie.Reply) Verdict { return Builtin().Of(&reply, Hints{}) }
