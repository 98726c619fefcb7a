package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/nixiemail/nixie/internal/id"
)

// A session is a connection with the statements that were prepared on it. Their
// number is that of the statements in this package.
type session struct {
	conn       *sql.Conn
	dialect    *dialect
	statements map[string]*statement
}

// close ends the connection for good: the pool must not give it to anybody.
func (s *session) close() error {
	for _, st := range s.statements {
		st.Close() // the connection goes with it
	}
	s.conn.Raw(func(any) error { return driver.ErrBadConn })
	if err := s.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}

func (s *session) prepare(query string) (*statement, error) {
	if st, ok := s.statements[query]; ok {
		return st, nil
	}
	st := &statement{}
	text := query
	if s.dialect.unnumbered {
		text, st.order = unnumbered(query)
	}
	var err error
	if st.Stmt, err = s.conn.PrepareContext(context.Background(), text); err != nil {
		return nil, err
	}
	s.statements[query] = st
	return st, nil
}

// A tx is a transaction of the writer's. It belongs to the writer's goroutine.
// Statements don't take the caller's context: once begun, work is finished.
type tx struct {
	*Store
	session *session
	now     time.Time
	wrote   bool // by the job that is being done
	work         // what was read and is to be written
}

func (s *session) begin(store *Store) (*tx, error) {
	t := &tx{Store: store, session: s, now: store.clock().UTC().Truncate(time.Microsecond)}
	t.forget()
	return t, t.exec(store.dialect.begin)
}

// A lostError says that the whole transaction is lost.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// together runs f without a savepoint. If it fails after it has written something,
// the whole transaction is lost and must be done again, see [errAgain].
func (t *tx) together(f func(*tx) error) error {
	t.wrote = false
	err := f(t)
	if err == nil {
		err = t.flush()
	}
	switch {
	case err == nil:
		return nil
	case t.dialect.broken(err):
		return &lostError{err}
	case t.wrote:
		return &lostError{errAgain}
	}
	t.forget()
	return err
}

// alone runs f under a savepoint. If it fails what it did is undone, and the
// transaction goes on; a [lostError] is one after which it can't.
func (t *tx) alone(f func(*tx) error) error {
	if err := t.exec("SAVEPOINT batch"); err != nil {
		return &lostError{err}
	}
	err := f(t)
	if err == nil {
		err = t.flush()
	}
	if err != nil && t.dialect.broken(err) {
		return &lostError{err}
	}
	if err != nil {
		t.forget()
		if undo := t.exec("ROLLBACK TO SAVEPOINT batch"); undo != nil {
			return &lostError{errors.Join(err, undo)}
		}
	}
	if release := t.exec("RELEASE SAVEPOINT batch"); release != nil {
		return &lostError{errors.Join(err, release)}
	}
	return err
}

func (t *tx) commit() error {
	if err := t.exec("COMMIT"); err != nil {
		t.rollback()
		return err
	}
	return nil
}

// rollback undoes the transaction. Some failures have done so already, and after
// those that have not the connection is given up.
func (t *tx) rollback() { _ = t.exec("ROLLBACK") }

// exec runs a statement of which only the success matters.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.ExecContext(context.Background(), query, args...)
	return err
}

// row asks for one row.
func (t *tx) row(query string, args ...any) *sql.Row {
	return t.QueryRowContext(context.Background(), query, args...)
}

// query asks for rows, which must be closed before the next statement.
func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	return t.QueryContext(context.Background(), query, args...)
}

// idsOf asks for rows of one id each.
func (t *tx) idsOf(query string, args ...any) ([]id.ID, error) {
	rows, err := t.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []id.ID
	for rows.Next() {
		var x id.ID
		if err := rows.Scan(&x); err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

// newID makes an id.
func (t *tx) newID() id.ID { return t.ids.New(t.now) }

// ExecContext runs a statement that was prepared at its first use. The context is
// not heeded.
func (t *tx) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	t.wrote = true
	st, err := t.session.prepare(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(context.Background(), st.arrange(args)...)
}

// QueryContext is like ExecContext. The rows must be closed before the next
// statement.
func (t *tx) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := t.session.prepare(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.Background(), st.arrange(args)...)
}

// QueryRowContext is like ExecContext.
func (t *tx) QueryRowContext(_ context.Context, query string, args ...any) *sql.Row {
	st, err := t.session.prepare(query)
	if err != nil {
		return t.session.conn.QueryRowContext(context.Background(), query, args...) // which fails again, and says so
	}
	return st.QueryRowContext(context.Background(), st.arrange(args)...)
}
