// Command nixie tells what became of an email, why it failed, and what to do next.
package main

import (
	"os"
	"runtime/debug"

	"github.com/nixiemail/nixie/internal/cli"
)

func main() {
	debug.SetGCPercent(400) // most commands end before a collection would pay
	os.Exit(cli.Run(os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}))
}
