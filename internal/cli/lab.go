package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/seen"
	"github.com/spf13/cobra"
)

// maxLabFile is how large a script or a file of fixtures may be, in bytes.
const maxLabFile = 1 << 20

func newLab(s Streams) *cobra.Command {
	var c lab.Config
	var file, fixtures, authority string
	var quiet, verbose bool
	cmd := &cobra.Command{
		Use:   "lab [flags]",
		Short: "Run a mail server that says any code at any stage, to test what sends mail",
		Long:  labHelp(),
		Example: `  nixie lab
  nixie lab --smtp 127.0.0.1:2525 --http 127.0.0.1:8025 --dns 127.0.0.1:5353
  nixie lab --script outage.toml --reports client:25
  swaks --server 127.0.0.1:2525 --to 550-5.1.1@lab.test`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if file != "" {
				text, err := readLabFile(file)
				if err != nil {
					return err
				}
				c.Script, c.ScriptName = text, file
			}
			if fixtures != "" {
				text, err := readLabFile(fixtures)
				if err != nil {
					return err
				}
				c.Fixtures, c.FixturesName = text, fixtures
			}
			if !quiet {
				c.Notice = func(m seen.Message) { io.WriteString(s.Out, notice(&m)) }
			}
			if verbose {
				c.Log = slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			c.Version = version()
			return runLab(s, c, authority)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.SMTP, "smtp", "", "speak SMTP at `ADDR` (default 127.0.0.1 and any free port)")
	f.StringVar(&c.HTTP, "http", "", "show what came in, and take scripts, at `ADDR`, or off (default as for SMTP)")
	f.StringVar(&c.DNS, "dns", "", "answer for the lab's domains at `ADDR`, or off (default as for SMTP)")
	f.BoolVar(&c.NoPeers, "no-peers", false, "leave the broken peers out")
	f.BoolVar(&c.NoTLS, "no-tls", false, "know no STARTTLS, for clients that use it wherever they can and refuse an unknown certificate")
	f.StringVar(&authority, "ca", "", "write the certificate that the lab's own are signed by to `FILE`, for clients to trust")
	f.StringVar(&file, "script", "", "answer as the scenario `FILE` says; over HTTP it can be changed")
	f.StringVar(&fixtures, "fixtures", "", "have the mailboxes, domains and users in `FILE` as well")
	f.StringVar(&c.Reports, "reports", "", "send late reports to `ADDR`; client:PORT is the host that sent the mail (default: keep them, send none)")
	f.BoolVar(&c.AnyHost, "any-host", false, "allow addresses other than loopback's; whoever can reach the lab can use it")
	f.BoolVarP(&quiet, "quiet", "q", false, "print no line for each message")
	f.BoolVarP(&verbose, "verbose", "v", false, "log each session")
	return cmd
}

// readLabFile reads a script or fixtures of a bounded size.
func readLabFile(name string) ([]byte, error) {
	f, err := open(name, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLabFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(text) > maxLabFile {
		return nil, fmt.Errorf("%s is larger than %d bytes, which is the most", name, maxLabFile)
	}
	return text, nil
}

// labGrowth is by how many hundredths memory may grow until the lab's is collected. Main's
// limit is for commands that end soon: it is hardly more than what a lab keeps when it is
// full (seen.Limits), and half of the processor's time went into staying below it.
const labGrowth = 50

// runLab runs a lab until a signal comes. Where authority is the name of a file, its
// certificate authority is written there first.
func runLab(s Streams, c lab.Config, authority string) error {
	debug.SetGCPercent(labGrowth)
	debug.SetMemoryLimit(math.MaxInt64)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := lab.Start(ctx, c)
	if errors.Is(err, lab.ErrConfig) {
		why, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "lab: "), ": "+lab.ErrConfig.Error())
		return misuse("%s", why)
	}
	if err != nil {
		return err
	}
	if authority != "" {
		if err := os.WriteFile(authority, l.Authority(), 0o644); err != nil {
			return errors.Join(fmt.Errorf("writing the certificate authority: %w", err), l.Close())
		}
	}
	if _, err := io.WriteString(s.Out, labBanner(l)); err != nil {
		return errors.Join(fmt.Errorf("writing: %w", err), l.Close())
	}
	return l.Wait()
}

// labBanner says where the lab is, and what to try.
func labBanner(l *lab.Lab) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	smtp := l.Addr().String()
	fmt.Fprintf(w, "SMTP\t%s\ttakes mail for lab.test and any other domain, and relays none\n", smtp)
	if a := l.HTTPAddr(); a.IsValid() {
		fmt.Fprintf(w, "HTTP\thttp://%s/api/v1/lab\twhat came in; scripts\n", a)
	}
	if a := l.DNSAddr(); a.IsValid() {
		fmt.Fprintf(w, "DNS\t%s\tdig -p %d @%s lab.test MX\n", a, a.Port(), a.Addr())
	}
	if peers := l.Peers(); peers[0].Addr.IsValid() {
		fmt.Fprintf(w, "peers\t%s\tand %d more, each broken in one way; …/lab/peers lists them\n", peers[0].Addr, len(peers)-1)
	}
	w.Flush()
	fmt.Fprintf(&b, "\nTry:  swaks --server %s --to 550-5.1.1@lab.test\nMore: nixie lab --help\n\n", smtp)
	return b.String()
}

// maxNoticed is how many recipients of a message get a line.
const maxNoticed = 20

// notice tells of a message, a line for each recipient: what was said to it in the
// end, and who ordered that.
func notice(m *seen.Message) string {
	var b strings.Builder
	line := func(to string, reply []byte, cause string) {
		fmt.Fprintf(&b, "%s %s <%s> to %s: %s", m.At.Format("15:04:05.000"), m.Listener, oneLine(m.From), to, replyLine(reply))
		if cause != "" {
			fmt.Fprintf(&b, " (%s)", oneLine(cause))
		}
		b.WriteByte('\n')
	}
	if len(m.To) == 0 {
		line("nobody", m.Reply, m.Cause)
	}
	for i := range m.To {
		to := &m.To[i]
		switch {
		case i == maxNoticed:
			fmt.Fprintf(&b, "%s and %d more recipients\n", m.At.Format("15:04:05.000"), len(m.To)-i)
			return b.String()
		case (m.Data != nil || m.Reply != nil) && bytes.HasPrefix(to.Reply, []byte("2")): // the message was answered
			line("<"+oneLine(to.Address)+">", m.Reply, m.Cause)
		default:
			line("<"+oneLine(to.Address)+">", to.Reply, to.Cause)
		}
	}
	return b.String()
}

// maxSaid is how much of a reply a line shows, in bytes.
const maxSaid = 200

// replyLine is a reply in one line.
func replyLine(reply []byte) string {
	if reply == nil {
		return "no answer"
	}
	reply = bytes.TrimRight(reply, "\r\n")
	if len(reply) > maxSaid {
		reply = append(bytes.Clone(reply[:maxSaid]), "…"...)
	}
	return oneLine(strings.ReplaceAll(string(reply), "\r\n", " / "))
}

// oneLine is visible text in which line ends are shown as well.
func oneLine(s string) string { return strings.ReplaceAll(visible(s), "\n", `\x0a`) }
