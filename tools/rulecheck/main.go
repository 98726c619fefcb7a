// Rulecheck reads files of rules and holds every rule against its examples and
// near misses. With -builtin the rules of package verdict stand behind those of
// the files, as they do in nixie explain --rules.
//
//	go run ./tools/rulecheck verdict/rules/*.rules
//	go run ./tools/rulecheck -builtin my.rules
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/nixiemail/nixie/verdict"
)

func main() {
	builtin := flag.Bool("builtin", false, "put the built-in rules behind those of the files")
	flag.Parse()
	n, err := check(flag.Args(), *builtin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d rules, each with its examples: ok\n", n)
}

// check returns how many rules were checked.
func check(files []string, builtin bool) (int, error) {
	if len(files) == 0 {
		return 0, fmt.Errorf("rulecheck: name at least one file of rules")
	}
	var c verdict.Config
	var err error
	if c.Receivers, err = verdict.BuiltinReceivers(); err != nil {
		return 0, err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		rules, err := verdict.ParseRules(name, f)
		f.Close()
		if err != nil {
			return 0, err
		}
		c.Rules = append(c.Rules, rules...)
	}
	if builtin {
		own, err := verdict.BuiltinConfig()
		if err != nil {
			return 0, err
		}
		c.Rules = append(c.Rules, own.Rules...)
	}
	j, err := verdict.New(c)
	if err != nil {
		return 0, err
	}
	return len(c.Rules), j.Check()
}
