package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"

	"github.com/nixiemail/nixie/internal/delivery"
)

// ErrReplayed is what the error matches if a client used the key of a request
// again for another request. Nothing was stored.
var ErrReplayed = errors.New("the key was used for another request before")

// MaxTidied is how many replays whose time is over are taken out with each new one.
const MaxTidied = 10

// replayed looks whether a request was stored before, and what was answered then.
func (t *tx) replayed(r *delivery.Replay) (answer []byte, again bool, err error) {
	var body []byte
	err = t.row("SELECT body, answer FROM replays WHERE tenant = $1 AND client = $2 AND key = $3 AND until_at > $4",
		tenant, r.Client, r.Key, t.now.UnixMicro()).Scan(&body, &answer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("looking whether request %q was sent before: %w", r.Key, err)
	case !bytes.Equal(body, r.Body[:]):
		return nil, false, fmt.Errorf("%w: %q", ErrReplayed, r.Key)
	}
	return answer, true, nil
}

// putReplay stores what is answered to a request.
func (t *tx) putReplay(r *delivery.Replay, got delivery.Receipt) error {
	answer := []byte{}
	if r.Answer != nil {
		answer = append(answer, r.Answer(got)...)
	}
	err := t.exec(`DELETE FROM replays WHERE tenant = $1 AND until_at <= $2 AND (client, key) IN
		(SELECT client, key FROM replays WHERE tenant = $1 AND until_at <= $2 ORDER BY until_at LIMIT $3)`, tenant, t.now.UnixMicro(), MaxTidied)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO replays (tenant, client, key, body, answer, until_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant, client, key) DO UPDATE SET body = excluded.body, answer = excluded.answer, until_at = excluded.until_at`,
		tenant, r.Client, r.Key, r.Body[:], answer, r.Until.UnixMicro())
}
