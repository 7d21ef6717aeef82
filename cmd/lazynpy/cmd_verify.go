package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/distributed"
)

func newVerifyCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "verify PLAN",
		Short: "Compare the outputs of a run with its records",
		Long: "Verify reads the outputs of a run, and compares their sizes and checksums with those that were made when they were\n" +
			"written. Before they are published these are the elements of --map-output, and the partial results of the reducers.\n" +
			"PLAN is the run directory, the plan.json in it, or the output that it lies beside. The exit status is 1 if something\n" +
			"differs or is missing.",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onlyGlobals(cmd, "json"); err != nil {
				return err
			}
			dir := distributed.RunDir(args[0])
			if err := distributed.Verify(cmd.Context(), dir); err != nil {
				return err
			}
			return c.verified(dir)
		},
	}
}

func (c *cli) verified(dir string) error {
	p, err := distributed.ReadPlan(dir)
	if err != nil {
		return err
	}
	if c.flags.json {
		return c.printJSON(struct {
			Plan     string `json:"plan"`
			RunDir   string `json:"run_dir"`
			Valid    bool   `json:"valid"`
			Portions int64  `json:"portions"`
		}{p.Name(), absolutePath(dir), true, p.Portions()})
	}
	if done, err := distributed.ReadDone(dir); err == nil {
		for _, o := range done.Outputs {
			if _, err := fmt.Fprintf(c.stdout, "%s: ok, %s bytes as they were published\n", printable(o.Path), grouped(o.Size)); err != nil {
				return err
			}
		}
		return nil
	}
	_, err = fmt.Fprintf(c.stdout, "%s: ok, %d portions are as recorded\n", printable(dir), p.Portions())
	return err
}
