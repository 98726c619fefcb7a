package cli

import (
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/spf13/cobra"
)

// complete gives a flag a fixed list of values. The flag is one that was just
// added, so registering cannot fail.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeCodes completes the first word of a text to a registered code, in the
// class that has been typed: 5.7.<TAB>.
func completeCodes(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	offer := func(word, name string) {
		if strings.HasPrefix(word, typed) {
			found = append(found, word+"\t"+name)
		}
	}
	r := nixie.Builtin()
	class := nixie.Class(0)
	if typed != "" {
		class = nixie.Class(typed[0] - '0')
	}
	for _, e := range r.Entries() {
		if e.Classes.Has(class) {
			offer(e.Detail.In(class).String(), e.Name)
		} else if strings.HasPrefix(strings.ToUpper(typed), "X") || typed == "" {
			offer(e.Detail.String(), e.Name)
		}
	}
	if class.String() != "" {
		for _, v := range r.VendorCodes() {
			offer(v.Code.String(), v.Receiver+": "+v.Name)
		}
	}
	if !strings.Contains(typed, ".") && class.String() != "" {
		for _, e := range r.ReplyCodes() {
			offer(strconv.Itoa(e.ReplyCode), e.Name)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
