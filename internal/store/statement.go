package store

import (
	"database/sql"
	"strconv"
	"strings"
)

// A statement is one that was prepared. Its arguments are given in the order of
// their numbers, which the database may want in another one.
type statement struct {
	*sql.Stmt
	order []int // which argument is wanted, from 0; nil for all as they are
}

// arrange puts arguments in the order in which they are wanted.
func (s *statement) arrange(args []any) []any {
	if s.order == nil {
		return args
	}
	wanted := make([]any, len(s.order))
	for i, n := range s.order {
		wanted[i] = args[n]
	}
	return wanted
}

// unnumbered writes ? for $1, $2 and so on, and tells which argument is wanted
// where. SQLite's driver asks for the name of each parameter, which a $1 has: SQLite
// goes through all names for it. A ? has none. The statement must have no $ in it
// but for parameters.
func unnumbered(query string) (text string, order []int) {
	var b strings.Builder
	inOrder, rest := true, query
	for {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			break
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		n, err := strconv.Atoi(after[:digits])
		if err != nil || n < 1 {
			return query, nil // it is no parameter: the database will tell what is wrong
		}
		b.WriteByte('?')
		order = append(order, n-1)
		inOrder = inOrder && n == len(order)
		rest = after[digits:]
	}
	if inOrder {
		order = nil
	}
	return b.String(), order
}
