package metrics

import "github.com/prometheus/client_golang/prometheus"

// Buckets of durations, in seconds, and of sizes of commits.
var (
	questionBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}
	workBuckets     = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	batchBuckets    = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000}
)

// describe makes and registers all metrics.
func (m *Metrics) describe() {
	m.events = m.counters("nixie_events_total", "Events stored.", "kind", "source")
	m.outcomes = m.counters("nixie_outcomes_total", "Deliveries that came to another outcome than before.", "outcome")
	m.commitEvents = m.histogram("nixie_store_commit_events", "Events in one commit.", batchBuckets)
	m.commitSeconds = m.histogram("nixie_store_commit_duration_seconds", "Time from the beginning of a transaction to its commit.", workBuckets)
	m.commitsFailed = m.counter("nixie_store_commit_failures_total", "Transactions that were not committed.")

	m.smtpOpen = m.gauges("nixie_smtp_open_sessions", "Sessions that are open.", "protocol")
	m.smtpSessions = m.counters("nixie_smtp_sessions_total", "Sessions that ended.", "protocol", "end")
	m.smtpTurnedAway = m.counters("nixie_smtp_turned_away_total", "Connections closed since there were too many.", "protocol")
	m.smtpAnswers = m.counters("nixie_smtp_answers_total", "Answers to clients, by their first digit.", "protocol", "stage", "class")
	m.smtpMessages = m.histograms("nixie_smtp_message_duration_seconds", "Time from a message's last byte to the answer.", workBuckets, "protocol")
	m.smtpBytes = m.counters("nixie_smtp_message_bytes_total", "Bytes of messages.", "protocol")

	m.policyAnswers = m.counters("nixie_policy_answers_total", "Answers to an MTA that asked about a recipient.", "protocol", "action")
	m.policySeconds = m.histograms("nixie_policy_answer_duration_seconds", "Time from a question to its answer.", questionBuckets, "protocol")
	m.policyFailed = m.counters("nixie_policy_failures_total", "Questions whose answer was to go on, for none was ready in time.", "protocol")

	m.logLines = m.counters("nixie_log_lines_total", "Lines of logs that were read.", "result")
	m.logLag = m.gauges("nixie_log_lag_bytes", "Bytes of a log that are not read yet.", "file")

	m.requests = m.counters("nixie_http_requests_total", "Requests answered.", "route", "method", "code")
	m.requestSeconds = m.histograms("nixie_http_request_duration_seconds", "Time from a request to the end of its answer.", workBuckets, "route")

}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}
