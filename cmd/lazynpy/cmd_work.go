package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
)

func newWorkCommand(c *cli) *cobra.Command {
	var o workOptions
	cmd := &cobra.Command{
		Use:   "work --plan PLAN",
		Short: "Take part in a run: compute what nobody else is at work on, until nothing is missing",
		Long: "Work is what run starts, many times: it computes portions that nobody has recorded and nobody is at work on, and\n" +
			"records each when it is on disk, until none is missing. The last worker publishes the outputs. Start as many as\n" +
			"you like, wherever the run directory is seen: by srun, mpirun, parallel, a script of your scheduler or by hand. An index\n" +
			"that such a launcher gives to a process decides no more than where it begins.\n\n" +
			"SIGTERM, SIGHUP or an interrupt ends it when the portion at hand is recorded; a second one at once. Exit status:\n" +
			"0 nothing is left to do, 1 failure, 64 the plan, the input, the program or the command line is not the right\n" +
			"one and trying again is no use, 75 it was told to end: start it again.",
		Args: func(cmd *cobra.Command, args []string) error { return refused(takes(0, 0)(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.dir == "" {
				return refused(errors.New("work: --plan is missing"))
			}
			if err := onlyGlobals(cmd, "allow-large"); err != nil {
				return refused(err)
			}
			work := distributed.WorkFromEnv(o.dir, os.Getenv)
			work.Trust, work.Verify, work.AllowLarge, work.Keep = o.trust, o.verify, c.flags.large, o.keep
			work.Note = func(line string) { fmt.Fprintf(c.stderr, "lazynpy: note: %s\n", safeLine(line)) }
			var err error
			if work.InputMap, err = distributed.ParseInputMap(o.copies); err != nil {
				return refused(err)
			}
			err = work.DoUntilTold()
			if err == nil {
				return nil
			}
			return &statusError{distributed.ExitStatus(err), trustHint(o.dir, err)}
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return refused(err) })
	o.register(cmd.Flags())
	return cmd
}

// workOptions is a work command line.
type workOptions struct {
	dir                 string
	trust, verify, keep bool
	copies              []string // --input-map
}

func (o *workOptions) register(set *pflag.FlagSet) {
	set.StringVar(&o.dir, "plan", "", "run `directory`, its plan.json, or the output that it is beside")
	addTrust(set, &o.trust)
	addInputMap(set, &o.copies)
	set.BoolVar(&o.verify, "verify", false, "read the output back before it is published")
	addKeep(set, &o.keep)
}

// refused is an error after which a scheduler must not start the worker again; nil stays nil.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return &statusError{distributed.ExitRefused, err}
}
