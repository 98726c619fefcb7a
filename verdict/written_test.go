package verdict

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

// floors are how many per cent of each axis agreed when they were last raised.
var floors = map[string]float64{"reason": 97, "permanence": 98.5, "scope": 93, "action": 94.5, "enhanced": 99.5, "basic": 100}

// TestWrittenReplies judges the labelled replies in testdata/replies. The labels
// came before the rules' last mending; no figure may fall under its floor.
func TestWrittenReplies(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "testdata", "replies", "*.tsv"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files of replies: %v", err)
	}
	right, rows := map[string]int{}, 0
	for _, name := range names {
		for _, row := range readTable(t, name) {
			rows++
			for axis, got := range judgeRow(t, row["reply"]) {
				if got == row[axis] || axis == "reason" && slices.Contains(strings.Split(row["also"], ","), got) {
					right[axis]++
				}
			}
		}
	}
	if rows < 600 {
		t.Errorf("%d replies; there were more", rows)
	}
	for axis, floor := range floors {
		got := 100 * float64(right[axis]) / float64(rows)
		t.Logf("%-10s %6.2f %% of %d", axis, got, rows)
		if got < floor {
			t.Errorf("%s: %.2f %% agree, the floor is %v %%; `go run ./tools/rulescore testdata/replies/…` shows where", axis, got, floor)
		}
	}
}

// readTable reads a tab-separated file with a header line.
func readTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var head []string
	var rows []map[string]string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		cells := strings.Split(sc.Text(), "\t")
		if head == nil {
			head = cells
			continue
		}
		if len(cells) != len(head) {
			t.Fatalf("%s: row %q has %d cells, the header %d", name, cells[0], len(cells), len(head))
		}
		row := map[string]string{}
		for i, c := range cells {
			row[head[i]] = c
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no rows", name)
	}
	return rows
}

func judgeRow(t *testing.T, text string) map[string]string {
	t.Helper()
	r, err := nixie.ParseReply(unescape(text))
	if err != nil {
		t.Fatal(err)
	}
	v := Of(r)
	got := map[string]string{
		"reason": string(v.Reason), "permanence": v.Permanence.String(), "scope": string(v.Scope), "action": string(v.Action),
		"enhanced": r.Code().String(), "basic": "",
	}
	if n := r.ReplyCode(); n != 0 {
		got["basic"] = strconv.Itoa(n)
	}
	return got
}
