// Package zone is the lab's DNS: a server for the names of lab.test, good and bad.
package zone

import _ "github.com/miekg/dns"
