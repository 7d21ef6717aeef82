// Distributed corrects a scan with an operation of its own, on every machine of a cluster or only
// on this one, and makes a virtual bright-field image in the same pass:
//
//	distributed scan.npy corrected.npy bright.npy          # goroutines of this process
//	distributed -slurm main scan.npy corrected.npy bright.npy
//
// Functions do not travel between machines. The program registers its operation by name and is its
// own worker: a scheduler starts it again with the arguments "work --plan DIR", and WorkerMain
// takes over.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/slurm"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// gain are the parameters of the operation. They are part of the plan, as JSON.
type gain struct {
	Offset uint16  `json:"offset"`
	Factor float32 `json:"factor"`
}

func init() {
	ops.RegisterMap("example.gain", func(a *lazy.Array, p gain) (*lazy.Array, error) {
		return lazy.Map(a, func(dst []float32, src []uint16) {
			for i, v := range src {
				dst[i] = p.Factor * float32(max(v, p.Offset)-p.Offset)
			}
		})
	})
}

func main() {
	distributed.WorkerMain()
	partition := flag.String("slurm", "", "Slurm `partition` to use; without it, this process computes")
	flag.Parse()
	if flag.NArg() != 3 {
		fmt.Fprintln(os.Stderr, "usage: distributed [-slurm PARTITION] SCAN CORRECTED BRIGHT")
		os.Exit(2)
	}
	var engine distributed.Engine = distributed.Pool{}
	if *partition != "" {
		engine = slurm.Engine{Partition: *partition}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := correct(ctx, engine, flag.Arg(0), flag.Arg(1), flag.Arg(2))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// correct plans and runs. Started again after a failure, it goes on where it ended.
func correct(ctx context.Context, e distributed.Engine, scan, corrected, bright string) error {
	plan, err := distributed.MemmapDistributed(scan, distributed.Options{
		Navigation: []int{0, 1},
		Map:        []ops.Op{ops.Must("example.gain", gain{Offset: 2, Factor: 0.5})},
		Output:     corrected,
		Reduce: []distributed.Reduction{
			{Op: ops.Must("sum", ops.OverParams{Over: "signal"}), Path: bright},
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d blocks in %d tasks, written %s\n", plan.Blocks, plan.Tasks, plan.Output.Write)
	return distributed.Run(ctx, plan, e, distributed.RunOptions{})
}
