package main

import (
	_ "embed"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// licenses holds the licence texts of what is linked into the command. Most of them must go with
// every copy of it. The gate compares the file with what .ci/licenses prints.
//
//go:embed licenses.txt
var licenses string

func newVersionCommand(c *cli) *cobra.Command {
	var o versionOptions
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version, or the licences of what the command is built from",
		Args:  takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if o.licenses {
				_, err := io.WriteString(c.stdout, licenses)
				return err
			}
			if c.flags.json {
				return c.printJSON(struct {
					Version string `json:"version"`
					Go      string `json:"go"`
					OS      string `json:"os"`
					Arch    string `json:"arch"`
				}{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
			}
			_, err := fmt.Fprintf(c.stdout, "lazynpy %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	o.register(command.Flags())
	return command
}

// versionOptions is a version command line.
type versionOptions struct{ licenses bool }

func (o *versionOptions) register(set *pflag.FlagSet) {
	set.BoolVar(&o.licenses, "licenses", false, "print the licence texts of the packages that it links")
}

// version is what the Go toolchain recorded about this build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
