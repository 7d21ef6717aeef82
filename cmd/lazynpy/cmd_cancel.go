package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/internal/fileerr"
)

func newCancelCommand(c *cli) *cobra.Command {
	var o cancelOptions
	cmd := &cobra.Command{
		Use:   "cancel PLAN",
		Short: "End the workers of a run, and keep what they have recorded",
		Long: "Cancel marks a run as cancelled, which every worker sees before its next portion, and tells the engine that it was\n" +
			"started with to end its jobs. PLAN is the run directory, the plan.json in it, or the output. What is recorded\n" +
			"stays: resume takes the mark away and goes on.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.cancel(cmd, distributed.RunDir(args[0]), o.trust)
		},
	}
	o.register(cmd.Flags())
	return cmd
}

// cancelOptions is a cancel command line.
type cancelOptions struct{ trust bool }

func (o *cancelOptions) register(set *pflag.FlagSet) {
	addTrust(set, &o.trust)
}

func (c *cli) cancel(cmd *cobra.Command, dir string, trust bool) error {
	if err := onlyGlobals(cmd, "json"); err != nil {
		return err
	}
	if err := trusted(dir, trust); err != nil {
		return err
	}
	p, err := distributed.ReadPlan(dir)
	if err != nil {
		return err
	}
	state := distributed.Cancelled
	if _, err := distributed.ReadDone(dir); err == nil {
		state = distributed.Complete
	} else if err := c.end(cmd, dir); err != nil {
		return err
	}
	switch {
	case c.flags.json:
		return c.printJSON(struct {
			Plan   string               `json:"plan"`
			RunDir string               `json:"run_dir"`
			State  distributed.RunState `json:"state"`
		}{p.Name(), absolutePath(dir), state})
	case state == distributed.Complete:
		c.note("%s: the run is complete; there is nothing to cancel", printable(dir))
	default:
		c.note("%s: cancelled; to go on: lazynpy resume %s", printable(dir), quoted(dir))
	}
	return nil
}

// end marks a run as cancelled, and ends the jobs of the engine that was used last. The mark comes
// first: it ends the workers of others.
func (c *cli) end(cmd *cobra.Command, dir string) error {
	l, failed := storedLauncher(dir)
	if err := distributed.Cancel(cmd.Context(), dir, l.engine); err != nil {
		return err
	}
	if failed != nil {
		return fileerr.Errorf(dir, "marked as cancelled, but its jobs are not known: %w", failed)
	}
	return nil
}

// storedLauncher is the engine that a run was started with.
func storedLauncher(dir string) (launcher, error) {
	stored, err := loadEngine(dir)
	if err != nil {
		return launcher{}, err
	}
	var d driving
	var g globalFlags
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	d.register(set)
	g.register(set)
	if err := stored.recall(dir, set); err != nil {
		return launcher{}, err
	}
	if err := d.engine.check(set); err != nil {
		return launcher{}, fileerr.New(dir, err)
	}
	return d.engine.launcher(set)
}
