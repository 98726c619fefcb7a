package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
)

// A where collects conditions. Values never come into the text of a statement.
type where struct {
	conditions []string
	args       []any
	index      string // by which the table is to be read, see indexedBy
}

// and adds a condition in which each ? stands for the next of the values.
func (w *where) and(condition string, values ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, values...)
}

// in adds that a column has one of the values; none means any value.
func in[T ~string](w *where, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = string(v)
	}
	w.and(column+" IN ("+marks(len(values))+")", args...)
}

// is adds that a column has the value; the empty one means any.
func (w *where) is(column, value string) {
	if value != "" {
		w.and(column+" = ?", value)
	}
}

// between adds that a column of times lies in [since, before).
func (w *where) between(column string, since, before time.Time) {
	if !since.IsZero() {
		w.and(column+" >= ?", since.UnixMicro())
	}
	if !before.IsZero() {
		w.and(column+" < ?", before.UnixMicro())
	}
}

// String is the conditions, all of which must hold.
func (w *where) String() string { return strings.Join(w.conditions, " AND ") }

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// numbered writes $1, $2, … for each ?. No statement has one in a literal.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for {
		before, after, more := strings.Cut(query, "?")
		b.WriteString(before)
		if !more {
			return b.String()
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// columnsOf writes the columns of a list with the name of their table.
func columnsOf(table, list string) string {
	names := strings.Split(list, ",")
	for i, n := range names {
		names[i] = table + "." + strings.TrimSpace(n)
	}
	return strings.Join(names, ", ")
}

// indexedBy names the index by which a table is to be read. SQLite takes it that a tenant
// has few rows, and would rather read all of them than sort a few; it would be told
// better by ANALYZE, but not before there are rows. PostgreSQL knows without.
func indexedBy(index string) string { return " INDEXED BY " + index }

// A listing is a list that is read page by page, sorted by a column of times and
// the ids of the same table.
type listing struct {
	list     byte
	at, id   string // columns
	cursor   string
	limit    int
	oldest   bool
	selected string // SELECT … FROM …
	rest     string // what else belongs to FROM
}

// page writes the statement for a page and one row more, by which it is known
// whether there is a next one.
func (l *listing) page(w *where) (query string, args []any, size int, err error) {
	size = l.limit
	switch {
	case size < 0:
		return "", nil, 0, fmt.Errorf("a limit of %d %w", size, delivery.ErrFilter)
	case size == 0:
		size = delivery.DefaultPage
	case size > delivery.MaxPage:
		size = delivery.MaxPage
	}
	order, than := " DESC", " < "
	if l.oldest {
		order, than = "", " > "
	}
	if l.cursor != "" {
		p, err := parseCursor(l.cursor, l.list, l.oldest)
		if err != nil {
			return "", nil, 0, err
		}
		w.and("("+l.at+", "+l.id+")"+than+"(?, ?)", p.at, p.id)
	}
	query = l.selected + w.index + l.rest + " WHERE " + w.String() + " ORDER BY " + l.at + order + ", " + l.id + order + " LIMIT ?"
	return numbered(query), append(w.args, size+1), size, nil
}

// readPage reads a page. scan reads a row; placeOf tells where it stands.
func readPage[T any](ctx context.Context, q querier, l *listing, w *where, scan func(*sql.Rows) (T, error), placeOf func(*T) place) (delivery.Page[T], error) {
	var page delivery.Page[T]
	query, args, size, err := l.page(w)
	if err != nil {
		return page, err
	}
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, item)
	}
	if len(page.Items) > size {
		page.Items = page.Items[:size]
		page.Next = placeOf(&page.Items[size-1]).cursor(l.list, l.oldest)
	}
	return page, rows.Err()
}
