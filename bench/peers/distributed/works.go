package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/lazynpy/lazynpy/bench/internal/peer"
	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// blocks are those of all who take part, but for transposes, whose blocks are those of the result.
const blocks = "(32, 32, -1, -1)"

// work plans and computes in the directory that the runner has made, and leaves only results there.
// It tells what all processes have used, workers of other parents too.
func work(path string, p peer.Params, options distributed.Options, outputs ...string) (peer.Report, error) {
	e, err := engine(p)
	if err != nil {
		return peer.Report{}, err
	}
	run := distributed.RunOptions{Dir: filepath.Join(p["out"], "run")}
	if e.Name() == "slurm" { // its workers are not our children
		exe, err := os.Executable()
		if err != nil {
			return peer.Report{}, err
		}
		run.Worker = []string{exe, measured, p["out"]}
	}
	start := time.Now()
	plan, err := distributed.MemmapDistributed(path, options)
	if err != nil {
		return peer.Report{}, err
	}
	planned := time.Since(start)
	if err := distributed.Run(context.Background(), plan, e, run); err != nil {
		return peer.Report{}, err
	}
	elapsed := time.Since(start)
	report := peer.Report{Seconds: elapsed.Seconds(), OpenSeconds: planned.Seconds(), Files: outputs}
	if report.Used, err = used(p["out"], run); err != nil {
		return peer.Report{}, err
	}
	return report, os.RemoveAll(run.Dir)
}

// used adds what workers have left to what this process and its children have used.
func used(dir string, run distributed.RunOptions) (peer.Usage, error) {
	u, err := peer.Used()
	if err != nil || run.Worker == nil {
		return u, err
	}
	status, err := distributed.StatusOf(context.Background(), run.Dir)
	if err != nil {
		return u, err
	}
	workers, err := peer.Collect(dir, len(status.Attempts))
	u.CPUSeconds += workers.CPUSeconds
	u.Written += workers.Written
	return u, err
}

// measured is the verb of a worker that leaves in a directory what it has used: measured DIR --plan
// RUN [--trust].
const measured = "measured"

func workMeasured(args []string) int {
	w := distributed.WorkFromEnv(args[2], os.Getenv)
	w.Trust = len(args) > 3
	err := w.DoUntilTold()
	if err == nil {
		err = peer.Leave(args[0])
	}
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n") // there is nobody else to tell
	}
	return distributed.ExitStatus(err)
}

// reduced reduces, and tells the numbers of all results, one after the other.
func reduced[T any](path string, p peer.Params, values func(mmapnpy.Buffer, ...mmapnpy.Option) ([]T, error), reductions ...ops.Op) (peer.Report, error) {
	o := distributed.Options{Navigation: []int{0, 1}, Chunks: blocks}
	var outputs []string
	for _, op := range reductions {
		outputs = append(outputs, filepath.Join(p["out"], op.Name+".npy"))
		o.Reduce = append(o.Reduce, distributed.Reduction{Op: op, Path: outputs[len(outputs)-1]})
	}
	report, err := work(path, p, o, outputs...)
	if err != nil {
		return report, err
	}
	var all []T
	for _, name := range outputs {
		numbers, err := loaded(name, values)
		if err != nil {
			return report, err
		}
		all = append(all, numbers...)
	}
	report.Result = all
	return report, nil
}

func loaded[T any](path string, values func(mmapnpy.Buffer, ...mmapnpy.Option) ([]T, error)) ([]T, error) {
	a, err := lazy.Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	r, err := a.Load(context.Background())
	if err != nil {
		return nil, err
	}
	return values(r.Buffer())
}

func sumSignal(path string, p peer.Params) (peer.Report, error) {
	return reduced(path, p, mmapnpy.CopyOf[uint64], overSignal())
}

func sumNavigation(path string, p peer.Params) (peer.Report, error) {
	return reduced(path, p, mmapnpy.CopyOf[uint64], ops.Must("sum", ops.OverParams{Over: "navigation"}))
}

// moments are the mean and the standard deviation over the navigation axes.
func moments(path string, p peer.Params) (peer.Report, error) {
	return reduced(path, p, mmapnpy.CopyOf[float64],
		ops.Must("mean", ops.OverParams{Over: "navigation"}), ops.Must("std", ops.VarParams{Over: "navigation"}))
}

// mapped writes float32 numbers. They are what others get too: multiples of a quarter, of which
// nothing is rounded.
func mapped(path string, p peer.Params) (peer.Report, error) {
	out := filepath.Join(p["out"], "mapped.npy")
	return work(path, p, distributed.Options{Navigation: []int{0, 1}, Chunks: blocks,
		Map: operations("astype=f4", "multiply=0.25", "add=1"), Output: out}, out)
}

// transpose writes the signal axes first.
func transpose(path string, p peer.Params) (peer.Report, error) {
	out := filepath.Join(p["out"], "transposed.npy")
	return work(path, p, distributed.Options{Navigation: []int{0, 1}, Map: operations("transpose=2,3,0,1"), Output: out}, out)
}
