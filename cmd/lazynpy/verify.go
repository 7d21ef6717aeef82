package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lazynpy/lazynpy/distributed"
)

func newVerifyCommand(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "verify PLAN",
		Short: "Compare the output of a run with its records",
		Long: "Verify reads the elements that a run has written, also those of an output that is published, and the partial\n" +
			"results of its reducers, and compares their checksums with what the workers have recorded. PLAN is the run\n" +
			"directory, or the plan.json in it. The exit status is 1 if something differs or is missing.",
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
	_, err = fmt.Fprintf(c.stdout, "%s: ok, %d portions are as recorded\n", printable(dir), p.Portions())
	return err
}
