// Package nixie has the IANA registry of SMTP enhanced status codes as typed
// data, and reads what SMTP servers reply.
//
// # Codes and the registry
//
// A [Code] is an enhanced status code such as 5.1.1; no wrong one can be built.
// IANA registers subject and detail without the class, X.1.1: that is a
// [Detail], and the constants of this package name all 81 of them. [Builtin]
// returns the [Registry], which tells what a code means, as of today or of an
// earlier day, and which codes receivers use that nobody registered.
//
// # Replies
//
// [ParseReply] reads what a server said in any of the forms in which people have
// it, and loses nothing: [Reply.Code] is what was said, [Reply.Effective] the code
// to act on, [Reply.Problems] what was wrong with it. [NewReply] and
// [Reply.AppendWire] write replies, and cannot be made to write a wrong one.
// [Scan] finds codes in any text.
//
// What a reply means for a sender, who is at fault and what to do next, is told
// by package verdict.
//
// # Promises
//
// The package does no input or output, keeps no state that changes, and is safe
// for use by many goroutines. Names and JSON forms follow semantic versioning;
// the registry's data and the wording of meanings, advice and problems may
// change with any release.
package nixie

//go:generate go run ./tools/genregistry
