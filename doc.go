// Package nixie has the IANA registry of SMTP enhanced status codes as typed
// data, and reads what SMTP servers reply.
package nixie
