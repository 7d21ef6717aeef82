// Package batch writes what schedulers need that this module has no engine for: job scripts for
// PBS, LSF and Grid Engine, and a request for AWS Batch. They are submitted by hand; the last
// of their workers publishes, and `lazynpy resume` computes what they have left.
//
//	script, err := batch.PBS(round, batch.Options{
//		Queue: "short", Time: 2 * time.Hour, Extra: []string{"-l select=1:ncpus=8:mem=16gb"},
//	})
//
// The scripts were never run by these schedulers: tests run them in a shell in which the variables
// are set that the manuals promise. What they request is what the manuals say.
//
// A script starts [distributed.Round.Command] for every worker, in the place of its shell, so that
// the worker gets the scheduler's signals. The worker finds its index in the variable that the
// scheduler sets; that Grid Engine and LSF count from 1 does not matter.
// [distributed.Round.Detach] is not looked at.
package batch
