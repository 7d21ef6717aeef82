// Command distributed is our own contender where several processes compute: it plans, runs, and is
// its own worker.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/distributed/proc"
	"github.com/lazynpy/lazynpy/distributed/slurm"
	"github.com/lazynpy/lazynpy/ops"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == measured {
		os.Exit(workMeasured(os.Args[2:]))
	}
	distributed.WorkerMain()
	peer.Main(map[string]peer.Task{
		"functions":      functions,
		"sum-signal":     sumSignal,
		"sum-navigation": sumNavigation,
		"moments":        moments,
		"map":            mapped,
		"transpose":      transpose,
		"plan":           plan,
		"replay":         replay,
	})
}

// engine is the one that the runner asked for.
func engine(p peer.Params) (distributed.Engine, error) {
	cores, err := p.Int("cores", 1)
	if err != nil {
		return nil, err
	}
	switch p["engine"] {
	case "pool":
		return distributed.Pool{}, nil
	case "proc":
		return proc.Engine{Processes: int(cores)}, nil
	case "slurm":
		return slurm.Engine{CPUs: 1, MaxArray: int(cores), Poll: time.Second}, nil
	}
	return nil, fmt.Errorf("parameter engine=%s: want pool, proc or slurm", p["engine"])
}

// run plans and computes in a directory of its own, lets look at what is there, and removes it.
func run(path string, p peer.Params, options func(dir string) distributed.Options, look func(dir string) (any, error)) (peer.Report, error) {
	e, err := engine(p)
	if err != nil {
		return peer.Report{}, err
	}
	dir := p["out"]
	if err := os.Mkdir(dir, 0o700); err != nil {
		return peer.Report{}, err
	}
	defer os.RemoveAll(dir)
	start := time.Now()
	plan, err := distributed.MemmapDistributed(path, options(dir))
	if err != nil {
		return peer.Report{}, err
	}
	planned := time.Since(start)
	if err := distributed.Run(context.Background(), plan, e, distributed.RunOptions{}); err != nil {
		return peer.Report{}, err
	}
	elapsed := time.Since(start)
	result, err := look(dir)
	return peer.Report{Result: result, Seconds: elapsed.Seconds(), OpenSeconds: planned.Seconds()}, err
}

// operations are written as on the command line.
func operations(texts ...string) []ops.Op {
	list := make([]ops.Op, len(texts))
	for i, text := range texts {
		op, err := ops.Parse(text)
		if err != nil {
			panic(err) // a constant
		}
		list[i] = op
	}
	return list
}

// overSignal sums over the signal axes.
func overSignal() ops.Op {
	return ops.Must("sum", ops.OverParams{Over: "signal"})
}

// functions keep the processors busy, and share a pass with reductions.
func functions(path string, p peer.Params) (peer.Report, error) {
	names := []string{"sum.npy", "std.npy", "masks.npy"}
	return run(path, p, func(dir string) distributed.Options {
		o := distributed.Options{Navigation: []int{0, 1}, Map: operations("astype=f8", "sqrt", "log1p", "exp", "sin")}
		for i, op := range append([]ops.Op{overSignal()}, operations("std", "masks=disk(64,64,20) ring(64,64,20,40) ring(64,64,40,60)")...) {
			o.Reduce = append(o.Reduce, distributed.Reduction{Op: op, Path: filepath.Join(dir, names[i])})
		}
		return o
	}, func(dir string) (any, error) {
		var all []int64
		for _, name := range names {
			elements, err := peer.Elements(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			all = append(all, elements...)
		}
		return all, nil
	})
}
