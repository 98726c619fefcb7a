package store

import (
	"slices"
	"testing"
)

func TestUnnumbered(t *testing.T) {
	for _, tt := range []struct {
		query, want string
		args, given []any // as they are wanted, by what is given
	}{
		{"COMMIT", "COMMIT", nil, nil},
		{"SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)", "SELECT a FROM t WHERE b = ? AND c IN (?, ?)", []any{1, 2, 3}, []any{1, 2, 3}},
		{"UPDATE t SET a = $2 WHERE b = $1", "UPDATE t SET a = ? WHERE b = ?", []any{2, 1}, []any{1, 2}},
		{"SELECT $1 UNION SELECT $1", "SELECT ? UNION SELECT ?", []any{1, 1}, []any{1}},
		{"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $11, $10)", "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			[]any{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10}, []any{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{"SELECT $name", "SELECT $name", []any{1}, []any{1}},
		{"SELECT $1, $0", "SELECT $1, $0", []any{1}, []any{1}},
	} {
		text, order := unnumbered(tt.query)
		if text != tt.want {
			t.Errorf("%q is %q, not %q", tt.query, text, tt.want)
		}
		st := statement{order: order}
		if got := st.arrange(tt.given); !slices.Equal(got, tt.args) {
			t.Errorf("%q gets %v, not %v", tt.query, got, tt.args)
		}
	}
}
