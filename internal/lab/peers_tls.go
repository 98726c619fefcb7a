package lab

import (
	"crypto/tls"
	"errors"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// tlsPeers fail at each step of TLS.
func tlsPeers() []peer {
	starttls := func(name, means string, a smtpserver.Answer) peer {
		return peer{name: name, means: means, answer: at(smtpserver.StageStartTLS, a)}
	}
	with := func(name, means string, f func(*certificates) tls.Certificate) peer {
		return peer{name: name, means: means, tls: func(c *certificates) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{f(c)}} }}
	}
	mute := rawClose("")
	mute.Raw, mute.Close, mute.Then = []byte("220 2.0.0 Begin TLS\r\n"), false, []smtpserver.Answer{silent()}
	return []peer{
		starttls("tls-refused", "lists STARTTLS and answers it with 454 4.7.0", smtpserver.Say(454, nixie.OtherOrUndefinedSecurityStatus.Transient(), "TLS not available due to temporary reason")),
		starttls("tls-close", "says yes to STARTTLS and closes", rawClose("220 2.0.0 Begin TLS\r\n")),
		starttls("tls-silent", "says yes to STARTTLS and nothing after that", mute),
		starttls("tls-garbage", "says yes to STARTTLS and goes on in plain text", rawClose("220 2.0.0 Begin TLS\r\n500 5.5.1 Command unrecognized: \"\\026\\003\\001\"\r\n")),
		{name: "tls-alert", means: "ends the handshake with an alert", tls: func(*certificates) *tls.Config {
			return &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return nil, errors.New("the lab has no certificate here")
			}}
		}},
		{name: "tls-old", means: "speaks TLS 1.0 and nothing newer", tls: func(c *certificates) *tls.Config {
			return &tls.Config{Certificates: []tls.Certificate{c.good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10} //nolint:gosec // that is the fault
		}},
		with("tls-expired", "has a certificate that ran out yesterday", func(c *certificates) tls.Certificate { return c.expired }),
		with("tls-wrong-name", "has a certificate for another host", func(c *certificates) tls.Certificate { return c.wrongName }),
		with("tls-self-signed", "has a certificate that it signed itself", func(c *certificates) tls.Certificate { return c.selfSigned }),
		{name: "tls-then-close", means: "closes after the handshake, at EHLO", within: func(s *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
			if s.TLS() != nil && c.Stage == smtpserver.StageHello {
				return smtpserver.Answer{Close: true}
			}
			return own
		}},
		{name: "tls-implicit", means: "speaks TLS from the first byte, as port 465 does (RFC 8314)", implicit: true},
	}
}

// strictPeers are not broken: they ask for something first.
func strictPeers() []peer {
	return []peer{
		{name: "lmtp", means: "speaks LMTP (RFC 2033): an answer for each recipient", lmtp: true},
		{name: "tls-required", means: "takes mail only under TLS: 530 5.7.0 (RFC 3207, 4)", needsTLS: true},
		{name: "auth-required", means: "takes mail only after AUTH: 530 5.7.0 (RFC 4954, 6)", needsAuth: true},
		{name: "closed", means: "has nobody listening: connections are refused", nobody: true},
	}
}
