package zone

import (
	"github.com/miekg/dns"
)

// The sizes of messages in bytes.
const (
	// maxUDP is the longest answer over UDP to a client that offers as much: it fits
	// into one packet of any network.
	maxUDP = 1232
	// maxQuery is the longest question that is read.
	maxQuery = 4096
	// headerSize is that of RFC 1035, 4.1.1.
	headerSize = 12
)

// A reply is what goes back to a client.
type reply struct {
	wire []byte // nil for nothing
	slow bool   // after Config.Slow
}

// reply answers a message as it came. Nothing goes back to what is no question, lest
// two servers talk to each other for ever.
func (s *Server) reply(raw []byte, udp bool) reply {
	if len(raw) < headerSize || isResponse(raw) {
		return reply{}
	}
	var q dns.Msg
	if err := q.Unpack(raw); err != nil {
		s.config.Log.Debug("a DNS message could not be read", "error", err)
		return s.packed(mistake(raw))
	}
	m := new(dns.Msg)
	m.SetReply(&q)
	size := dns.MaxMsgSize
	if udp {
		size = dns.MinMsgSize
	}
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(maxUDP, false)
		if udp {
			size = min(max(int(opt.UDPSize()), dns.MinMsgSize), maxUDP)
		}
	}
	if m.Rcode = unanswerable(&q); m.Rcode != dns.RcodeSuccess {
		m.Truncate(size)
		return s.packed(m)
	}
	does := s.fill(m, udp)
	if does == silent {
		return reply{}
	}
	m.Truncate(size)
	if does == truncated && udp {
		m.Answer, m.Ns, m.Truncated = nil, nil, true
	}
	r := s.packed(m)
	r.slow = does == slow
	return r
}

// fill puts the names' answer into m, which has the question.
func (s *Server) fill(m *dns.Msg, udp bool) behaviour {
	q := m.Question[0]
	a := s.names.ask(q.Name, q.Qtype)
	m.Rcode, m.Answer, m.Authoritative = a.rcode, a.records, a.ours
	empty := len(a.records) == 0 && a.rcode == dns.RcodeSuccess
	if a.soa != nil && (empty || a.rcode == dns.RcodeNameError) {
		m.Ns = []dns.RR{a.soa}
	}
	s.config.Log.Debug("asked", "name", q.Name, "type", dns.Type(q.Qtype).String(), "udp", udp,
		"rcode", dns.RcodeToString[a.rcode], "records", len(a.records), "does", string(a.does))
	return a.does
}

// unanswerable returns the response code for what is no question about a name in class IN.
func unanswerable(q *dns.Msg) int {
	opts := 0
	for _, rr := range q.Extra {
		if rr.Header().Rrtype == dns.TypeOPT {
			opts++
		}
	}
	switch {
	case q.Opcode != dns.OpcodeQuery:
		return dns.RcodeNotImplemented
	case len(q.Question) != 1, opts > 1:
		return dns.RcodeFormatError
	case opts == 1 && q.IsEdns0().Version() != 0:
		return dns.RcodeBadVers
	case q.Question[0].Qclass != dns.ClassINET, q.Question[0].Qtype == dns.TypeAXFR, q.Question[0].Qtype == dns.TypeIXFR:
		return dns.RcodeRefused
	}
	return dns.RcodeSuccess
}

// packed writes a message. One that can't be written is a mistake of ours.
func (s *Server) packed(m *dns.Msg) reply {
	wire, err := m.Pack()
	if err != nil {
		s.config.Log.Error("a DNS answer could not be written", "error", err)
		return reply{}
	}
	return reply{wire: wire}
}

// isResponse looks at the bit QR: RFC 1035, 4.1.1.
func isResponse(raw []byte) bool { return raw[2]&0x80 != 0 }

// mistake returns FORMERR to a message of which only the header can be read.
func mistake(raw []byte) *dns.Msg {
	m := new(dns.Msg)
	m.Id = uint16(raw[0])<<8 | uint16(raw[1])
	m.Response = true
	m.Opcode = int(raw[2]>>3) & 0xf
	m.Rcode = dns.RcodeFormatError
	return m
}
