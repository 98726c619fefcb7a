package api

import (
	"context"
	"errors"

	"github.com/nixiemail/nixie/internal/lab/script"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// ErrNoPeer is what OpenPeer's error wraps when there is no peer of that name.
var ErrNoPeer = errors.New("there is no such peer")

// A Lab is what is asked. Its methods may be called by many goroutines at once.
type Lab interface {
	About() About
	Seen() *seen.Ring
	// Script returns the script in use, never nil.
	Script() *script.Script
	// SetScript uses another from now on, with new counts.
	SetScript(*script.Script)
	// Rules returns the rules of the script in use.
	Rules() []script.RuleInfo
	// Peers returns all peers, whether they listen or not.
	Peers() []Peer
	// OpenPeer has a peer listen that doesn't yet, and returns it.
	OpenPeer(ctx context.Context, name string) (Peer, error)
	// Domains returns the names that the DNS knows; none if there is no DNS.
	Domains() []Domain
	// Codes returns how to get each code.
	Codes() []Code
}

// About is what the lab is.
type About struct {
	Version   string     `json:"version"`
	Listeners []Listener `json:"listeners"`
	Grammar   []Form     `json:"grammar"`
}

// A Listener is an address at which the lab listens.
type Listener struct {
	Name     string `json:"name"`     // "main", or a peer's
	Protocol string `json:"protocol"` // "smtp", "lmtp", "http", "dns"
	Addr     string `json:"addr"`     // HOST:PORT
}

// A Form is a form of address that asks for something.
type Form struct {
	Form    string `json:"form"`
	Dash    string `json:"dash"` // the same for senders that refuse the characters of Form
	Means   string `json:"means"`
	Example string `json:"example"`
}

// A Peer is a listener that is broken, or strict, in one way.
type Peer struct {
	Name  string `json:"name"`
	Means string `json:"means"`
	Addr  string `json:"addr,omitempty"` // HOST:PORT, "" if it doesn't listen
}

// A Domain is a name that the DNS knows.
type Domain struct {
	Name    string `json:"name"`
	Means   string `json:"means"`
	Answers string `json:"answers"`
}

// A Code is how to get an enhanced status code from the lab.
type Code struct {
	Detail  string   `json:"detail"` // "X.1.1"
	Name    string   `json:"name"`   // as registered
	Stage   string   `json:"stage"`
	Natural bool     `json:"natural"`           // for a cause that real servers have
	How     string   `json:"how"`               // one sentence
	Address string   `json:"address,omitempty"` // that asks for it
	Try     []string `json:"try,omitempty"`     // commands to send
}
