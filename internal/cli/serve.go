package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/nixiemail/nixie/internal/app"
	"github.com/nixiemail/nixie/internal/config"
	"github.com/spf13/cobra"
)

func newServe(s Streams) *cobra.Command {
	var f serviceFlags
	listen := map[string]*string{}
	var logs []string
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Collect news about deliveries, keep their record, and say whom not to mail",
		Long: `serve runs the service: it follows the mail server's log, takes bounces by LMTP
or SMTP, keeps one record for each message and recipient, decides which addresses
to drop, and answers Postfix and the API.

It needs no configuration. A setting is taken from the first of these that has
it: a flag, the environment (NIXIE_HTTP for --http), the file of --config, the
default; nixie config init writes a file with all of them. Each ADDR is HOST:PORT,
unix:/PATH, or off.

The first start makes the data directory and writes a key for the API into the
file first.key there. SIGTERM and SIGINT stop the service: what it was given is
kept first.`,
		Example: `  nixie serve
  nixie serve --data /var/lib/nixie --log /var/log/mail.log --policy 127.0.0.1:2525
  nixie serve --config /etc/nixie/nixie.toml`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			flags := map[string]string{}
			for name, value := range listen {
				if *value != "" {
					flags[name] = *value
				}
			}
			c, err := f.load(s, flags)
			if err != nil {
				return err
			}
			if c.Logs, err = withLogs(c.Logs, logs); err != nil {
				return err
			}
			return runServe(s, c)
		},
	}
	f.add(cmd)
	for _, l := range []struct{ name, usage string }{
		{"http", "answer the API at `ADDR`"},
		{"smtp", "take bounces by SMTP at `ADDR`"},
		{"lmtp", "take bounces by LMTP at `ADDR`"},
		{"policy", "answer Postfix's policy questions at `ADDR`"},
		{"socketmap", "answer Postfix's socketmap questions at `ADDR`"},
	} {
		listen[l.name] = cmd.Flags().String(l.name, "", l.usage)
	}
	cmd.Flags().StringArrayVar(&logs, "log", nil, "follow the Postfix log in `FILE` (may be repeated)")
	return cmd
}

// withLogs adds files of Postfix's that the command line names. One that is
// configured already is followed as configured, and no file twice.
func withLogs(have []config.Log, names []string) ([]config.Log, error) {
	for _, name := range names {
		path, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(have, func(l config.Log) bool { return l.Path == path }) {
			have = append(have, config.NewLog(path))
		}
	}
	return have, nil
}

func runServe(s Streams, c config.Config) error {
	log, err := logger(s, c.Logging)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a, err := app.Open(ctx, c, app.Options{Log: log, Version: version(), Getenv: s.Getenv})
	if err != nil {
		return err
	}
	return a.Serve(ctx)
}

func logger(s Streams, c config.Logging) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("logging.level: %w", err)
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(s.Err, o)), nil
	}
	return slog.New(slog.NewTextHandler(s.Err, o)), nil
}
