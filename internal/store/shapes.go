package store

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// A shapeHash tells shapes of replies apart.
type shapeHash [16]byte

// A shape counts events that say the same, names and numbers aside.
type shape struct {
	words       string
	n           int64
	first, last time.Time
	example     id.ID // the event that said it first
}

// countShape counts what an event says.
func (t *tx) countShape(e *delivery.Event) {
	words := clean(delivery.Shape(e.Reply))
	if words == "" {
		return
	}
	sum := sha256.Sum256([]byte(words))
	h := shapeHash(sum[:])
	s := t.shapes[h]
	if s == nil {
		s = &shape{words: words, first: e.At, last: e.At, example: e.ID}
		t.shapes[h] = s
	}
	s.n++
	if e.At.Before(s.first) {
		s.first, s.example = e.At, e.ID
	}
	if e.At.After(s.last) {
		s.last = e.At
	}
}

func (t *tx) putShapes() error {
	for h, s := range t.shapes {
		err := t.exec(`INSERT INTO reply_shapes (tenant, hash, words, n, first_at, last_at, example) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (tenant, hash) DO UPDATE SET n = reply_shapes.n + excluded.n,
			example = CASE WHEN excluded.first_at < reply_shapes.first_at THEN excluded.example ELSE reply_shapes.example END,
			first_at = CASE WHEN excluded.first_at < reply_shapes.first_at THEN excluded.first_at ELSE reply_shapes.first_at END,
			last_at = CASE WHEN excluded.last_at > reply_shapes.last_at THEN excluded.last_at ELSE reply_shapes.last_at END`,
			tenant, h[:], s.words, s.n, s.first.UnixMicro(), s.last.UnixMicro(), s.example)
		if err != nil {
			return fmt.Errorf("counting a reply: %w", err)
		}
	}
	clear(t.shapes)
	return nil
}
