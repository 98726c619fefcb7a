package dsn

import "strings"

// A fieldID is a field that RFC 3464 or RFC 6533 defines, zero for any other.
type fieldID uint8

const (
	fieldUnknown fieldID = iota
	fieldOriginalEnvelopeID
	fieldReportingMTA
	fieldDSNGateway
	fieldReceivedFromMTA
	fieldArrivalDate
	// The fields before this line tell of the message, those after it of a recipient.
	fieldOriginalRecipient
	fieldFinalRecipient
	fieldAction
	fieldStatus
	fieldRemoteMTA
	fieldDiagnosticCode
	fieldLastAttemptDate
	fieldFinalLogID
	fieldWillRetryUntil
	fieldLocalizedDiagnostic
)

// ofMessage reports whether the field belongs to the per-message group.
// RFC 3464, 2.2.
func (id fieldID) ofMessage() bool { return id != fieldUnknown && id < fieldOriginalRecipient }

// ofRecipient reports whether the field belongs to a recipient's group.
// RFC 3464, 2.3.
func (id fieldID) ofRecipient() bool { return id >= fieldOriginalRecipient }

// A fieldSet is a set of fieldIDs.
type fieldSet uint32

func (s fieldSet) has(id fieldID) bool         { return s&(1<<id) != 0 }
func (s fieldSet) with(id fieldID) fieldSet    { return s | 1<<id }
func (s fieldSet) without(id fieldID) fieldSet { return s &^ (1 << id) }

// hasAddress reports whether a group with these fields says whom it is about.
func (s fieldSet) hasAddress() bool {
	return s.has(fieldFinalRecipient) || s.has(fieldOriginalRecipient)
}

// fieldNamed returns the field of a name, in whatever case. RFC 3464, 2.1.1.
func fieldNamed(name string) fieldID {
	want, id := "", fieldUnknown
	switch len(name) {
	case 6:
		want, id = "Action", fieldAction
		if name[0]|0x20 == 's' {
			want, id = "Status", fieldStatus
		}
	case 10:
		want, id = "Remote-MTA", fieldRemoteMTA
	case 11:
		want, id = "DSN-Gateway", fieldDSNGateway
	case 12:
		want, id = "Arrival-Date", fieldArrivalDate
		if name[0]|0x20 == 'f' {
			want, id = "Final-Log-ID", fieldFinalLogID
		}
	case 13:
		want, id = "Reporting-MTA", fieldReportingMTA
	case 15:
		want, id = "Final-Recipient", fieldFinalRecipient
		if name[0]|0x20 == 'd' {
			want, id = "Diagnostic-Code", fieldDiagnosticCode
		}
	case 16:
		want, id = "Will-Retry-Until", fieldWillRetryUntil
	case 17:
		want, id = "Last-Attempt-Date", fieldLastAttemptDate
		if name[0]|0x20 == 'r' {
			want, id = "Received-From-MTA", fieldReceivedFromMTA
		}
	case 18:
		want, id = "Original-Recipient", fieldOriginalRecipient
	case 20:
		want, id = "Original-Envelope-Id", fieldOriginalEnvelopeID
		if name[0]|0x20 == 'l' {
			want, id = "Localized-Diagnostic", fieldLocalizedDiagnostic
		}
	}
	if id == fieldUnknown || name != want && !strings.EqualFold(name, want) {
		return fieldUnknown
	}
	return id
}

// maxFieldName is the longest name that is taken for one: a header line has at
// most 78 characters by RFC 5322, 2.1.1.
const maxFieldName = 76

// A fieldLine is the first line of a field.
type fieldLine struct {
	name, value string // without the white space around them
	spaced      bool   // there was some before the colon, which RFC 5322, 4.5 lets be read
}

// splitField divides a line into a field's name and its value. ok is false when the line is no field:
// a name begins with a letter and has letters, digits, "-", "_" and "." only, so
// that "550-5.1.1 unknown: …" and "https://…" are none.
func splitField(line string) (f fieldLine, ok bool) {
	n := 0
	for n < len(line) && n <= maxFieldName && isNameByte(line[n]) {
		n++
	}
	if n == 0 || n > maxFieldName || !isLetter(line[0]) {
		return fieldLine{}, false
	}
	colon := n
	for colon < len(line) && isBlank(line[colon]) {
		colon++
	}
	if colon == len(line) || line[colon] != ':' {
		return fieldLine{}, false
	}
	if strings.HasPrefix(line[colon:], "://") {
		return fieldLine{}, false
	}
	return fieldLine{name: line[:n], value: trimBlank(line[colon+1:]), spaced: colon != n}, true
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return '0' <= b && b <= '9' }

// isNameByte reports whether a field's name may have b in it.
func isNameByte(b byte) bool {
	const (
		low  = 0x03ff_6000_0000_0000 // digits, "-", "."
		high = 0x07ff_fffe_87ff_fffe // letters, "_"
	)
	if b < 64 {
		return low>>b&1 != 0
	}
	return b < 128 && uint64(high)>>(b-64)&1 != 0
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

// trimBlank cuts spaces and tabs off both ends.
func trimBlank(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
