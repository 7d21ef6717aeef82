package main

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
)

func newResumeCommand(c *cli) *cobra.Command {
	var r resumption
	cmd := &cobra.Command{
		Use:   "resume PLAN",
		Short: "Compute what is missing of a run, and publish its outputs",
		Long: "Resume goes on with a run that has failed, was interrupted or cancelled, or that nobody has waited for. PLAN is\n" +
			"its run directory, or the plan.json in it. The engine and its flags are those of run, unless others are given.\n" +
			"With --finish nothing is computed: the outputs are read back, merged and published, and the exit status is 75 if\n" +
			"something is missing.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd, c, distributed.RunDir(args[0])) },
	}
	cmd.Flags().BoolVar(&r.finish, "finish", false, "compute nothing: verify, merge and publish")
	r.register(cmd.Flags())
	return cmd
}

// resumption is a resume command line.
type resumption struct {
	driving
	finish bool
}

func (r *resumption) run(cmd *cobra.Command, c *cli, dir string) error {
	if err := onlyGlobals(cmd, "json", "workers", "memory", "allow-large"); err != nil {
		return err
	}
	if r.finish {
		if err := onlyFinish(cmd.Flags()); err != nil {
			return err
		}
	}
	if err := trusted(dir, r.trust); err != nil {
		return err
	}
	if _, err := distributed.ReadPlan(dir); err != nil {
		return err
	}
	stored, err := loadEngine(dir)
	if err != nil {
		return err
	}
	if err := stored.recall(dir, cmd.Flags()); err != nil {
		return err
	}
	if r.finish {
		return r.publish(cmd, c, dir)
	}
	if err := r.check(c, cmd.Flags()); err != nil {
		return err
	}
	return r.drive(cmd, c, dir)
}

// onlyFinish refuses flags about workers where none are started.
func onlyFinish(set *pflag.FlagSet) error {
	var err error
	set.Visit(func(f *pflag.Flag) {
		if f.Name != "finish" && f.Name != "verify" && f.Name != "keep" && f.Name != "json" && f.Name != "allow-large" && f.Name != "trust" && err == nil {
			err = usagef("resume: --finish starts no workers, so that --%s has no effect", f.Name)
		}
	})
	return err
}

// publish merges what is there.
func (r *resumption) publish(cmd *cobra.Command, c *cli, dir string) error {
	b := c.newBar("finish")
	defer b.finish()
	err := distributed.Finish(cmd.Context(), dir, distributed.RunOptions{Verify: r.verify, AllowLarge: c.flags.large, Keep: r.keep, Trust: r.trust, Progress: b.status})
	if errors.Is(err, distributed.ErrIncomplete) {
		return &statusError{distributed.ExitInterrupted, err}
	}
	if err != nil {
		return err
	}
	b.finish()
	return reporting{cli: c, dir: dir, engine: r.engine.name}.done()
}
