// Package zone is the lab's DNS: the names of lab.test, good ones and each kind of
// bad one, answered by a server and, without a wire, by a [Lookup].
//
// It knows these names only. It asks nobody and forwards nothing, so no mail that
// is sent by its answers can leave the lab.
//
// The names are data: lab.zone has the records, domains.tsv says what each name is
// for and which of them misbehave.
package zone
