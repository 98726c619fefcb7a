package mtalog

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// seeds returns every line of testdata/postfix.
func seeds(tb testing.TB) []string {
	tb.Helper()
	logs, err := filepath.Glob("testdata/postfix/*.log")
	if err != nil || len(logs) == 0 {
		tb.Fatalf("no files in testdata/postfix: %v", err)
	}
	var lines []string
	for _, name := range logs {
		f, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		defer f.Close()
		scanner := bufio.NewScanner(f)
		for scanner.Scan() {
			lines = append(lines, scanner.Text())
		}
		if err := scanner.Err(); err != nil {
			tb.Fatal(err)
		}
	}
	return lines
}

// FuzzParse checks that whatever comes out was in the line, and that a line end
// changes nothing.
func FuzzParse(f *testing.F) {
	for _, line := range seeds(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		l, ok := Parse(line)
		if !ok {
			if !reflect.DeepEqual(l, Line{}) {
				t.Fatalf("refused, and yet returned %+v", l)
			}
			return
		}
		checkParts(t, line, reflect.ValueOf(l))
		if len(l.Fields) > maxFields {
			t.Errorf("%d fields", len(l.Fields))
		}
		if l.Program != "" && !isProgram(l.Program) {
			t.Errorf("program %q", l.Program)
		}
		if len(line) < MaxLine {
			if again, _ := Parse(line + "\n"); !reflect.DeepEqual(again, l) {
				t.Errorf("with a line end %+v, without %+v", again, l)
			}
		}
	})
}

// checkParts fails for a text in v that is no part of the line.
func checkParts(t *testing.T, line string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if _, kind := v.Interface().(Kind); !kind && !strings.Contains(line, v.String()) {
			t.Errorf("%q is no part of the line", v.String())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				checkParts(t, line, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkParts(t, line, v.Index(i))
		}
	}
}

// FuzzDelivery writes a line as Postfix does, with a quoted recipient and words of
// any content, and checks that they come back.
func FuzzDelivery(f *testing.F) {
	f.Add(`a>, relay=evil, status=sent (x`, "550 5.1.1 no (such) user", "bounced")
	f.Add(`"\`, "), status=sent (", "deferred")
	f.Fuzz(func(t *testing.T, local, words, said string) {
		recipient := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"@example.net`
		line := "4F1B2C0D3E: to=<" + recipient + ">, relay=mx.example.net[192.0.2.25]:25, delay=1, delays=1/0/0/0, dsn=5.1.1, status=" + said + " (" + words + ")"
		if strings.Contains(said, " (") || len(line) > MaxLine {
			return
		}
		l, ok := Parse(line)
		if !ok || l.Kind != KindDelivery || l.Recipient != recipient || l.Said != said || l.Words != words || l.Cut {
			t.Errorf("%q\nrecipient %q, said %q, words %q, cut %v, ok %v", line, l.Recipient, l.Said, l.Words, l.Cut, ok)
		}
		if l.Relay.Addr != "192.0.2.25" || l.Relay.Port != 25 || l.Code.String() != "5.1.1" {
			t.Errorf("%q\nrelay %+v, code %v", line, l.Relay, l.Code)
		}
	})
}

// FuzzStamp holds the fast reading of the common stamps against time.Parse.
func FuzzStamp(f *testing.F) {
	for _, s := range []string{"Nov 22 10:00:07", "Nov  2 10:00:07", "Nov 02 10:00:07", "Feb 29 23:59:59", "Feb 30 00:00:00",
		"2026-11-22T10:00:07Z", "2026-11-22T10:00:07.123456+01:00", "2024-02-29T10:00:07-09:30", "2025-02-29T10:00:07Z",
		"2026-11-22T10:00:07.+01:00", "2026-11-22T10:00:07,5Z", "2026-11-22T10:00:07+24:00", "2026-11-22T24:00:00Z", "nov 22 10:00:07"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, zone, ok := commonStamp(s)
		if !ok {
			return
		}
		form := "Jan _2 15:04:05"
		if zone {
			form = time.RFC3339
		}
		want, err := time.Parse(form, s)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, time.Parse makes it %v, %v", s, got, want, err)
		}
		if a, b := got.Format(time.RFC3339), want.Format(time.RFC3339); a != b {
			t.Errorf("%q: %s, time.Parse makes it %s", s, a, b)
		}
	})
}
