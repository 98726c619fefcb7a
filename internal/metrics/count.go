package metrics

import (
	"net/http"
	"strconv"
	"time"
)

// The labels that belong to this package.
var (
	smtpProtocols   = []string{SMTP, LMTP}
	policyProtocols = []string{Policy, Socketmap}
	methods         = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
)

// Event counts an event that was stored, by its kind and the kind of its source.
func (m *Metrics) Event(kind, source string) {
	m.events.WithLabelValues(known(m.words.Kinds, kind), known(m.words.Sources, source)).Inc()
}

// Outcome counts a delivery that came to an outcome.
func (m *Metrics) Outcome(outcome string) {
	m.outcomes.WithLabelValues(known(m.words.Outcomes, outcome)).Inc()
}

// Commit counts a commit of so many events.
func (m *Metrics) Commit(events int, took time.Duration) {
	m.commitEvents.Observe(float64(events))
	m.commitSeconds.Observe(took.Seconds())
}

// CommitFailed counts a transaction that was not committed.
func (m *Metrics) CommitFailed() { m.commitsFailed.Inc() }

// SessionBegan counts a session of [SMTP] or [LMTP]; SessionEnded must follow.
func (m *Metrics) SessionBegan(protocol string) {
	m.smtpOpen.WithLabelValues(known(smtpProtocols, protocol)).Inc()
}

// SessionEnded counts the end of a session.
func (m *Metrics) SessionEnded(protocol, end string) {
	protocol = known(smtpProtocols, protocol)
	m.smtpOpen.WithLabelValues(protocol).Dec()
	m.smtpSessions.WithLabelValues(protocol, known(m.words.Ends, end)).Inc()
}

// TurnedAway counts a connection that was closed since there were too many.
func (m *Metrics) TurnedAway(protocol string) {
	m.smtpTurnedAway.WithLabelValues(known(smtpProtocols, protocol)).Inc()
}

// Answered counts an answer to a client; replyCode is 0 where nothing was said.
func (m *Metrics) Answered(protocol, stage string, replyCode int) {
	class := "none"
	if replyCode >= 200 && replyCode <= 599 {
		class = strconv.Itoa(replyCode / 100)
	}
	m.smtpAnswers.WithLabelValues(known(smtpProtocols, protocol), known(m.words.Stages, stage), class).Inc()
}

// Message counts a message that was handed in, taken or not; took is the time from
// its last byte to the answer.
func (m *Metrics) Message(protocol string, bytes int, took time.Duration) {
	protocol = known(smtpProtocols, protocol)
	m.smtpMessages.WithLabelValues(protocol).Observe(took.Seconds())
	m.smtpBytes.WithLabelValues(protocol).Add(float64(max(bytes, 0)))
}

// PolicyAnswer counts an answer in [Policy] or [Socketmap].
func (m *Metrics) PolicyAnswer(protocol, action string, took time.Duration) {
	protocol = known(policyProtocols, protocol)
	m.policyAnswers.WithLabelValues(protocol, known(m.words.Actions, action)).Inc()
	m.policySeconds.WithLabelValues(protocol).Observe(took.Seconds())
}

// PolicyFailed counts a question whose answer was to go on, for none was ready in
// time. It is told beside [Metrics.PolicyAnswer].
func (m *Metrics) PolicyFailed(protocol string) {
	m.policyFailed.WithLabelValues(known(policyProtocols, protocol)).Inc()
}

// LogLines counts n lines of logs by what they were.
func (m *Metrics) LogLines(result string, n int) {
	m.logLines.WithLabelValues(known(m.words.Lines, result)).Add(float64(max(n, 0)))
}

// LogLag sets how many bytes of a log are not read yet. file is the configured
// path, which is not looked at.
func (m *Metrics) LogLag(file string, bytes int64) {
	m.logLag.WithLabelValues(m.files.known(label(file))).Set(float64(bytes))
}

// Request counts a request that was answered. route is the pattern by which it was
// found, as [http.Request.Pattern] has it, never the path that was asked for; empty
// for one that nothing was found for.
func (m *Metrics) Request(route, method string, code int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	route = m.routes.known(label(route))
	text := Other
	if code >= 100 && code <= 599 {
		text = strconv.Itoa(code)
	}
	m.requests.WithLabelValues(route, known(methods, method), text).Inc()
	m.requestSeconds.WithLabelValues(route).Observe(took.Seconds())
}
