package smtpserver

// Stages returns all stages, in the order of a session.
func Stages() []Stage {
	return []Stage{
		StageConnect, StageHello, StageStartTLS, StageAuth, StageMail, StageRcpt, StageData, StageEndOfData, StageOther, StageQuit, StageTimeout, StageStop,
	}
}

// Ends returns all reasons for which a session can end.
func Ends() []End {
	return []End{EndQuit, EndGone, EndTimeout, EndErrors, EndLimit, EndLineEnds, EndTLS, EndAnswer, EndStop, EndPanic}
}
