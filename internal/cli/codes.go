package cli

import "github.com/spf13/cobra"

func newCodes(s Streams) *cobra.Command { return &cobra.Command{Use: "codes", Run: func(*cobra.Command, []string) {}} }
