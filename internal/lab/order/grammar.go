package order

// A Row is a form of the grammar, for help and documents.
type Row struct {
	Form, Dashed string // how it is written; Dashed is "" where it is the same
	Means        string
	Example      string // a local part
	DashExample  string // the same in letters, digits, hyphens, underscores and dots
}

// Grammar returns all that [Parse] reads, in the order in which one would learn it.
func Grammar() []Row {
	return []Row{
		{"REPLY-CODE", "bounce-REPLY-C-O-D", "this reply code with this code", "550-5.1.1", "bounce-550-5-1-1"},
		{"CODE", "bounce-C-O-D", "this code, with its usual reply code", "5.1.1", "bounce-5-1-1"},
		{"REPLY", "bounce-REPLY", "this reply code without a code", "550", "bounce-550"},
		{"bounce+ORDER", "bounce-ORDER", "the same as the order after it", "bounce+550-5.1.1", "bounce-550-5-1-1"},
		{"RECEIVER/CASE", "RECEIVER-CASE", "the words that this receiver says in this case", "gmail/over-quota", "gmail-over-quota"},
		{"accept", "", "yes, whatever else would be wrong", "accept", "accept"},
		{"slow-TIME", "", "wait before the answer", "slow-10s", "slow-10s"},
		{"drop", "", "close the connection without an answer", "drop_data", "drop_data"},
		{"reset", "", "the same, but with a TCP reset", "reset_data", "reset_data"},
		{"accept_later-CODE", "accept_later-C-O-D", "accept, then send a report of failure", "accept_later-5.2.2+30s", "accept_later-5-2-2-30s"},
		{"delay", "", "accept, then send a report of delay; a code can follow", "delay+10s", "delay-10s"},
		{"success", "", "accept, then send a report of delivery", "success+5s", "success-5s"},
		{"arf", "", "accept, then send an abuse report", "arf+60s", "arf-60s"},
		{"ooo", "", "accept, then send a holiday notice", "ooo", "ooo"},
		{"..._STAGE", "", "at that stage: auth, mail, rcpt, 354 (the answer to DATA) or data (the answer to the message)", "5.7.1_data", "bounce-5-7-1_data"},
		{"..._later", "", "after the message was accepted, in a report of failure", "gmail/over-quota_later", "gmail-over-quota_later"},
		{"..._drop, ..._reset", "", "and end the connection after the answer", "421-4.7.0_drop", "bounce-421-4-7-0_drop"},
		{"...~N", "...-xN", "the first N times only, then accept; N up to 1000", "4.2.2~2", "bounce-4-2-2-x2"},
		{"...%N", "...-pN", "in N of 100 cases", "451-4.7.1%30", "bounce-451-4-7-1-p30"},
		{"...+TIME", "...-TIME", "wait that long first: a number and ms, s, m or h, up to 1h", "4.2.2+500ms", "bounce-4-2-2-500ms"},
		{"ORDER&ORDER", "ORDER-and-ORDER", "both, each at its stage; at one stage the first that applies", "slow-2s&550-5.1.1_data", "slow-2s-and-bounce-550-5-1-1_data"},
	}
}
