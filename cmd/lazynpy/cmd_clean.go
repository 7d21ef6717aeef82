package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
)

func newCleanCommand(c *cli) *cobra.Command {
	var o cleanOptions
	cmd := &cobra.Command{
		Use:   "clean PLAN",
		Short: "Remove the directory of a run, and keep its outputs",
		Long: "Clean removes a run directory, and the unfinished file beside the output. Outputs stay. A run that is not complete is\n" +
			"refused without --unfinished, one that workers are at work on, or wait for, in any case: cancel it first. The\n" +
			"workers of one that is complete are waited for, a minute at most.\n" +
			"PLAN is the run directory, the plan.json in it, or the output.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onlyGlobals(cmd); err != nil {
				return err
			}
			dir := distributed.RunDir(args[0])
			if err := trusted(dir, o.Trust); err != nil {
				return err
			}
			l, _ := storedLauncher(dir) // the journals do as well, if the engine is not known
			o.Note = func(line string) { c.note("%s", printable(line)) }
			if err := distributed.Clean(cmd.Context(), dir, l.engine, o.CleanOptions); err != nil {
				return err
			}
			_, err := fmt.Fprintf(c.stdout, "%s: removed\n", printable(dir))
			return err
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// cleanOptions is a clean command line.
type cleanOptions struct{ distributed.CleanOptions }

func (o *cleanOptions) register(set *pflag.FlagSet) {
	set.BoolVar(&o.Unfinished, "unfinished", false, "remove a run that is not complete, with what it has computed")
	addTrust(set, &o.Trust)
}
