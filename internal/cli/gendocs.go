package cli

import "github.com/spf13/cobra"

func newGenDocs(s Streams) *cobra.Command { return &cobra.Command{Use: "gen-docs", Hidden: true, Run: func(*cobra.Command, []string) {}} }
