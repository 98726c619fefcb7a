package store

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// plan asks how a statement is done, a line a step.
func (w *world) plan(query string, args ...any) string {
	w.Helper()
	rows, err := w.read.QueryContext(w.ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var step string
		var ignored int
		if err := rows.Scan(&ignored, &ignored, &ignored, &step); err != nil {
			w.Fatal(err)
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 || rows.Err() != nil {
		w.Fatalf("no plan for %s: %v", query, rows.Err())
	}
	return strings.Join(steps, "\n")
}

// statement writes the statement for a page.
func (w *world) statement(l *listing, conditions *where, err error) (string, []any) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	query, args, _, err := l.page(conditions)
	if err != nil {
		w.Fatal(err)
	}
	return query, args
}

func (w *world) deliveriesStatement(f delivery.Filter) (string, []any) {
	c, err := w.deliveriesWhere(w.ctx, &f)
	return w.statement(listOfDeliveries(&f), c, err)
}

func (w *world) eventsStatement(f delivery.Filter) (string, []any) {
	c, err := w.eventsWhere(w.ctx, &f)
	return w.statement(listOfEvents(&f), c, err)
}

func (w *world) messagesStatement(f delivery.Filter) (string, []any) {
	c, err := w.messagesWhere(w.ctx, &f)
	return w.statement(listOfMessages(&f), c, err)
}

func (w *world) suppressionsStatement(f suppression.Filter) (string, []any) {
	c, err := w.suppressionsWhere(&f, w.now)
	return w.statement(listOfSuppressions(&f), c, err)
}

// TestSearchesUseAnIndex holds SQLite to reading few rows for what people search by:
// whatever is read first is found by an index, and by more of it than the tenant.
func TestSearchesUseAnIndex(t *testing.T) {
	w := newWorld(t, open)
	tests := []struct {
		name                        string
		f                           delivery.Filter
		deliveries, events, message string // steps that must be in the plan
	}{
		{
			"an address", delivery.Filter{Recipient: "bob@example.net"},
			"SEARCH d USING INDEX deliveries_normal (tenant=? AND normal=?)",
			"SEARCH e USING INDEX events_delivery (tenant=? AND delivery=?)",
			"SEARCH deliveries USING INDEX deliveries_normal (tenant=? AND normal=?)",
		},
		{
			"a Message-ID", delivery.Filter{MessageID: "<1@example.org>"},
			"SEARCH messages USING COVERING INDEX messages_message_id (tenant=? AND message_id=?)",
			"SEARCH messages USING COVERING INDEX messages_message_id (tenant=? AND message_id=?)",
			"SEARCH m USING INDEX messages_message_id (tenant=? AND message_id=?)",
		},
		{
			"a queue id", delivery.Filter{QueueID: "A1"},
			"SEARCH queues USING PRIMARY KEY (tenant=? AND queue_id=?)",
			"SEARCH queues USING PRIMARY KEY (tenant=? AND queue_id=?)",
			"SEARCH queues USING PRIMARY KEY (tenant=? AND queue_id=?)",
		},
		{
			"a message", delivery.Filter{Message: w.id().String()},
			"SEARCH d USING INDEX deliveries_message (tenant=? AND message=?)",
			"SEARCH d USING INDEX deliveries_message (tenant=? AND message=?)",
			"SEARCH m USING PRIMARY KEY (tenant=? AND id=?)",
		},
		{
			"a delivery", delivery.Filter{Delivery: w.id().String()},
			"SEARCH d USING INDEX sqlite_autoindex_deliveries_1 (tenant=? AND id=?)",
			"SEARCH e USING INDEX events_delivery (tenant=? AND delivery=?)",
			"SEARCH deliveries USING INDEX sqlite_autoindex_deliveries_1 (tenant=? AND id=?)",
		},
		{
			"an address in a queue id's message, of some time", delivery.Filter{Recipient: "bob@example.net", QueueID: "A1", Since: minute(0), Before: minute(9)},
			"SEARCH d USING INDEX deliveries_message (tenant=? AND message=? AND normal=?)",
			"SEARCH d USING INDEX deliveries_message (tenant=? AND message=? AND normal=?)",
			"SEARCH queues USING PRIMARY KEY (tenant=? AND queue_id=?)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, list := range []struct {
				name, want string
				statement  func(delivery.Filter) (string, []any)
			}{
				{"deliveries", tt.deliveries, w.deliveriesStatement}, {"events", tt.events, w.eventsStatement}, {"messages", tt.message, w.messagesStatement},
			} {
				query, args := list.statement(tt.f)
				plan := w.plan(query, args...)
				if !strings.Contains(plan, list.want) {
					t.Errorf("%s: no step %q in\n%s", list.name, list.want, plan)
				}
				for _, step := range strings.Split(plan, "\n") {
					if strings.HasPrefix(step, "SCAN ") && step != "SCAN q" || strings.HasSuffix(step, "(tenant=?)") {
						t.Errorf("%s: a step goes through all rows: %q in\n%s", list.name, step, plan)
					}
				}
			}
		})
	}
}

// TestListsAreReadInOrder: what chooses many rows is read in the order of an index,
// so that a page ends as soon as it is full.
func TestListsAreReadInOrder(t *testing.T) {
	w := newWorld(t, open)
	plans := map[string]string{}
	for name, f := range map[string]delivery.Filter{
		"all": {}, "a reason": {Reasons: []verdict.Reason{verdict.BadMailbox}, Outcomes: []delivery.Outcome{delivery.Failed}}, "a code": {Code: nixie.MustCode("5.1.1")},
		"a domain": {Domain: "example.net"}, "a sender": {Sender: "a@example.org"}, "complaints": {Kinds: []delivery.Kind{delivery.Complaint}},
		"a stream in some time": {Stream: "news", Since: minute(0), Before: minute(9)},
	} {
		query, args := w.deliveriesStatement(f)
		plans["deliveries: "+name] = w.plan(query, args...)
		query, args = w.eventsStatement(f)
		plans["events: "+name] = w.plan(query, args...)
		query, args = w.messagesStatement(f)
		plans["messages: "+name] = w.plan(query, args...)
	}
	query, args := w.suppressionsStatement(suppression.Filter{States: suppression.States()})
	plans["suppressions"] = w.plan(query, args...)
	for name, plan := range plans {
		if strings.Contains(plan, "FOR ORDER BY") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s are sorted after they are read, or searched without an index:\n%s", name, plan)
		}
	}
}

// TestOthersUseAnIndex is about what is asked for beside lists.
func TestOthersUseAnIndex(t *testing.T) {
	w := newWorld(t, open)
	hashes := w.hashesOf("bob@example.net")
	plan := w.plan("SELECT id FROM suppressions "+holdingNow(len(hashes)), w.holdingArgs("default", w.now, hashes)...)
	if want := "SEARCH suppressions USING INDEX suppressions_one (tenant=? AND hash=? AND stream=?)"; plan != want {
		t.Errorf("Check does %q, not %q", plan, want)
	}
	query, args := w.suppressionsStatement(suppression.Filter{Name: "bob@example.net"})
	if plan, want := w.plan(query, args...), "SEARCH s USING INDEX suppressions_hash (tenant=? AND hash=?)"; !strings.Contains(plan, want) {
		t.Errorf("suppressions of a name: %s", plan)
	}
}

// TestNoTextComesIntoAStatement: two filters that differ in their texts only make the
// same statement.
func TestNoTextComesIntoAStatement(t *testing.T) {
	w := newWorld(t, open)
	const evil = "x' OR '1'='1'; DROP TABLE events; --"
	filter := func(text string) delivery.Filter {
		return delivery.Filter{
			Outcomes: []delivery.Outcome{delivery.Outcome(text)}, Reasons: []verdict.Reason{verdict.Reason(text)}, Receivers: []string{text},
			Domain: text, SenderDomain: text, Stream: text, Recipient: text, Sender: text, MessageID: text, QueueID: text, Kinds: []delivery.Kind{delivery.Kind(text)},
		}
	}
	for name, statement := range map[string]func(delivery.Filter) (string, []any){
		"deliveries": w.deliveriesStatement, "events": w.eventsStatement, "messages": w.messagesStatement,
	} {
		plain, _ := statement(filter("text"))
		got, args := statement(filter(evil))
		if got != plain {
			t.Errorf("%s: the statement is %s, not %s", name, got, plain)
		}
		w.plan(got, args...) // and it can be run
	}
	plain, _ := w.suppressionsStatement(suppression.Filter{Name: "text", Stream: "text", Rules: []string{"text"}, Target: "text"})
	if got, _ := w.suppressionsStatement(suppression.Filter{Name: evil, Stream: evil, Rules: []string{evil}, Target: evil}); got != plain {
		t.Errorf("suppressions: the statement is %s, not %s", got, plain)
	}
}
