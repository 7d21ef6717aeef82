package main

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Sizes of the distributed suite at scale 1.
const (
	overheadBytes = 4 << 30 // of uint16: a minute's work for two cores
	planBlocks    = 1000000
)

const (
	poolEngine = "engine pool, one process"
	slurmArray = "engine slurm, an array with a task per core"
)

// distributedPeer is the contender that plans and runs, and that is its own worker.
func (b *Bench) distributedPeer(name, task, path string, params ...string) Contender {
	return b.goPeer(name, "distributed", append([]string{task, path, "out=" + filepath.Join(b.dir, "out"), "cores=" + strconv.Itoa(b.cores)}, params...)...)
}

// overheadCases compare one process per core with one process for all of them, on work that keeps
// the cores busy.
func overheadCases(b *Bench) ([]Case, error) {
	path := filepath.Join(b.dir, "counts.npy")
	side, err := b.scanOf(path, overheadBytes)
	if err != nil {
		return nil, err
	}
	return []Case{{
		Title: fmt.Sprintf("functions of uint16 (%d, %d, %d, %d), their sums over the signal axes, standard deviation and 3 masks, warm, %s",
			side, side, patternSide, patternSide, sizeText(side*side*patternBytes)),
		Bytes: side * side * patternBytes,
		Contenders: []Contender{
			b.distributedPeer(ours, "functions", path, "engine=proc"),
			b.distributedPeer(poolEngine, "functions", path, "engine=pool"),
			b.onSlurm(b.distributedPeer(slurmArray, "functions", path, "engine=slurm")),
		},
		Targets: []Target{
			beyond(10, ours, poolEngine),
			beyond(10, slurmArray, poolEngine),
		},
	}}, nil
}

// beyond is met when a contender takes at most so many percent longer than another, in the median
// of the rounds.
func beyond(percent float64, name, base string) Target {
	return Target{
		Text:  fmt.Sprintf("%s: at most %g %% beyond %s", name, percent, base),
		Unit:  "%",
		needs: []string{name, base},
		judge: func(m Measured) (float64, bool) {
			got := 100 * (pairedRatio(m.each(name, seconds), m.each(base, seconds)).Median - 1)
			return got, got <= percent
		},
	}
}

// blocksCases plan very many blocks, and read what journals say of them.
func blocksCases(b *Bench) ([]Case, error) {
	path := filepath.Join(b.dir, "frames.npy")
	if err := writeHole(path, mmapnpy.Uint16, []int64{1000, 1000, patternSide, patternSide}); err != nil {
		return nil, err
	}
	const theirs = "rosettasciio, a hundredth of the blocks"
	return []Case{
		{
			Title: "MemmapDistributed of 10^6 blocks, the median of 200 in one process",
			Contenders: []Contender{
				b.distributedPeer(ours, "plan", path),
				b.pyPeer(theirs, "rosettasciio", "plan", path, "shape=100,100,128,128").limit(),
			},
			Targets: []Target{atMost(10e-3, "s", ", the median", seconds)},
		},
		{
			Title:      "StatusOf a run of 10^6 portions: replay of 1000 journals of 1000 records",
			Contenders: []Contender{b.distributedPeer(ours, "replay", path)},
			Targets:    []Target{atMost(2, "s", "", seconds)},
		},
	}, nil
}
