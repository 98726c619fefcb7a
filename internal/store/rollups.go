package store

import (
	"fmt"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
)

// A cell is where a delivery is counted. The zero cell is nowhere.
type cell struct {
	hour                                            int64 // in which the outcome came about, counted from 1970
	receiver, reason, senderDomain, stream, outcome string
}

func (d *recipient) cell() cell {
	s := &d.standing
	return cell{hourOf(s.Since.UnixMicro()), s.Receiver, string(s.Reason), d.senderDomain, d.stream, string(s.Outcome)}
}

// recount counts a delivery where it belongs now, and no longer where it was.
func (t *tx) recount(d *recipient) {
	t.turn(d)
	c := d.cell()
	if c == d.counted {
		return
	}
	t.uncount(d)
	t.cells[c]++
	d.counted = c
}

// turn notes whether a delivery is a success, or the time of it, that it was not
// before.
func (t *tx) turn(d *recipient) {
	success := t.successOf(&d.state, d.standing)
	if !success.Equal(d.success) {
		t.turned, d.success = append(t.turned, d), success
	}
}

// successOf is when a delivery became a success that lifts what is held against its
// recipient, zero if it is none. News that may be forged neither makes one nor takes
// one back.
func (t *tx) successOf(s *delivery.State, st delivery.Standing) time.Time {
	if st.Proof != "" && !t.rules.Believes(st.Proof) {
		st = s.Without(t.rules.Believes).Standing()
	}
	if st.Outcome != delivery.Delivered {
		return time.Time{}
	}
	return st.Since
}

func (t *tx) uncount(d *recipient) {
	if d.counted != (cell{}) {
		t.cells[d.counted]--
	}
	d.counted = cell{}
}

func (t *tx) putCells() error {
	for c, n := range t.cells {
		if n == 0 {
			continue
		}
		if err := t.putCell(c, n); err != nil {
			return fmt.Errorf("writing how many deliveries stand where: %w", err)
		}
	}
	clear(t.cells)
	return nil
}

func (t *tx) putCell(c cell, n int64) error {
	err := t.exec(`INSERT INTO rollups (tenant, hour, receiver, reason, sender_domain, stream, outcome, n)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant, hour, receiver, reason, sender_domain, stream, outcome) DO UPDATE SET n = rollups.n + excluded.n`,
		tenant, c.hour, c.receiver, c.reason, c.senderDomain, c.stream, c.outcome, n)
	if err != nil || n > 0 {
		return err
	}
	return t.exec(`DELETE FROM rollups WHERE tenant = $1 AND hour = $2 AND receiver = $3 AND reason = $4 AND sender_domain = $5
		AND stream = $6 AND outcome = $7 AND n = 0`,
		tenant, c.hour, c.receiver, c.reason, c.senderDomain, c.stream, c.outcome)
}
