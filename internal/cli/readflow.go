package cli

import (
	"context"
	"fmt"
	"hash/maphash"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/internal/mailbox"
	"github.com/nixiemail/nixie/verdict"
)

// Limits of what is in memory at once, whatever the mailbox's size.
const (
	maxBatchMessages = 64        // messages that go through the workers together
	maxBatchBytes    = 256 << 10 // and their bytes, where there is more than one
	maxFlightBytes   = 24 << 20  // bytes of messages read and not yet written out; one alone may have more
	batchesPerWorker = 4         // batches in flight, for each worker
)

// A mailReader is one run of nixie read. A goroutine walks the mailboxes, as many
// as there are cores read and judge, and the one that called run writes, in order.
type mailReader struct {
	s       Streams
	mode    readMode
	filter  readFilter
	bounces *bounce.Reader
	options explain.Options
	bar     *progress
	page    *page
	tally   *tally
	table   table
	seed    maphash.Seed

	wanted  chan *mailBatch // to the workers
	ordered chan *mailBatch // to the writer, in order
	flight  flight
	filling *mailBatch // by the walk
}

// A mailBatch is some messages in a row, or a failure between them.
type mailBatch struct {
	messages []mailbox.Message
	bytes    int
	path     string // of the failure
	err      error

	done  chan struct{} // closed when what follows is there
	out   []byte        // JSON or CSV
	items []item
}

// An item is a message that was read, as far as the filters let it through.
type item struct {
	path       string
	number     int
	res        bounce.Result
	recipients []judged
	sender     string // of a message that is no report
	subject    string
}

// A judged recipient is one with its verdict.
type judged struct {
	rec        *bounce.Recipient
	hasVerdict bool // only reports on deliveries have one
	verdict    verdict.Verdict
	effective  explain.Effective
	address    uint64 // hash of the address's normal form
	delivery   uint64 // hash of Message-ID and address; 0 where there is no Message-ID
}

// run reads all and writes all. It returns errQuiet when a path failed.
func (r *mailReader) run(ctx context.Context, paths []string) error {
	workers := runtime.GOMAXPROCS(0)
	r.wanted = make(chan *mailBatch, workers*batchesPerWorker)
	r.ordered = make(chan *mailBatch, workers*batchesPerWorker)
	r.flight.cond.L = &r.flight.mu
	walker := &mailbox.Walker{Stdin: r.s.In}
	if r.s.In != nil && !isFile(r.s.In) {
		walker.Stdin = waitingInput{ctx, r.s.In, r.send}
	}
	var all sync.WaitGroup
	all.Go(func() { r.walk(ctx, walker, paths) })
	for range workers {
		all.Go(r.work)
	}
	r.bar.start(ctx, walker, paths)
	err := r.write(ctx)
	r.bar.stop()
	if err != nil { // nobody reads any more: let the walk run out unwritten
		go drain(r)
		return err
	}
	all.Wait()
	return r.end(ctx)
}

// drain lets the walk and the workers end after writing has failed.
func drain(r *mailReader) {
	for b := range r.ordered {
		<-b.done
		r.flight.leave(b.bytes)
	}
}

// walk makes batches of what the walker yields.
func (r *mailReader) walk(ctx context.Context, w *mailbox.Walker, paths []string) {
	r.filling = &mailBatch{}
	for m, err := range w.Messages(ctx, paths) {
		b := r.filling
		if err != nil {
			r.send()
			r.filling.path, r.filling.err = m.Path, err
			r.send()
			continue
		}
		if len(b.messages) > 0 && b.bytes+len(m.Raw) > maxBatchBytes {
			r.send()
			b = r.filling
		}
		b.messages = append(b.messages, m)
		b.bytes += len(m.Raw)
		if len(b.messages) == maxBatchMessages {
			r.send()
		}
	}
	r.send()
	close(r.wanted)
	close(r.ordered)
}

// send hands the batch that is being filled to the workers, if there is anything
// in it, and waits until there is room for its bytes.
func (r *mailReader) send() {
	b := r.filling
	if len(b.messages) == 0 && b.err == nil {
		return
	}
	r.filling = &mailBatch{}
	b.done = make(chan struct{})
	r.flight.enter(b.bytes)
	r.ordered <- b
	r.wanted <- b
}

// A flight counts the bytes of messages that are in memory.
type flight struct {
	mu    sync.Mutex
	cond  sync.Cond
	bytes int
}

func (f *flight) enter(n int) {
	f.mu.Lock()
	for f.bytes > 0 && f.bytes+n > maxFlightBytes {
		f.cond.Wait()
	}
	f.bytes += n
	f.mu.Unlock()
}

func (f *flight) leave(n int) {
	f.mu.Lock()
	f.bytes -= n
	f.mu.Unlock()
	f.cond.Broadcast()
}

// work reads and judges batches until there are no more.
func (r *mailReader) work() {
	for b := range r.wanted {
		b.items = make([]item, 0, len(b.messages))
		for i := range b.messages {
			if it, ok := r.read(&b.messages[i]); ok {
				b.items = append(b.items, it)
			}
		}
		switch r.mode {
		case readJSON:
			for i := range b.items {
				b.out = appendMessageJSON(b.out, &b.items[i])
			}
		case readCSV:
			for i := range b.items {
				b.out = appendMessageCSV(b.out, &b.items[i])
			}
		}
		close(b.done)
	}
}

// read reads one message. ok is false when the filters don't let it through.
func (r *mailReader) read(m *mailbox.Message) (it item, ok bool) {
	it = item{path: m.Path, number: m.Number, res: r.bounces.Parse(m.Raw)}
	if !r.filter.message(&it.res) {
		return it, false
	}
	if m.Truncated {
		it.res.Problems = append(it.res.Problems, bounce.Problem{Kind: "truncated", Text: fmt.Sprintf("only the first %d bytes were read", len(m.Raw))})
	}
	var date time.Time
	if !r.filter.since.IsZero() {
		date = dateOf(m.Raw)
	}
	id := it.res.Original.MessageID()
	list := it.res.Recipients
	it.recipients = make([]judged, 0, len(list))
	for i := range list {
		j := r.judge(&it.res, &list[i], id)
		if r.filter.recipient(&j, date) {
			it.recipients = append(it.recipients, j)
		}
	}
	if len(it.recipients) == 0 {
		if r.filter.choosesRecipients() || len(list) > 0 {
			return it, false
		}
		if !r.filter.since.IsZero() && date.Before(r.filter.since) {
			return it, false
		}
	}
	if r.mode == readTable && it.res.Kind != bounce.DeliveryReport {
		it.sender, it.subject = headOf(m.Raw)
	}
	return it, true
}

// judge makes a verdict of what a report tells of a recipient.
func (r *mailReader) judge(res *bounce.Result, rec *bounce.Recipient, messageID string) judged {
	j := judged{rec: rec}
	j.address = r.hashOf("", rec.Address)
	if messageID != "" {
		j.delivery = r.hashOf(messageID, rec.Address)
	}
	if res.Kind == bounce.DeliveryReport {
		j.hasVerdict = true
		j.verdict, j.effective = explain.Judge(rec, r.options)
	}
	return j
}

// hashOf is never 0. The address's domain counts without its case, the local part
// with it: RFC 5321, 2.4. The seed is another one in each run, so that nobody can
// make addresses that fall together.
func (r *mailReader) hashOf(messageID, address string) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	h.WriteString(messageID)
	h.WriteByte(0)
	at := strings.LastIndexByte(address, '@')
	h.WriteString(address[:at+1])
	h.WriteString(strings.ToLower(address[at+1:]))
	return h.Sum64() | 1
}

// write writes each batch in its turn.
func (r *mailReader) write(ctx context.Context) error {
	r.begin()
	for b := range r.ordered {
		<-b.done
		if b.err != nil {
			r.tally.failed++
			if err := r.page.flush(); err != nil {
				return err
			}
			r.readFailure(b.path, b.err)
		}
		r.tally.read += len(b.messages)
		r.bar.count(len(b.messages))
		if len(b.out) > 0 {
			r.page.w.Write(b.out)
		}
		for i := range b.items {
			r.item(&b.items[i])
		}
		r.flight.leave(b.bytes)
		b.messages, b.items, b.out = nil, nil, nil
		if len(r.ordered) == 0 {
			if err := r.page.flush(); err != nil {
				return err
			}
		} else if _, err := r.page.w.Write(nil); err != nil {
			return err
		}
	}
	return r.page.flush()
}

// begin writes what stands before everything else.
func (r *mailReader) begin() {
	if r.mode == readCSV {
		r.page.w.WriteString(csvHeader)
	}
}

// item writes one message, where the workers have not made its output already,
// and counts it.
func (r *mailReader) item(it *item) {
	switch r.mode {
	case readTable:
		r.table.message(r.page, it)
	case readAddresses:
		r.addressesOf(it)
	}
	r.tally.message(it)
}

// addressesOf writes the addresses of a message that were not written before.
// Feedback that is no complaint gives none, whatever is asked for.
func (r *mailReader) addressesOf(it *item) {
	if it.res.Kind == bounce.Feedback && !complaint(&it.res) {
		return
	}
	for i := range it.recipients {
		j := &it.recipients[i]
		if j.rec.Address != "" && r.tally.listed.add(j.address) {
			r.page.line(visible(strings.ReplaceAll(j.rec.Address, "\n", " ")))
		}
	}
}

// end writes what stands after everything else, and says how it went.
func (r *mailReader) end(ctx context.Context) error {
	interrupted := ctx.Err() != nil
	switch r.mode {
	case readTable:
		r.table.end(r.page)
		r.tally.page(r.page)
	case readSummary:
		r.tally.page(r.page)
	case readSummaryJSON:
		r.page.w.Write(r.tally.appendJSON(nil, interrupted))
	}
	if err := r.page.flush(); err != nil {
		return err
	}
	if r.mode == readAddresses && r.tally.listed.full() {
		note(r.s.Err, "nixie read", "there are more than %d addresses: some are given twice", maxRemembered)
	}
	switch {
	case interrupted:
		note(r.s.Err, "nixie read", "interrupted after %s", counted(r.tally.read, "message"))
		return errInterrupted
	case r.tally.failed > 0:
		return errQuiet
	case r.tally.read == 0:
		return fmt.Errorf("no messages found")
	}
	return nil
}
