package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/app"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/returnpath"
	"github.com/spf13/cobra"
)

func newReturnPath(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "return-path",
		Short: "Make and verify signed return addresses, and change their key",
		Long: `return-path makes and verifies signed return addresses. A message that is sent
with one as its envelope's sender gets its bounces to that address, which names
the delivery; nobody else can make one up, so such a bounce is believed.

The domain for them is configured as return_path.domain. The service need not
run: all is in the file return-path.key in its data directory.`,
		Example: `  nixie return-path make 019a0b4c-7d2e-7000-8000-000000000001
  nixie return-path verify b+aeuvqe2fkrvgy3tpobqxg43xn5zgiidtmvrxezlu@bounce.example.org`,
		Args: oneOf("make", "verify", "rotate"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newReturnPathMake(s), newReturnPathVerify(s), newReturnPathRotate(s))
	return cmd
}

func newReturnPathMake(s Streams) *cobra.Command {
	var f serviceFlags
	cmd := &cobra.Command{
		Use:   "make [flags] DELIVERY",
		Short: "Make the return address of a delivery",
		Long: `make prints the return address of the delivery with the id DELIVERY, signed with
the newest key and today's date. On another day it is another; each is taken for
as long as return_path.valid says.`,
		Example: `  nixie return-path make 019a0b4c-7d2e-7000-8000-000000000001`,
		Args:    oneArg("DELIVERY"),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := id.Parse(args[0])
			if err != nil {
				return misuse("DELIVERY: %s", err)
			}
			paths, err := f.returnPaths(s)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, paths.Make(d, time.Now()))
			return err
		},
	}
	f.add(cmd)
	return cmd
}

// returnPaths is what makes and verifies return addresses, as configured.
func (f *serviceFlags) returnPaths(s Streams) (*returnpath.Maker, error) {
	c, err := f.load(s, nil)
	if err != nil {
		return nil, err
	}
	return app.ReturnPaths(&c)
}

func newReturnPathVerify(s Streams) *cobra.Command {
	var f serviceFlags
	cmd := &cobra.Command{
		Use:   "verify [flags] ADDRESS",
		Short: "Tell for which delivery a return address was made",
		Long: `verify prints the id of the delivery for which a return address was signed, and
the day when that was. The exit code is 1 if it is not ours, not of a key that
is known, forged, or no longer taken.`,
		Example: `  nixie return-path verify b+aeuvqe2fkrvgy3tpobqxg43xn5zgiidtmvrxezlu@bounce.example.org`,
		Args:    oneArg("ADDRESS"),
		RunE: func(_ *cobra.Command, args []string) error {
			paths, err := f.returnPaths(s)
			if err != nil {
				return err
			}
			d, made, err := paths.Verify(args[0], time.Now())
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			_, err = fmt.Fprintf(s.Out, "%s  %s\n", id.ID(d), made.Format(time.DateOnly))
			return err
		},
	}
	f.add(cmd)
	return cmd
}

func newReturnPathRotate(s Streams) *cobra.Command {
	var f serviceFlags
	cmd := &cobra.Command{
		Use:   "rotate [flags]",
		Short: "Add a key that signs return addresses from now on",
		Long: `rotate adds a key to return-path.key in the data directory. The newest key
signs; the older ones go on verifying what they signed. A service that runs
reads the file when it starts: restart it.

There may be 16 keys. Where there is no room the oldest is dropped, if no
address that it signed can be valid any more.`,
		Example: `  nixie return-path rotate --data /var/lib/nixie && systemctl restart nixie`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := f.load(s, nil)
			if err != nil {
				return err
			}
			added, dropped, err := app.RotateReturnPath(&c, time.Now())
			if err != nil {
				return err
			}
			for _, k := range dropped {
				fmt.Fprintf(s.Out, "%s was dropped\n", k)
			}
			_, err = fmt.Fprintf(s.Out, "%s was added; it signs when the service has been restarted\n", added)
			return err
		},
	}
	f.add(cmd)
	return cmd
}

// oneArg wants one argument, called so in the usage line.
func oneArg(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return misuse("want one %s, not %d", name, len(args))
		}
		return nil
	}
}

// oneOf is for a command that only has commands below it.
func oneOf(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return misuse("there is no command %q; there are %s", args[0], strings.Join(names, ", "))
		}
		return nil
	}
}
