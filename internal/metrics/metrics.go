// Package metrics counts what the service does, for Prometheus. It has a registry
// of its own; nothing in it is global.
//
// What a metric is labelled with comes from a list that is known when the service
// starts, so that no peer can make series: a word that is in no list counts as
// [Other]. No label has an address in it, or what a peer said.
package metrics

import (
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Other is the label of what is in no list.
const Other = "other"

// The limits of labels that are no words of ours: more of them count as [Other].
const (
	MaxRoutes = 200
	MaxFiles  = 100
)

// maxScrapes is how many answer at a time; further ones are told to come back.
const maxScrapes = 4

// Words are the closed lists of labels, each from the package that the words are of.
type Words struct {
	Kinds    []string // of events: "bounced"
	Sources  []string // kinds of them: "log"
	Outcomes []string // of deliveries: "failed"
	Stages   []string // of SMTP sessions: "RCPT TO"
	Ends     []string // of SMTP sessions: "quit"
	Actions  []string // answers to an MTA that asks: "refuse"
	Lines    []string // what a log's line was: "news", "nothing", "too-long"
}

// The protocols that sessions and questions are labelled with.
const (
	SMTP      = "smtp"
	LMTP      = "lmtp"
	Policy    = "policy"
	Socketmap = "socketmap"
)

// Metrics are all metrics of one service. Its methods may be called at the same
// time, and return at once.
type Metrics struct {
	registry *prometheus.Registry
	words    Words
	routes   names
	files    names

	events        *prometheus.CounterVec
	outcomes      *prometheus.CounterVec
	commitEvents  prometheus.Histogram
	commitSeconds prometheus.Histogram
	commitsFailed prometheus.Counter

	smtpOpen       *prometheus.GaugeVec
	smtpSessions   *prometheus.CounterVec
	smtpTurnedAway *prometheus.CounterVec
	smtpAnswers    *prometheus.CounterVec
	smtpMessages   *prometheus.HistogramVec
	smtpBytes      *prometheus.CounterVec

	policyAnswers *prometheus.CounterVec
	policySeconds *prometheus.HistogramVec
	policyFailed  *prometheus.CounterVec

	logLines *prometheus.CounterVec
	logLag   *prometheus.GaugeVec

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
}

// New returns metrics of a service of that version. Those of Go's runtime and of
// the process are among them.
func New(version string, words Words) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), words: words,
		routes: names{most: MaxRoutes}, files: names{most: MaxFiles},
	}
	m.describe()
	m.begin()
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "nixie_build_info", Help: "Always 1; the labels tell what runs.",
	}, []string{"version", "go_version"})
	info.WithLabelValues(label(version), runtime.Version()).Set(1)
	m.registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// begin makes the series whose labels are all known, so that each is 0 before it
// counts the first time.
func (m *Metrics) begin() {
	for _, kind := range m.words.Kinds {
		for _, source := range m.words.Sources {
			m.events.WithLabelValues(kind, source)
		}
	}
	begin(m.outcomes, m.words.Outcomes)
	begin(m.logLines, m.words.Lines)
	for _, protocol := range []string{SMTP, LMTP} {
		m.smtpOpen.WithLabelValues(protocol)
		m.smtpTurnedAway.WithLabelValues(protocol)
		m.smtpBytes.WithLabelValues(protocol)
	}
	for _, protocol := range []string{Policy, Socketmap} {
		m.policyFailed.WithLabelValues(protocol)
		for _, action := range m.words.Actions {
			m.policyAnswers.WithLabelValues(protocol, action)
		}
	}
}

func begin(c *prometheus.CounterVec, values []string) {
	for _, v := range values {
		c.WithLabelValues(v)
	}
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes,
		Timeout:             10 * time.Second,
		EnableOpenMetrics:   true,
	})
}

// known is word if it is in the list, else Other.
func known(list []string, word string) string {
	if slices.Contains(list, word) {
		return word
	}
	return Other
}

// label is s without what is no UTF-8, which no label can have.
func label(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// names are labels that become known as they are used, up to most.
type names struct {
	most int
	mu   sync.RWMutex
	seen map[string]bool
}

func (n *names) known(name string) string {
	n.mu.RLock()
	ok := n.seen[name]
	n.mu.RUnlock()
	if ok {
		return name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.seen) >= n.most && !n.seen[name] {
		return Other
	}
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	n.seen[name] = true
	return name
}
