package smtpserver

// Stages returns all stages, in the order of a session.
func Stages() []Stage {
	return []Stage{
		StageConnect, StageHello, StageStartTLS, StageMail, StageRcpt, StageData, StageEndOfData, StageOther, StageQuit, StageTimeout, StageStop,
	}
}
