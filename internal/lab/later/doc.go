// Package later sends what comes after a message was accepted: a delivery status
// notification, an abuse report, a holiday notice. It writes them as real systems do,
// says in their text that they come from a lab, and hands them over after the time
// that was ordered.
//
// Nothing is relayed. A report goes from <> to the sender of the one message it is
// about, over a connection to the configured address alone, which must be on loopback
// unless AnyHost is set. No report is made about a message from <>, and no abuse report
// and no notice about one that a program sent (RFC 3834, 2). Each is tried once.
package later
