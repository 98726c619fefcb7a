package store

import (
	"context"
	"database/sql"
	"log/slog"
)

// CheckpointNews is after how many pieces of news the log is brought into the
// database's file, beside the writer.
const CheckpointNews = 12_000

// A checkpointer is one goroutine that brings the log into the file while the writer
// goes on. What is written meanwhile stays in the log, so that under steady load it
// grows until the writer itself brings in the rest, see walPages: only the writer
// can begin the log anew. A nil checkpointer does nothing.
type checkpointer struct {
	db    *sql.DB
	query string
	log   *slog.Logger
	asked chan struct{}
	ended chan struct{}
	news  int // since it was asked last; for the writer's goroutine only
}

func startCheckpointer(db *sql.DB, query string, log *slog.Logger) *checkpointer {
	c := &checkpointer{db: db, query: query, log: log, asked: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(c.ended)
		for range c.asked {
			c.run()
		}
	}()
	return c
}

// wrote notes that so many pieces of news were stored.
func (c *checkpointer) wrote(news int) {
	if c == nil {
		return
	}
	if c.news += news; c.news < CheckpointNews {
		return
	}
	c.news = 0
	select {
	case c.asked <- struct{}{}:
	default: // it is asked already
	}
}

// run does as much as it can without waiting for anybody. If it fails nothing is
// lost: everything is in the log.
func (c *checkpointer) run() {
	if _, err := c.db.ExecContext(context.Background(), c.query); err != nil {
		c.log.Warn("bringing the database's log into its file", "error", err.Error())
	}
}

// close does what was asked, then ends. Nobody may use the checkpointer any more.
func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	close(c.asked)
	<-c.ended
	return c.db.Close()
}
