// Package archtest holds the tests that keep the house in order: who may import
// whom, which libraries are in use, how long a file may be. It has no code to use.
//
// A change of the arrows is a change of docs/architecture.md too, and says why
// in docs/adr.
package archtest
