package id

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// RFC 9562, A.6: the test vector of version 7, Tuesday, February 22, 2022
// 2:22:22.00 PM GMT-05:00.
const vector = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"

func parse(t *testing.T, s string) ID {
	t.Helper()
	d, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVector(t *testing.T) {
	d := parse(t, vector)
	want := ID{0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f}
	if d != want {
		t.Errorf("read as %x", d[:])
	}
	if got := d.String(); got != strings.ToLower(vector) {
		t.Errorf("written as %s", got)
	}
	made := time.Date(2022, 2, 22, 14, 22, 22, 0, time.FixedZone("", -5*3600))
	if !d.Time().Equal(made) {
		t.Errorf("made at %v, want %v", d.Time(), made)
	}
	if e := encode(0x17F22E279B0, 0xCC3<<30|0x18C4DC0C); e.String()[:28] != strings.ToLower(vector)[:28] {
		t.Errorf("made of its fields it is %s", e)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"",
		vector[1:],
		vector + "0",
		strings.ReplaceAll(vector, "-", ""),
		"{" + vector[1:35] + "}",
		"017F22E279B0-7CC3--98C4-DC0C0C07398F",
		"017F22E2-79B0-7CC3-98C4-DC0C0C07398G",
		"017F22E2-79B0-7CC3-98C4-DC0C0C0739\r\n",
		"00000000-0000-0000-0000-000000000000",
		strings.Repeat("0", 1<<20),
	} {
		d, err := Parse(s)
		if !errors.Is(err, ErrFormat) || !d.IsZero() {
			t.Errorf("%.40q: %v, %v", s, d, err)
		} else if len(err.Error()) > 200 {
			t.Errorf("%.40q: an error of %d bytes", s, len(err.Error()))
		}
	}
}

func TestTimeOfOthers(t *testing.T) {
	v4 := parse(t, "919108f7-52d1-4320-9bac-f847db4148a8") // RFC 9562, A.3
	for _, d := range []ID{{}, v4} {
		if !d.Time().IsZero() {
			t.Errorf("%v: made at %v", d, d.Time())
		}
	}
}

func TestJSON(t *testing.T) {
	type row struct {
		ID   ID `json:"id"`
		None ID `json:"none"`
		Omit ID `json:"omit,omitzero"`
	}
	in := row{ID: parse(t, vector)}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","none":""}`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
	out := row{None: ID{1}}
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("read back as %v: %v", out, err)
	}
	kept := ID{1}
	if err := kept.UnmarshalText([]byte("no")); !errors.Is(err, ErrFormat) || kept != (ID{1}) {
		t.Errorf("of a wrong text %v: %v", kept, err)
	}
}

func TestSQL(t *testing.T) {
	var _ sql.Scanner = new(ID)
	d := parse(t, vector)
	v, err := d.Value()
	if b, ok := v.([]byte); !ok || !bytes.Equal(b, d[:]) || err != nil {
		t.Errorf("value %v, %v; want 16 bytes", v, err)
	}
	if v, err := (ID{}).Value(); v != nil || err != nil {
		t.Errorf("the absent id is %v, %v; want NULL", v, err)
	}
	for _, src := range []any{d[:], vector, []byte(vector)} {
		got := ID{1}
		if err := got.Scan(src); err != nil || got != d {
			t.Errorf("from %T: %v, %v", src, got, err)
		}
	}
	got := d
	if err := got.Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("from NULL: %v, %v", got, err)
	}
	for _, src := range []any{d[:15], "x", int64(1)} {
		if err := new(ID).Scan(src); !errors.Is(err, ErrFormat) {
			t.Errorf("from %v: %v", src, err)
		}
	}
	row := d[:]
	var kept ID
	if err := kept.Scan(row); err != nil {
		t.Fatal(err)
	}
	want := kept
	row[0]++ // database/sql uses the bytes again
	if kept != want {
		t.Error("a scanned id changes with the driver's bytes")
	}
}

func TestNew(t *testing.T) {
	now := time.Date(2026, 11, 22, 21, 0, 0, 123_999_999, time.UTC)
	seen := map[ID]bool{}
	for range 1000 {
		d := New(now)
		if want := now.Truncate(time.Millisecond); !d.Time().Equal(want) {
			t.Fatalf("made at %v, want %v", d.Time(), want)
		}
		seen[d] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different ids of 1000", len(seen))
	}
	for _, tt := range []struct{ now, want time.Time }{
		{time.Time{}, time.UnixMilli(0)},
		{time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), time.UnixMilli(1<<48 - 1)},
	} {
		if got := New(tt.now).Time(); !got.Equal(tt.want) {
			t.Errorf("at %v: %v, want %v", tt.now, got, tt.want)
		}
	}
}

func TestMakerOrder(t *testing.T) {
	var m Maker
	now := time.UnixMilli(1_700_000_000_000)
	latest, last := now, m.New(now)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		switch random.IntN(4) {
		case 0:
			now = now.Add(time.Millisecond)
		case 1:
			now = now.Add(-time.Duration(random.IntN(1000)) * time.Millisecond)
		}
		if now.After(latest) {
			latest = now
		}
		d := m.New(now)
		if bytes.Compare(d[:], last[:]) <= 0 {
			t.Fatalf("%d: %v follows %v", i, d, last)
		}
		if !d.Time().Equal(latest) {
			t.Fatalf("%d: made at %v, want the latest time seen, %v", i, d.Time(), latest)
		}
		last = d
	}
}

func TestMakerFirstAt1970(t *testing.T) {
	var m Maker
	a, b := m.New(time.Time{}), m.New(time.Time{})
	if a.Time().UnixMilli() != 0 || bytes.Compare(a[:], b[:]) >= 0 {
		t.Errorf("%v, then %v", a, b)
	}
}

func TestMakerRollover(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	m := Maker{milli: uint64(now.UnixMilli()), counter: maxCounter - 1, made: true}
	last := m.New(now)
	next := m.New(now)
	if !last.Time().Equal(now) || !next.Time().Equal(now.Add(time.Millisecond)) {
		t.Errorf("the last of a millisecond is of %v, the next of %v; clock %v", last.Time(), next.Time(), now)
	}
	if after := m.New(now); bytes.Compare(after[:], next[:]) <= 0 {
		t.Errorf("%v follows %v", after, next)
	}
}

func TestMakerConcurrent(t *testing.T) {
	const workers, each = 8, 2000
	var m Maker
	now := time.UnixMilli(1_700_000_000_000)
	made := make([][]ID, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				made[w] = append(made[w], m.New(now))
			}
		})
	}
	wg.Wait()
	seen := map[ID]bool{}
	for w, ids := range made {
		if !slices.IsSortedFunc(ids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) }) {
			t.Errorf("worker %d saw ids out of order", w)
		}
		for _, d := range ids {
			seen[d] = true
		}
	}
	if len(seen) != workers*each {
		t.Errorf("%d different ids of %d", len(seen), workers*each)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(vector)
	f.Add("")
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err != nil {
			return
		}
		if d.String() != strings.ToLower(s) {
			t.Errorf("%q is written as %q", s, d)
		}
	})
}

func BenchmarkMaker(b *testing.B) {
	var m Maker
	now := time.UnixMilli(1_700_000_000_000)
	b.ReportAllocs()
	for b.Loop() {
		m.New(now)
	}
}
