// Command nixie tells what became of an email, why it failed, and what to do next.
package main

import (
	"os"
	"runtime/debug"

	"github.com/nixiemail/nixie/internal/cli"
)

func main() {
	// Most commands end before a collection would pay.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(128 << 20)
	os.Exit(cli.Run(os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}))
}
