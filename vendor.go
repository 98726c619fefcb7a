package nixie

// A VendorCode is a code that one receiver uses and IANA has not registered,
// such as Microsoft's 5.7.515. The registry keeps these apart from its entries.
type VendorCode struct {
	Code     Code
	Receiver string // who says it, in the words of package verdict: "microsoft"
	Name     string
	Meaning  string
	Advice   string
	Source   string // where the receiver documents it
}

// Vendor returns what receivers other than IANA mean by c; nil for most codes.
// The caller must not change it.
func (r *Registry) Vendor(c Code) []VendorCode { return r.byVendor[c] }

// VendorCodes returns the whole overlay. The caller must not change it.
func (r *Registry) VendorCodes() []VendorCode { return r.vendor }
