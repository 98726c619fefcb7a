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
	"os/signal"
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
What FILE is, is seen in it. It speaks to the running service; where none runs it
opens the data itself.

The same news counts once, whether it was read live before or comes twice. Logs are
read in the order of their time, whatever the order of their names. A time
stamp without a year is the latest such time before the file was last written to.

Nothing is moved or changed. Mail that tells of no delivery is passed over. The
exit code is 1 if a file could not be read.`,
		Example: `  nixie ingest /var/log/mail.log*
  nixie ingest --data /var/lib/nixie bounces.mbox`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse("name at least one FILE")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			return runIngest(ctx, s, &f, args)
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

// Ingested says what was found in a file.
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
	first time.Time // of a log's lines
}

func runIngest(ctx context.Context, s Streams, f *ingestFlags, paths []string) error {
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
	slices.SortStableFunc(inputs, func(a, b input) int { return a.first.Compare(b.first) })
	v, err := f.open(ctx, s)
	if err != nil {
		return err
	}
	defer v.close()
	for _, in := range inputs {
		got, err := f.takeIn(ctx, v, s, in)
		if err != nil {
			note(s.Err, "nixie ingest", "%s: %s", in.path, err)
			failed = true
		}
		f.print(s.Out, &got)
		if ctx.Err() != nil {
			return errInterrupted
		}
	}
	if failed {
		return errQuiet
	}
	return nil
}

// look sees what a file is, and of when a log's first line is.
func (f *ingestFlags) look(path string, zone *time.Location) (input, error) {
	in := input{path: path}
	if info, err := os.Stat(path); err != nil || info.IsDir() || f.as == "mail" {
		return in, err
	}
	file, err := mtalog.Open(path)
	if err != nil {
		return in, err
	}
	defer file.Close()
	lines, err := file.Next()
	if err != nil && err != io.EOF {
		return in, fmt.Errorf("%s: %w", path, err)
	}
	in.log = f.as == "log"
	for i, line := range lines {
		if i == 0 && strings.HasPrefix(line, "From ") && f.as == "" {
			break // an mbox, perhaps with lines of a log in its messages
		}
		if l, ok := mtalog.Parse(line); ok && l.Stamp.Text != "" {
			in.log, in.first = true, mtalog.Dater{Zone: zone}.Date(l.Stamp, file.Modified)
			break
		}
	}
	return in, nil
}

func (f *ingestFlags) takeIn(ctx context.Context, v *service, s Streams, in input) (ingested, error) {
	if in.log {
		return f.log(ctx, v, in)
	}
	return f.mail(ctx, v, s, in)
}

// log takes in the lines of a log.
func (f *ingestFlags) log(ctx context.Context, v *service, in input) (ingested, error) {
	got := ingested{File: in.path, Kind: "log"}
	file, err := mtalog.Open(in.path)
	if err != nil {
		return got, err
	}
	defer file.Close()
	q := url.Values{"name": {f.name}, "host": {f.host}, "zone": {f.zone}, "reference": {file.Modified.Format(time.RFC3339)}}
	for ctx.Err() == nil {
		lines, err := file.Next()
		got.Skipped = file.Skipped()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		res, err := v.do(ctx, http.MethodPost, "/logs", q, "text/plain", strings.NewReader(strings.Join(lines, "\n")))
		if err != nil {
			return got, err
		}
		var c struct{ Lines, News, New int }
		err = json.NewDecoder(res.Body).Decode(&c)
		res.Body.Close()
		if err != nil {
			return got, err
		}
		got.Lines += c.Lines
		got.News += c.News
		got.New += c.New
	}
	return got, ctx.Err()
}

// mailAtOnce is how many messages are under way at a time.
const mailAtOnce = 16

// mail takes in the messages of a mailbox.
func (f *ingestFlags) mail(ctx context.Context, v *service, s Streams, in input) (ingested, error) {
	got := ingested{File: in.path, Kind: "mail"}
	var lock sync.Mutex
	var group errgroup.Group
	group.SetLimit(mailAtOnce)
	walker := mailbox.Walker{Stdin: s.In}
	var errs []error
	for m, err := range walker.Messages(ctx, []string{in.path}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got.Mails++
		group.Go(func() error {
			told, fresh, err := postReport(ctx, v, m.Raw)
			lock.Lock()
			defer lock.Unlock()
			if told > 0 {
				got.News++
			}
			got.New += fresh
			return err
		})
	}
	return got, errors.Join(append(errs, group.Wait())...)
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
		return 0, 0, err
	}
	for _, r := range answer.Results {
		if r.New {
			fresh++
		}
	}
	return len(answer.Results), fresh, nil
}

func (f *ingestFlags) print(w io.Writer, got *ingested) {
	if f.json {
		b, _ := json.Marshal(got) // strings and numbers
		fmt.Fprintf(w, "%s\n", b)
		return
	}
	if got.Kind == "log" {
		fmt.Fprintf(w, "%s: %d lines, %d about mail, %d new events\n", visible(got.File), got.Lines, got.News, got.New)
	} else {
		fmt.Fprintf(w, "%s: %d messages, %d about deliveries, %d new events\n", visible(got.File), got.Mails, got.News, got.New)
	}
	if got.Skipped > 0 {
		fmt.Fprintf(w, "%s: %d lines were too long and left out\n", visible(got.File), got.Skipped)
	}
}
