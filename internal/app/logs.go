package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/mtalog"
)

// positions keeps how far sources were read.
type positions interface {
	recorder
	Position(ctx context.Context, source string) ([]byte, error)
}

// logFollower follows one log file. What it reads and how far it has come are kept
// together, so that each line counts once, whenever the process ends.
type logFollower struct {
	settings config.Log
	reader   *ingest.Log
	keep     positions
	now      func() time.Time
	log      *slog.Logger
	counted  func(ingest.Counts)
	lag      func(bytes int64)
}

func (f *logFollower) source() string { return "log:" + f.settings.Path }

// run follows the file until ctx is done.
func (f *logFollower) run(ctx context.Context) error {
	data, err := f.keep.Position(ctx, f.source())
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("following %s: %w", f.settings.Path, err)
	}
	var from mtalog.Position
	if len(data) > 0 {
		if err := json.Unmarshal(data, &from); err != nil {
			return fmt.Errorf("following %s: reading how far it was read: %w", f.settings.Path, err)
		}
	}
	err = mtalog.Follow(ctx, mtalog.Config{
		Path: f.settings.Path, From: from, FromEnd: f.settings.From == config.FromEnd, Take: f.take, Tell: f.tell,
	})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("following %s: %w", f.settings.Path, err)
}

func (f *logFollower) take(ctx context.Context, lines []string, after mtalog.Position) error {
	data, err := json.Marshal(after)
	if err != nil {
		return err
	}
	now := f.now()
	news, counts := f.reader.Lines(lines, now, now)
	_, err = f.keep.Record(ctx, delivery.Batch{News: news, Position: &delivery.Position{Source: f.source(), Data: data}})
	if err == nil {
		f.counted(counts)
		f.lag(f.behind(after))
	}
	return err
}

// behind is how many bytes of the live file are not read yet. While an older one is
// still being read, that is all of them.
func (f *logFollower) behind(after mtalog.Position) int64 {
	info, err := os.Stat(f.settings.Path)
	switch {
	case err != nil:
		return 0
	case info.Size() < after.Offset:
		return info.Size()
	}
	return info.Size() - after.Offset
}

// tell says once what is wrong with the file, and when it is over.
func (f *logFollower) tell(err error) {
	var lost *mtalog.LostError
	var skipped *mtalog.SkippedError
	switch {
	case err == nil:
		f.log.Info("the log is read again", "path", f.settings.Path)
	case errors.As(err, &lost), errors.As(err, &skipped):
		f.log.Warn("lines of the log were not read", "path", f.settings.Path, "err", err)
	default:
		f.log.Error("the log can't be read; it is tried again", "path", f.settings.Path, "err", err)
	}
}
