package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/ianafile"
	"github.com/nixiemail/nixie/verdict"
	"github.com/spf13/cobra"
)

// registryFlags choose the registry that answers.
type registryFlags struct {
	file     string
	overlays []string
	asOf     string
}

func (f *registryFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "registry", "", "use the registry in `FILE`, in any of IANA's formats, not the built-in one")
	cmd.Flags().StringArrayVar(&f.overlays, "overlay", nil, "know the vendor codes in `FILE` as well (may be repeated)")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "answer as the registry stood on `DATE`, such as 2010-01-31")
}

// open returns the registry that the flags ask for. remark says which snapshot
// answers for a date, empty if none was asked for.
func (f *registryFlags) open() (r *nixie.Registry, remark string, err error) {
	r = nixie.Builtin()
	if f.file != "" {
		file, err := readRegistry(f.file)
		if err != nil {
			return nil, "", err
		}
		r = file.Registry()
	}
	if f.asOf != "" {
		if r, remark, err = asOf(r, f.asOf); err != nil {
			return nil, "", err
		}
	}
	var vendor []nixie.VendorCode
	for _, name := range f.overlays {
		codes, err := readVendor(name)
		if err != nil {
			return nil, "", err
		}
		vendor = append(vendor, codes...)
	}
	if len(vendor) > 0 {
		r = r.With(vendor)
	}
	return r, remark, nil
}

func asOf(r *nixie.Registry, date string) (*nixie.Registry, string, error) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, "", misuse("%q is no date: want one like 2010-01-31", date)
	}
	snapshot, ok := r.AsOf(day)
	if !ok {
		return snapshot, fmt.Sprintf("%s is before the oldest snapshot, %s, which answers", date, snapshot.Date()), nil
	}
	return snapshot, fmt.Sprintf("the registry of %s answers for %s", snapshot.Date(), date), nil
}

// open opens a file for reading; "-" is standard input. A directory is refused.
func open(name string, in io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", name, errors.Unwrap(err))
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a directory; give a file", name)
	}
	return f, nil
}

func readRegistry(name string) (*ianafile.File, error) {
	f, err := open(name, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ianafile.Read(name, f)
}

func readVendor(name string) ([]nixie.VendorCode, error) {
	f, err := open(name, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return nixie.ParseVendorCodes(name, f)
}

// openJudge returns a judge with the user's rules before the built-in ones. It is
// nil where there are none of the user's: the built-in one is made when needed.
func openJudge(files []string) (*verdict.Judge, error) {
	if len(files) == 0 {
		return nil, nil
	}
	c, err := verdict.BuiltinConfig()
	if err != nil {
		return nil, err
	}
	var own []verdict.Rule
	for _, name := range files {
		f, err := open(name, nil)
		if err != nil {
			return nil, err
		}
		rules, err := verdict.ParseRules(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		own = append(own, rules...)
	}
	c.Rules = append(own, c.Rules...)
	return verdict.New(c)
}
