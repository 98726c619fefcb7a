package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/lab/script"
)

// scriptName is what errors call a script that came by HTTP.
const scriptName = "script"

// tag is the ETag of a script: RFC 9110, 8.8.3.
func tag(s *script.Script) string {
	sum := sha256.Sum256([]byte(s.Text()))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

func (h *handler) script(w http.ResponseWriter, r *http.Request) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	s := h.Lab.Script()
	w.Header().Set("Content-Type", "application/toml; charset=utf-8")
	w.Header().Set("ETag", tag(s))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(s.Text()))
	return nil
}

// putScript replaces the script. One that is wrong changes nothing.
func (h *handler) putScript(w http.ResponseWriter, r *http.Request) error {
	s, err := readScript(r)
	if err != nil {
		return err
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	if !matches(r.Header.Values("If-Match"), tag(h.Lab.Script())) {
		return newProblem(http.StatusPreconditionFailed, "the script was changed since; read it again")
	}
	h.Lab.SetScript(s)
	w.Header().Set("ETag", tag(s))
	return writeRules(w, h.Lab.Rules())
}

// checkScript tells what PUT would tell, and changes nothing.
func (h *handler) checkScript(w http.ResponseWriter, r *http.Request) error {
	s, err := readScript(r)
	if err != nil {
		return err
	}
	return writeRules(w, s.Rules(script.NewState(1)))
}

func (h *handler) rules(w http.ResponseWriter, r *http.Request) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	return writeRules(w, h.Lab.Rules())
}

func writeRules(w http.ResponseWriter, rules []script.RuleInfo) error {
	if rules == nil {
		rules = []script.RuleInfo{}
	}
	return writeJSON(w, page[script.RuleInfo]{Items: rules})
}

// readScript reads the script that a request brings.
func readScript(r *http.Request) (*script.Script, error) {
	if err := newQuery(r).err(); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if !errors.As(err, &tooLarge) {
			return nil, newProblem(http.StatusBadRequest, "the body could not be read")
		}
		return nil, fmt.Errorf("read the script: %w", err)
	}
	s, err := script.Parse(scriptName, text)
	if err != nil {
		return nil, wrongScript(err)
	}
	return s, nil
}

// matches reports whether If-Match, which may be absent, allows a change of what has
// this tag. RFC 9110, 13.1.1.
func matches(ifMatch []string, tag string) bool {
	if len(ifMatch) == 0 {
		return true
	}
	wanted := strings.Split(strings.Join(ifMatch, ","), ",")
	return slices.ContainsFunc(wanted, func(w string) bool {
		w = strings.TrimSpace(w)
		return w == tag || w == "*"
	})
}
