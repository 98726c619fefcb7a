package api

import (
	"log/slog"
	"net/http"
	"sync"
)

// A Config says what a handler serves.
type Config struct {
	Lab Lab
	// Hosts are names and addresses, without ports, by which the lab may be asked beside
	// those of loopback.
	Hosts []string
	// Log is told of answers that could not be made; nil for none.
	Log *slog.Logger
}

// handler answers the requests.
type handler struct {
	Config
	mux     *http.ServeMux
	cross   *http.CrossOriginProtection
	waiting chan struct{} // holds one for each request that waits

	changing sync.Mutex // held from the look at the script's ETag to its change
}

// Handler returns the handler of all at and below [Prefix].
func Handler(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	h := &handler{
		Config: c, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(), waiting: make(chan struct{}, MaxWaiting),
	}
	h.handle("GET", "", h.about)
	h.handle("GET", "/messages", h.messages)
	h.handle("DELETE", "/messages", h.clear)
	h.handle("GET", "/messages/{id}", h.message)
	h.handle("GET", "/messages/{id}/raw", h.raw)
	h.handle("GET", "/messages/{id}/late/{index}", h.late)
	h.handle("GET", "/sessions", h.sessions)
	h.handle("GET", "/sessions/{number}", h.session)
	h.handle("GET", "/script", h.script)
	h.handle("PUT", "/script", h.putScript)
	h.handle("POST", "/script/check", h.checkScript)
	h.handle("GET", "/script/rules", h.rules)
	h.handle("GET", "/peers", h.peers)
	h.handle("POST", "/peers/{name}", h.openPeer)
	h.handle("GET", "/dns", h.domains)
	h.handle("GET", "/codes", h.codes)
	return h.guard(h.mux)
}

// handle registers an endpoint, whose error is answered as a problem.
func (h *handler) handle(method, path string, endpoint func(http.ResponseWriter, *http.Request) error) {
	h.mux.HandleFunc(method+" "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		if err := endpoint(w, r); err != nil {
			h.problem(w, r, err)
		}
	})
}

func (h *handler) about(w http.ResponseWriter, r *http.Request) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	c := h.Lab.Seen().Counts()
	return writeJSON(w, struct {
		About
		Seen counts `json:"seen"`
	}{h.Lab.About(), counts{c.Messages, c.Sessions, c.Data, c.Dialogue, c.LastMessage, c.LastSession}})
}

// counts are seen.Counts in JSON.
type counts struct {
	Messages      int    `json:"messages"`
	Sessions      int    `json:"sessions"`
	DataBytes     int64  `json:"data_bytes"`
	DialogueBytes int64  `json:"dialogue_bytes"`
	LastMessage   uint64 `json:"last_message"`
	LastSession   uint64 `json:"last_session"`
}

func (h *handler) peers(w http.ResponseWriter, r *http.Request) error {
	return writeItems(w, r, h.Lab.Peers())
}

func (h *handler) domains(w http.ResponseWriter, r *http.Request) error {
	return writeItems(w, r, h.Lab.Domains())
}

func (h *handler) codes(w http.ResponseWriter, r *http.Request) error {
	return writeItems(w, r, h.Lab.Codes())
}

func (h *handler) openPeer(w http.ResponseWriter, r *http.Request) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	p, err := h.Lab.OpenPeer(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, p)
}
