package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// certificates are the lab's own, made as it starts and gone when it ends. Nobody
// trusts their authority who wasn't told to.
type certificates struct {
	authority []byte // PEM

	good, expired, wrongName, selfSigned tls.Certificate
}

// life is how long a certificate of the lab's holds.
const life = 90 * 24 * time.Hour

// newCertificates makes certificates for the lab's host, and for what loopback is
// called.
func newCertificates(host string, now time.Time) (*certificates, error) {
	parent, err := newPair(pkix.Name{CommonName: "nixie lab, not to be trusted"})
	if err != nil {
		return nil, err
	}
	parent.template.IsCA, parent.template.BasicConstraintsValid = true, true
	parent.template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	parent.template.NotBefore, parent.template.NotAfter = now.Add(-life), now.Add(2*life)
	root, err := parent.sign(parent)
	if err != nil {
		return nil, err
	}
	c := &certificates{authority: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate[0]})}
	names := []string{host, "*." + host, "lab.test", "*.lab.test", "*.peer.lab.test", "localhost"}
	for _, l := range []struct {
		to       *tls.Certificate
		names    []string
		from     time.Time
		selfMade bool
	}{
		{&c.good, names, now, false},
		{&c.expired, names, now.Add(-life - 24*time.Hour), false},
		{&c.wrongName, []string{"another.host.test"}, now, false},
		{&c.selfSigned, names, now, true},
	} {
		leaf, err := newPair(pkix.Name{CommonName: l.names[0]})
		if err != nil {
			return nil, err
		}
		t := leaf.template
		t.DNSNames, t.NotBefore, t.NotAfter = l.names, l.from.Add(-time.Hour), l.from.Add(life)
		t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		if len(l.names) > 1 {
			t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
			for i := range peers() { // else one asked for by its address would be broken in two ways
				t.IPAddresses = append(t.IPAddresses, net.IP(peerHost(i+1).AsSlice()))
			}
		}
		by := parent
		if l.selfMade {
			by = leaf
		}
		if *l.to, err = leaf.sign(by); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// A pair is a certificate to be and its key.
type pair struct {
	template *x509.Certificate
	key      *ecdsa.PrivateKey
}

func newPair(name pkix.Name) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("lab: making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("lab: making a certificate's number: %w", err)
	}
	return &pair{template: &x509.Certificate{SerialNumber: serial, Subject: name}, key: key}, nil
}

// sign makes p's certificate in the name of by.
func (p *pair) sign(by *pair) (tls.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, p.template, by.template, &p.key.PublicKey, by.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("lab: making a certificate for %s: %w", p.template.Subject.CommonName, err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: p.key}, nil
}
