package script

// A Key is something that can be written in a file.
type Key struct {
	Table   string // "", "rule", "when", "answer" or "late"
	Name    string
	Means   string
	Example string // a line of TOML that stands in its table
}

// Keys returns all keys, table by table. The help and the documentation are made
// from it, and the reader knows no others.
func Keys() []Key {
	return []Key{
		{"", "rule", "a rule; the first one that applies and answers has the word", "[[rule]]"},

		{"rule", "name", `what the record of a session calls it, else "rule 3"`, `name = "greylisting"`},
		{"rule", "when", "what must hold, all of it; else it applies always", `when.recipient = "*@news.example"`},
		{"rule", "answer", `what is done: an order as in an address, "accept", or a table`, `answer = "451-4.7.1"`},
		{"rule", "answers", `what is done first, second and so on, instead of answer; "pass" leaves a turn to the next rules`, `answers = ["451-4.7.1", "452-4.2.2", "accept"]`},
		{"rule", "then", `after the last of answers: "stay" with it (else), "repeat" all, "pass" to the next rules`, `then = "repeat"`},
		{"rule", "times", "how often it applies before it passes to the next rules", `times = 2`},
		{"rule", "for", "how long it applies, from the first time on", `for = "30s"`},
		{"rule", "over", "it applies above this rate only, NUMBER/PERIOD; a period begins with the first time", `over = "10/min"`},
		{"rule", "percent", "in how many of 100 cases it applies, 0.01 to 100", `percent = 30`},
		{"rule", "per", `what answers, times, for and over count apart: "all" for nothing, else some of client, login, sender, recipient; else client for over, and for the others sender and recipient as far as they are known, or client`, `per = ["client", "sender", "recipient"]`},

		{"when", "stage", "connect, ehlo, starttls, auth, mail, rcpt (else), 354, data, vrfy, other or quit", `stage = "data"`},
		{"when", "client", "the client's address, or a network that has it", `client = ["127.0.0.0/8", "::1"]`},
		{"when", "listener", "the name of the listener", `listener = "main"`},
		{"when", "tls", "whether the session is encrypted", `tls = false`},
		{"when", "hello", "the name that EHLO, HELO or LHLO gave", `hello = "*.example.net"`},
		{"when", "login", "the user that has logged in", `login = "tenant-*"`},
		{"when", "command", "the line of the command", `command = "HELP*"`},
		{"when", "sender", `the sender's address; "<>" for the null sender`, `sender = "*@news.example.org"`},
		{"when", "recipient", "the recipient's address; from stage 354 on, that of any", `recipient = ["a@*", "/^b.*@/"]`},
		{"when", "size_over", "more than so many bytes: at mail as declared by SIZE, at data as they came", `size_over = "1MB"`},
		{"when", "header", "fields of the message's header, at data: of each that is named, any", `header.Subject = "*invoice*"`},

		{"answer", "order", `an order as in an address, or "accept"`, `order = "451-4.7.1"`},
		{"answer", "reply", "the reply code; else the usual one of the code", `reply = 451`},
		{"answer", "code", "the enhanced status code; else none", `code = "4.7.1"`},
		{"answer", "lines", "the words, without codes; {wait} is how many seconds for or over still last, {n} how often the rule has been applied, {rcpt}, {from}, {client} and {domain} what the client said", `lines = ["Greylisted, come back in {wait} s"]`},
		{"answer", "raw", "bytes that are said as they are", `raw = "550-no\r\n550 5.1.1 code on one line only\r\n"`},
		{"answer", "raw_base64", "the same, for bytes that TOML cannot say", `raw_base64 = "NTUwIP8NCg=="`},
		{"answer", "delay", "what is waited first; two for a time between them", `delay = "1s..5s"`},
		{"answer", "drop", `the connection is ended, after what is said if anything is: "close" or "reset"`, `drop = "close"`},
		{"answer", "late", "what comes after the message was accepted, at rcpt and data", `late = { kind = "bounce", code = "5.2.2", after = "30s" }`},
		{"answer", "times", "in answers: how often before the next one, else once", `times = 2`},

		{"late", "kind", "bounce, delay, success, arf or ooo", `kind = "bounce"`},
		{"late", "after", "how long after, else at once", `after = "30s"`},
		{"late", "reply", "of a bounce or a delay: the reply code that a further server is said to have given", `reply = 552`},
		{"late", "code", "and its enhanced status code", `code = "5.2.2"`},
		{"late", "lines", "and its words", `lines = ["Mailbox full"]`},
	}
}
