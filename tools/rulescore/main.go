// Rulescore judges a labelled set of replies and prints
// where the verdicts differ from the labels, with the rule that decided. The set
// is a table with the columns id, reply, enhanced, basic, reason, permanence,
// scope, action, receiver, also.
//
//	go run ./tools/rulescore [-reason bad-mailbox,policy] [-axis reason] [-rules] SET.tsv
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

func main() {
	reasons := flag.String("reason", "", "only rows whose labelled or judged reason is one of these")
	axis := flag.String("axis", "", "print only what differs in this axis: reason, permanence, scope, action, enhanced, basic")
	rules := flag.Bool("rules", false, "print how many rows each rule decides, and the share of rules that decide one")
	dir := flag.String("dir", "verdict", "the folder of receivers.tsv and rules/")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	rows, err := readTable(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var only []string
	if *reasons != "" {
		only = strings.Split(*reasons, ",")
	}
	j, err := load(*dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	score(j, rows, only, *axis, *rules)
}

// load makes a judge of the files in a folder. A file that is not well written
// is said and left out, so that the others can be worked on.
func load(dir string) (*verdict.Judge, error) {
	var c verdict.Config
	table, err := os.Open(filepath.Join(dir, "receivers.tsv"))
	if err != nil {
		return nil, err
	}
	defer table.Close()
	if c.Receivers, err = verdict.ParseReceivers(table.Name(), table); err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(dir, "rules", "*.rules"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		rules, err := parseFile(name)
		if err == nil {
			_, err = verdict.New(verdict.Config{Rules: rules, Receivers: c.Receivers})
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "left out: %v\n", err)
			continue
		}
		c.Rules = append(c.Rules, rules...)
	}
	return verdict.New(c)
}

func parseFile(name string) ([]verdict.Rule, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return verdict.ParseRules(name, f)
}

func readTable(name string) ([]map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	var head []string
	var rows []map[string]string
	for sc.Scan() {
		cells := strings.Split(sc.Text(), "\t")
		if head == nil {
			head = cells
			continue
		}
		row := map[string]string{}
		for i, c := range cells {
			row[head[i]] = c
		}
		row["reply"] = strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(row["reply"])
		rows = append(rows, row)
	}
	return rows, sc.Err()
}

var axisNames = []string{"reason", "permanence", "scope", "action", "enhanced", "basic"}

func score(j *verdict.Judge, rows []map[string]string, only []string, axis string, showRules bool) {
	right, decided := map[string]int{}, map[string]int{}
	reasonOf := map[string]bool{}
	for _, row := range rows {
		got, rule, overruled := judge(j, row["reply"])
		decided[rule]++
		var wrong []string
		for _, a := range axisNames {
			if got[a] == row[a] || a == "reason" && slices.Contains(strings.Split(row["also"], ","), got[a]) {
				right[a]++
			} else if axis == "" || axis == a {
				wrong = append(wrong, fmt.Sprintf("%s %s, not %s", a, got[a], row[a]))
			}
		}
		reasonOf[row["reason"]] = true
		shown := only == nil || slices.Contains(only, row["reason"]) || slices.Contains(only, got["reason"])
		if len(wrong) > 0 && shown {
			fmt.Printf("%s %s\n      %s\n      rule %s; also matched: %s\n", row["id"], strings.ReplaceAll(row["reply"], "\n", `\n`), strings.Join(wrong, "; "), rule, overruled)
		}
	}
	for _, a := range axisNames {
		fmt.Printf("%-11s %6.2f%%  (%d/%d)\n", a, 100*float64(right[a])/float64(len(rows)), right[a], len(rows))
	}
	if showRules {
		printRules(j, decided, len(rows))
	}
}

func judge(j *verdict.Judge, text string) (got map[string]string, rule, overruled string) {
	reply, err := nixie.ParseReply(text)
	if err != nil {
		return map[string]string{}, err.Error(), ""
	}
	v := j.Of(reply, verdict.Hints{})
	got = map[string]string{
		"reason": string(v.Reason), "permanence": v.Permanence.String(), "scope": string(v.Scope), "action": string(v.Action),
		"enhanced": reply.Code().String(), "basic": "",
	}
	if n := reply.ReplyCode(); n != 0 {
		got["basic"] = fmt.Sprint(n)
	}
	for _, o := range v.Overruled {
		overruled += fmt.Sprintf("%s (%s) ", o.Rule, o.Reason)
	}
	return got, v.Rule, overruled
}

func printRules(j *verdict.Judge, decided map[string]int, rows int) {
	single := 0
	for _, n := range decided {
		if n == 1 {
			single++
		}
	}
	all := len(j.Rules())
	fmt.Printf("%d rules; %d of them decide some of the %d rows, %d of them (%.0f%%) one row only, which is %.1f%% of the rows\n",
		all, len(decided), rows, single, 100*float64(single)/float64(len(decided)), 100*float64(single)/float64(rows))
}
