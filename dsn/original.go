package dsn

// An Original is the message that a report is about, as far as it was returned.
// The zero Original means that nothing was returned.
type Original struct {
	// Raw is what was returned, as it stood.
	Raw string
	// HeadersOnly says that only the header was returned, not the body.
	HeadersOnly bool
}

// IsZero reports whether nothing was returned.
func (o Original) IsZero() bool { return o.Raw == "" }
