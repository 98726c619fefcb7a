package cli

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie/internal/delivery"
)

// list goes through the items of a list of the service's, page by page. limit is how
// many at most; 0 is all.
func (v *service) list(ctx context.Context, path string, q url.Values, limit int, each func(json.RawMessage) error) error {
	left := limit
	q.Set("limit", strconv.Itoa(delivery.MaxPage))
	for {
		if limit > 0 {
			q.Set("limit", strconv.Itoa(min(left, delivery.MaxPage)))
		}
		var page struct {
			Items []json.RawMessage
			Next  string
		}
		if err := v.call(ctx, http.MethodGet, path, q, nil, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := each(item); err != nil {
				return err
			}
		}
		if left -= len(page.Items); page.Next == "" || limit > 0 && left <= 0 {
			return nil
		}
		q.Set("cursor", page.Next)
	}
}

// writeItem writes an item as a line of JSON that is safe to look at.
func writeItem(w io.Writer, item json.RawMessage) error {
	_, err := visibleJSON{w}.Write(append(item, '\n'))
	return err
}

// padded fills a visible text up to so many columns.
func padded(text string, columns int) string {
	return text + strings.Repeat(" ", max(columns-columnsOf(text), 0))
}
