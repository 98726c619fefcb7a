// Command nixie tells what became of an email, why it failed, and what to do next.
package main

import (
	"os"

	"github.com/nixiemail/nixie/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv,
	}))
}
