package config

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// maxSocketPath is how long a Unix socket's path may be: sun_path has 108 bytes,
// the last of them zero (unix(7)).
const maxSocketPath = 107

// ParseAddress reads where to listen, "127.0.0.1:8025", "[::1]:8025", ":8025" for
// all of the machine's addresses, or "unix:/run/nixie/http.sock", as [net.Listen]
// takes it.
func ParseAddress(s string) (network, address string, err error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if !filepath.IsAbs(path) || len(path) > maxSocketPath {
			return "", "", fmt.Errorf("%q is not a socket: want unix: and an absolute path of at most %d bytes", s, maxSocketPath)
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || !isHost(host) {
		return "", "", fmt.Errorf(`%q is no address to listen on: want "HOST:PORT", "unix:/PATH" or "off"`, s)
	}
	return "tcp", s, nil
}

// isHost reports whether s is an IP address, a host name or nothing.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil || s == "" {
		return true
	}
	return isDomain(s)
}

// isLocal reports whether an address that parses can be reached from this machine
// alone.
func isLocal(s string) bool {
	if strings.HasPrefix(s, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return strings.EqualFold(host, "localhost")
	}
	return ip.Unmap().IsLoopback()
}

// isDomain reports whether s is written as a domain is: labels of letters, digits,
// hyphens and underscores, letters of any script, at most 253 bytes in all
// (RFC 1035, 2.3.4).
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return true
}

// isMailAddress reports whether s is written as an address is, without a quoted
// local part: at most 64 bytes, "@", a domain (RFC 5321, 4.5.3.1.1).
func isMailAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || strings.ContainsFunc(s[:at], notInLocalPart) {
		return false
	}
	return isDomain(s[at+1:])
}
