package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/nixiemail/nixie/internal/delivery"
)

// Position returns how far a source has been read, nil if nothing is known of it.
func (s *Store) Position(ctx context.Context, source string) ([]byte, error) {
	var data []byte
	err := s.read.QueryRowContext(ctx, "SELECT data FROM positions WHERE tenant = $1 AND source = $2", tenant, source).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking how far %q has been read: %w", source, err)
	}
	return data, nil
}

func (t *tx) setPosition(p *delivery.Position) error {
	data := p.Data
	if data == nil {
		data = []byte{}
	}
	return t.exec(`INSERT INTO positions (tenant, source, data, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, source) DO UPDATE SET data = excluded.data, at = excluded.at`,
		tenant, p.Source, data, t.now.UnixMicro())
}
