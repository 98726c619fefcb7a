package config

// Notes are what a person should know about a Config that has nothing wrong with
// it: what others can reach, and what has no effect.
func (c *Config) Notes(from Origin) []*Problem {
	var notes []*Problem
	note := func(key, text string) {
		notes = append(notes, &Problem{Key: key, Place: from.place(key), Text: text})
	}
	for _, l := range c.listeners() {
		if l.address == "" || isLocal(l.address) {
			continue
		}
		switch l.key {
		case "http":
			note(l.key, "other machines can reach it, and it is not encrypted: put a proxy with TLS before it")
		case "smtp":
			note(l.key, "other machines can reach it, as they must where it is the bounce domain's MX")
		case "lmtp":
			note(l.key, "other machines can reach it: LMTP is meant for the MTA beside it")
		default:
			note(l.key, "other machines can reach it, and ask whom nixie drops")
		}
	}
	if (c.SMTP != "" || c.LMTP != "") && len(c.Mail.Domains)+len(c.Mail.Addresses) == 0 {
		note("mail.domains", "no mail is taken: neither mail.domains nor mail.addresses names any")
	}
	if d := c.ReturnPath.Domain; d != "" && len(c.Maildirs) == 0 && !containsFold(c.Mail.Domains, d) {
		note("return_path.domain", "bounces to it are refused: it is not among mail.domains")
	}
	if c.ReturnPath.Valid < 7*day {
		note("return_path.valid", "servers try for five days and more before they give up (RFC 5321, 4.5.4.1): later bounces will not be believed")
	}
	if c.Suppression.OnMatched {
		note("suppression.on_matched", "whoever has got a message of yours can forge a bounce that drops another recipient of it")
	}
	if len(c.Suppression.Rules) == 0 {
		note("suppression.rule", "no failure drops anybody: there are no rules")
	}
	return notes
}
