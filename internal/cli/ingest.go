package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/mailbox"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// ingestFlags are the flags of nixie ingest.
type ingestFlags struct {
	serviceFlags
	as, name, host, zone string
	json                 bool
}

func newIngest(s Streams) *cobra.Command {
	var f ingestFlags
	cmd := &cobra.Command{
		Use:   "ingest [flags] FILE...",
		Short: "Take in old logs, and bounces out of mailboxes",
		Long: `ingest takes in what files tell of deliveries: Postfix's logs, compressed (gzip,
bzip2, xz, zstd) or not, and bounces in an mbox, a Maildir or single messages.
What FILE is, is seen in it. It speaks to the running service; where none runs
it opens the data itself.

The same news counts once, whether it was read live before or comes twice. Logs
are read first, in the order of their time, whatever the order of their names: a
bounce is about a delivery that is known. A time stamp without a year is the
latest such time before the file was last written to.

Nothing is moved or changed. Mail that tells of no delivery is passed over. The
exit code is 1 if a file could not be read, or is neither a log nor mail.`,
		Example: `  nixie ingest /var/log/mail.log*
  nixie ingest --data /var/lib/nixie bounces.mbox`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse("name at least one FILE")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return runIngest(s, &f, args)
		},
	}
	f.serviceFlags.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.as, "as", "", "take each FILE for a `KIND`: log or mail")
	fl.StringVar(&f.name, "name", config.FormatPostfix, "the log's `NAME`, as the service has it configured")
	fl.StringVar(&f.host, "host", "", "`HOST` wrote the lines that name none")
	fl.StringVar(&f.zone, "zone", config.ZoneLocal, "time stamps without a zone are in `ZONE`, such as Europe/Berlin")
	fl.BoolVar(&f.json, "json", false, "write one JSON object a line for each FILE")
	complete(cmd, "as", "log", "mail")
	return cmd
}

// ingested says what was found in a file.
type ingested struct {
	File    string `json:"file"`
	Kind    string `json:"kind"` // "log" or "mail"
	Lines   int    `json:"lines,omitempty"`
	Mails   int    `json:"mails,omitempty"`
	News    int    `json:"news"` // lines or messages that told something
	New     int    `json:"new"`  // events that were not known
	Skipped int    `json:"skipped,omitempty"`
}

// An input is a file to be taken in.
type input struct {
	path  string
	log   bool
	odd   bool      // it begins neither as a log nor as mail does
	first time.Time // of a log's lines
}

// compareInputs puts logs first, the older before the newer.
func compareInputs(a, b input) int {
	switch {
	case a.log == b.log:
		return a.first.Compare(b.first)
	case a.log:
		return -1
	}
	return 1
}

func runIngest(s Streams, f *ingestFlags, paths []string) error {
	zone, err := time.LoadLocation(f.zone)
	if err != nil {
		return misuse("--zone: %s", err)
	}
	if f.as != "" && f.as != "log" && f.as != "mail" {
		return misuse("--as is log or mail, not %q", f.as)
	}
	inputs := make([]input, 0, len(paths))
	failed := false
	for _, path := range paths {
		in, err := f.look(path, zone)
		if err != nil {
			note(s.Err, "nixie ingest", "%s", err)
			failed = true
			continue
		}
		inputs = append(inputs, in)
	}
	slices.SortStableFunc(inputs, compareInputs)
	if len(inputs) > 0 {
		err = f.with(s, true, func(ctx context.Context, v *service) error {
			for _, in := range inputs {
				whole, err := f.takeIn(ctx, v, s, in)
				if err != nil {
					return err
				}
				failed = failed || !whole
			}
			return nil
		})
	}
	if err == nil && failed {
		err = errQuiet
	}
	return err
}

// maxLook is how many batches of lines are looked at for a log's first line.
const maxLook = 20

// look sees what a file is, and of when a log's first line is.
func (f *ingestFlags) look(path string, zone *time.Location) (input, error) {
	in := input{path: path}
	info, err := os.Stat(path)
	if err != nil {
		return in, fmt.Errorf("%s: %w", path, withoutName(err))
	}
	if f.as == "mail" || info.IsDir() && f.as == "" {
		return in, nil
	}
	if !info.IsDir() && !info.Mode().IsRegular() { // what is read of a pipe is gone
		in.log = true
		if f.as == "" {
			err = fmt.Errorf("%s is no file that can be read twice; say what it is: --as log or --as mail", path)
		}
		return in, err
	}
	file, err := mtalog.Open(path)
	if err != nil {
		return in, err
	}
	defer file.Close()
	in.log = f.as == "log"
	begun := false
	for range maxLook {
		lines, err := file.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return in, err
		}
		for _, line := range lines {
			if l, ok := mtalog.Parse(line); ok && l.Stamp.Text != "" {
				in.log, in.odd, in.first = true, false, mtalog.Dater{Zone: zone}.Date(l.Stamp, file.Modified)
				return in, nil
			}
			if begun || strings.TrimSpace(line) == "" || f.as != "" {
				continue
			}
			if begun = true; beginsMail(line) {
				return in, nil // perhaps with lines of a log in its messages
			}
			in.odd = true
		}
	}
	return in, nil
}

// beginsMail reports whether a line can be the first of a message or an mbox: a
// field of a header, whose name begins with a letter here (RFC 5322, 2.2 and
// 3.6.8), or an mbox's From line.
func beginsMail(line string) bool {
	if strings.HasPrefix(line, "From ") || strings.HasPrefix(line, ">From ") {
		return true
	}
	name, _, found := strings.Cut(line, ":")
	return found && name != "" && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z' &&
		!strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// takeIn takes in a file and tells what was in it. whole is false if a part of it
// could not be read, of which people were told. The error is the service's.
func (f *ingestFlags) takeIn(ctx context.Context, v *service, s Streams, in input) (whole bool, err error) {
	got := ingested{File: in.path, Kind: "mail"}
	whole = true
	damaged := func(err error) {
		note(s.Err, "nixie ingest", "%s", err)
		whole = false
	}
	if in.log {
		got.Kind = "log"
		err = f.log(ctx, v, &got, damaged)
	} else {
		err = f.mail(ctx, v, s, &got, damaged)
	}
	if in.odd && err == nil && whole && got.News == 0 {
		damaged(fmt.Errorf("%s is neither Postfix's log nor mail; if it is, say so: --as log or --as mail", in.path))
		return whole, nil
	}
	return whole, errors.Join(err, f.print(s.Out, &got))
}

// log takes in the lines of a log.
func (f *ingestFlags) log(ctx context.Context, v *service, got *ingested, damaged func(error)) error {
	file, err := mtalog.Open(got.File)
	if err != nil {
		damaged(err)
		return nil
	}
	defer file.Close()
	q := url.Values{"name": {f.name}, "host": {f.host}, "zone": {f.zone}, "reference": {file.Modified.Format(time.RFC3339)}}
	for {
		lines, err := file.Next()
		got.Skipped = file.Skipped()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			damaged(err)
			return nil
		}
		if err := postLines(ctx, v, q, lines, got); err != nil {
			return fmt.Errorf("%s: %w", got.File, err)
		}
	}
}

func postLines(ctx context.Context, v *service, q url.Values, lines []string, got *ingested) error {
	text := strings.Join(lines, "\n")
	if strings.TrimSpace(text) == "" {
		got.Lines += len(lines)
		return nil // nothing is no request
	}
	res, err := v.do(ctx, http.MethodPost, "/logs", q, "text/plain", strings.NewReader(text))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var c struct{ Lines, News, New int }
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&c); err != nil {
		return fmt.Errorf("reading the service's answer: %w", err)
	}
	got.Lines += len(lines)
	got.News += c.News
	got.New += c.New
	return nil
}

// mailAtOnce is how many messages are under way at a time.
const mailAtOnce = 16

// mail takes in the messages of a mailbox. The first that the service doesn't take
// ends it.
func (f *ingestFlags) mail(ctx context.Context, v *service, s Streams, got *ingested, damaged func(error)) error {
	var lock sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(mailAtOnce)
	walker := mailbox.Walker{Stdin: s.In}
	for m, err := range walker.Messages(ctx, []string{got.File}) {
		if err != nil {
			damaged(fmt.Errorf("%s: %w", m.Path, err))
			continue
		}
		got.Mails++
		group.Go(func() error {
			told, fresh, err := postReport(ctx, v, m.Raw)
			if err != nil {
				return fmt.Errorf("message %d of %s: %w", m.Number, m.Path, err)
			}
			lock.Lock()
			defer lock.Unlock()
			if told > 0 {
				got.News++
			}
			got.New += fresh
			return nil
		})
	}
	return group.Wait()
}

// postReport posts a message, and returns of how many recipients it told, and of how
// many that was news.
func postReport(ctx context.Context, v *service, raw string) (told, fresh int, err error) {
	res, err := v.do(ctx, http.MethodPost, "/reports", nil, "message/rfc822", strings.NewReader(raw))
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	var answer struct {
		Results []struct{ New bool }
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return 0, 0, fmt.Errorf("reading the service's answer: %w", err)
	}
	for _, r := range answer.Results {
		if r.New {
			fresh++
		}
	}
	return len(answer.Results), fresh, nil
}

func (f *ingestFlags) print(w io.Writer, got *ingested) error {
	if f.json {
		return newEncoder(w).Encode(got)
	}
	text := fmt.Sprintf("%d messages, %d about deliveries, %d new events", got.Mails, got.News, got.New)
	if got.Kind == "log" {
		text = fmt.Sprintf("%d lines, %d about mail, %d new events", got.Lines, got.News, got.New)
	}
	if got.Skipped > 0 {
		text += fmt.Sprintf(", %d lines too long and left out", got.Skipped)
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", visibleLine(got.File), text)
	return err
}
