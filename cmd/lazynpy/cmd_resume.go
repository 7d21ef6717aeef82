package main

import (
	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/distributed"
)

func newResumeCommand(c *cli) *cobra.Command {
	var r resumption
	cmd := &cobra.Command{
		Use:   "resume PLAN",
		Short: "Compute what is missing of a run, and publish its outputs",
		Long: "Resume goes on with a run that has failed, was interrupted or cancelled, or that nobody has waited for. PLAN is\n" +
			"its run directory, the plan.json in it, or the output. The engine and its flags are those of run, unless others are\n" +
			"given.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd, c, distributed.RunDir(args[0])) },
	}
	r.register(cmd.Flags())
	helpWithEngine(cmd, &r.engine)
	return cmd
}

// resumption is a resume command line.
type resumption struct{ driving }

func (r *resumption) run(cmd *cobra.Command, c *cli, dir string) error {
	if err := onlyGlobals(cmd, "json", "workers", "memory", "allow-large"); err != nil {
		return err
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
	if err := r.check(c, cmd.Flags()); err != nil {
		return err
	}
	return r.drive(cmd, c, dir)
}
