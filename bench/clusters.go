package main

import (
	"fmt"
	"path/filepath"
	"strconv"
)

// clusterBytes is the size of the scan of uint16 at scale 1.
const clusterBytes = 2 << 30

// Contenders of the tables of clusters.
const (
	procEngine = "engine proc, a process per core"
	daskWorker = "rosettasciio + dask.distributed, a process per core"
	numpyRows  = "NumPy, a row of frames at a time"
	numpyLoop  = "NumPy, 64 MiB at a time"
	noPlan     = "lazy.Run, no plan"
	noPlanSave = "Array.Save, no plan"
)

// signalFirst is the order of axes of transposes.
const signalFirst = "2,3,0,1"

// clusterCases are what people do on clusters, each by all who do it: our engines, dask's cluster
// on this machine over what rosettasciio maps, LiberTEM's, and NumPy on one core.
func clusterCases(b *Bench) ([]Case, error) {
	path := filepath.Join(b.dir, "counts.npy")
	side, err := b.scanOf(path, clusterBytes)
	if err != nil {
		return nil, err
	}
	bytes := side * side * patternBytes
	scan := fmt.Sprintf("uint16 (%d, %d, %d, %d), warm, %s", side, side, patternSide, patternSide, sizeText(bytes))
	cases := []Case{
		b.clusterCase("sum-signal", "sum over the signal axes of "+scan, path, bytes, b.numpyPeer(numpyMap, "sum-signal", path)),
		b.clusterCase("sum-navigation", "sum over the navigation axes of "+scan, path, bytes, b.numpyPeer(numpyMap, "sum-navigation", path)),
		b.clusterCase("moments", "mean and standard deviation over the navigation axes of "+scan, path, bytes,
			b.goPeer(noPlan, "lazynpy", "moments", path), b.numpyPeer(numpyRows, "moments", path)),
		b.clusterCase("map", "float32 numbers made of, and written to the disk: "+scan, path, bytes, b.numpyPeer(numpyLoop, "map", path)),
		b.clusterCase("transpose", "signal axes first, written to the disk: "+scan, path, bytes,
			b.goPeer(noPlanSave, "lazynpy", "transpose", path, "axes="+signalFirst, "out="+filepath.Join(b.dir, "ours.npy")),
			b.numpyPeer(numpyLoop, "transpose-loop", path)),
	}
	cases[2].Within = 1e-12
	cases[2].Targets = append(cases[2].Targets, beyond(30, poolEngine, noPlan))
	cases[4].Targets = append(cases[4].Targets, beyond(50, poolEngine, noPlanSave))
	return cases, nil
}

// clusterCase is one piece of work. Where others than our engines do it otherwise, they are given.
func (b *Bench) clusterCase(task, title, path string, bytes int64, others ...Contender) Case {
	engines := []Contender{
		b.workPeer(poolEngine, task, path, "engine=pool"),
		b.workPeer(procEngine, task, path, "engine=proc"),
		b.onSlurm(b.workPeer(slurmArray, task, path, "engine=slurm")),
	}
	for i := range engines {
		engines[i].SameBytes = true
	}
	return Case{
		Title:      "peers: " + title,
		Bytes:      bytes,
		Ours:       poolEngine,
		Contenders: append(append(engines, b.daskPeer(task, path), b.libertemPeer(task, path)), others...),
		Targets: []Target{
			atLeastAsFast(3, daskWorker),
			lessMemory(daskWorker),
		},
	}
}

// out is where contenders write that are given a directory.
func (b *Bench) out() string { return filepath.Join(b.dir, "out") }

// workPeer is one of our engines.
func (b *Bench) workPeer(name, task, path string, params ...string) Contender {
	c := b.distributedPeer(name, task, path, params...)
	c.Out = b.out()
	return c
}

// daskPeer is dask.distributed, which rosettasciio does not need itself.
func (b *Bench) daskPeer(task, path string) Contender {
	c := b.pyPeer(daskWorker, "rosettasciio", "cluster-"+task, path, "out="+b.out(), "cores="+strconv.Itoa(b.cores))
	if c.NotRun == "" {
		c.NotRun = b.python.missing("distributed")
	}
	c.Out = b.out()
	return c
}

// libertemPeer is LiberTEM's own cluster of a process per core.
func (b *Bench) libertemPeer(task, path string) Contender {
	c := b.parallelLiberTEM(task, path, "out="+b.out(), "cores="+strconv.Itoa(b.cores))
	if task == "transpose" {
		c.NotRun = "it does not transpose"
	}
	c.Out = b.out()
	return c
}

// numpyPeer is NumPy, which uses one core.
func (b *Bench) numpyPeer(name, task, path string) Contender {
	c := b.pyPeer(name, "numpy", task, path, "axes="+signalFirst, "out="+filepath.Join(b.out(), "theirs.npy"))
	c.Out = b.out()
	return c
}

// lessMemory tells by how much more memory another contender has, with all processes of each.
func lessMemory(name string) Target {
	return Target{
		Text:  "peak RSS of all processes: " + name + ", by ours",
		Unit:  "×",
		needs: []string{name},
		note:  true,
		judge: func(m Measured) (float64, bool) {
			rss := func(s Sample) float64 { return s.PeakRSS }
			return pairedRatio(m.each(name, rss), m.each(m.ours(), rss)).Median, true
		},
	}
}
