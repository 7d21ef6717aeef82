package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/distributed"
)

func newWorkCommand(c *cli) *cobra.Command {
	var dir string
	var round int
	var trust bool
	cmd := &cobra.Command{
		Use:   "work --plan PLAN [--round N]",
		Short: "Compute the share of a run that a scheduler has given to this process",
		Long: "Work is what run starts, many times: it computes the missing tasks of a plan, or its share of those of a\n" +
			"round, and records each portion when it is on disk. Which share is its own it learns from the environment:\n" +
			"LAZYNPY_INDEX, or the index that Slurm, Kubernetes, PBS, LSF, Grid Engine or AWS Batch gives to a task of an\n" +
			"array. Without one it does all shares.\n\n" +
			"SIGTERM, or an interrupt, ends it when the portion at hand is recorded; a second one at once. Exit status:\n" +
			"0 its tasks are done, 1 failure, 64 the plan, the input, the program or the command line is not the right\n" +
			"one and trying again is no use, 75 it was told to end: start it again.",
		Args: func(cmd *cobra.Command, args []string) error { return refused(takes(0, 0)(cmd, args)) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkWork(cmd, dir, round); err != nil {
				return refused(err)
			}
			w, err := distributed.WorkFromEnv(dir, round, os.Getenv)
			w.Trust = trust
			if err == nil {
				err = w.DoUntilTold()
			}
			if err == nil {
				return nil
			}
			return &statusError{distributed.ExitStatus(err), trustHint(dir, err)}
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return refused(err) })
	cmd.Flags().StringVar(&dir, "plan", "", "run `directory`, or its plan.json")
	addTrust(cmd.Flags(), &trust)
	cmd.Flags().IntVar(&round, "round", 0, "`number` of the round whose tasks to share (default: all tasks of the plan)")
	return cmd
}

func checkWork(cmd *cobra.Command, dir string, round int) error {
	switch {
	case dir == "":
		return errors.New("work: --plan is missing")
	case round < 0:
		return usagef("work: --round %d is negative", round)
	}
	return onlyGlobals(cmd)
}

// refused is an error after which a scheduler must not start the worker again; nil stays nil.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return &statusError{distributed.ExitRefused, err}
}
