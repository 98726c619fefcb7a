// Package smtpserver is the wire as a receiver: SMTP (RFC 5321) and LMTP (RFC 2033).
// It keeps the protocol and the limits; what is taken, and from whom, a [Handler] decides.
//
// It stores nothing, sends nothing and looks nothing up. It offers PIPELINING,
// 8BITMIME, SMTPUTF8, SIZE, ENHANCEDSTATUSCODES and, with a certificate, STARTTLS; with
// an [Authenticator], AUTH (RFC 4954).
//
// What a session does:
//
//  1. It greets, in no more sessions at once than [Limits] allow, in all and a host.
//  2. It reads a command, whose line must end in CRLF and hold no other CR or LF.
//  3. MAIL and RCPT go to the handler, once their syntax and parameters are right.
//  4. DATA is read until CRLF.CRLF and nothing else, in bounded memory. The dots are
//     taken off, all other bytes stay as they came.
//  5. The handler's answer is written once the handler returned: it returns when the
//     message is safe.
//
// Every answer is a [nixie.Reply] that RFC 2034 allows: no enhanced status code in
// a greeting, in answers to EHLO and in a 354; the same on each line of all others.
// Only an [Answer] with Raw, for laboratories, may say anything else. For them too are
// answers in pieces and resets ([Answer].Then, Reset) and what [Config] has beside the
// Handler: Answer, Offer and Take to do otherwise, Heard for the whole dialogue.
package smtpserver
