package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Sizes of the quick suite at scale 1.
const (
	holeBytes   = 8 << 30 // opened only: takes no disk and no time, so it does not scale
	littleBytes = 32 << 20
	floatBytes  = 2 << 30
	scanBytes   = 2 << 30 // 128 × 128 frames of 256 × 256 uint16
	sweepBytes  = 8 << 30
	sweepBudget = 64 << 20
	diskBytes   = 1 << 30

	frameSide  = 256
	frameBytes = frameSide * frameSide * 2
)

func microseconds(s Sample) float64 { return s.Seconds * 1e6 }

// openCases opens two files of very different size by their headers.
func openCases(b *Bench) ([]Case, error) {
	const little = "lazynpy, 32 MiB file"
	large, small := filepath.Join(b.dir, "large.npy"), filepath.Join(b.dir, "small.npy")
	for path, size := range map[string]int64{large: holeBytes, small: littleBytes} {
		shape := []int64{size / (16 * frameBytes), 16, frameSide, frameSide}
		if err := writeHole(path, mmapnpy.Uint16.WithByteOrder('<'), shape); err != nil {
			return nil, err
		}
	}
	return []Case{{
		Title: fmt.Sprintf("open a sparse %s file", sizeText(holeBytes)),
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "open", large),
			b.goPeer(little, "lazynpy", "open", small).limit(),
			b.pyPeer("np.load(mmap_mode='r')", "numpy", "open", large),
		},
		Targets: []Target{
			atMost(100, "µs", ", the median of 1000 in one process", microseconds),
			{
				Text:  "at most 2 × the time for 32 MiB: independent of size",
				Unit:  "×",
				needs: []string{little},
				judge: func(m Measured) (float64, bool) {
					ratio := pairedRatio(m.each(ours, seconds), m.each(little, seconds)).Median
					return ratio, ratio <= 2
				},
			},
		},
	}}, nil
}

// planCases plans many blocks; no file is needed.
func planCases(b *Bench) ([]Case, error) {
	const few = "lazynpy, 10^3 blocks"
	const largeShape, smallShape, chunks = "shape=1000,1000,1000", "shape=10,10,10", "chunks=1,1,1"
	return []Case{{
		Title:  "plan 10^9 blocks",
		Expect: []json.Number{"1000000000"},
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "plan", "-", largeShape, chunks),
			b.goPeer(few, "lazynpy", "plan", "-", smallShape, chunks).limit(),
			b.pyPeer("dask normalize_chunks", "dask", "plan", "-", largeShape, chunks),
		},
		Targets: []Target{
			atMost(10, "µs", "", microseconds),
			{
				Text:  "allocates no more than for 10^3 blocks",
				Unit:  "bytes",
				needs: []string{few},
				judge: func(m Measured) (float64, bool) {
					allocated := func(s Sample) float64 { return s.Extra["allocated"] }
					got := spread(m.each(ours, allocated)).Median
					// The runtime allocates a little of its own in between.
					return got, got <= spread(m.each(few, allocated)).Median+16
				},
			},
		},
	}}, nil
}

// sumCases reads memory as fast as it can, against the machine's own limit and
// against what others do. The disk comes last: its cold read drops the file
// from the page cache.
func sumCases(b *Bench) ([]Case, error) {
	size := b.scaled(floatBytes)
	path := filepath.Join(b.dir, "floats.npy")
	sum, err := writeFloats(path, size/8)
	if err != nil {
		return nil, err
	}
	c := Case{
		Title:      fmt.Sprintf("sum of float64, warm, %s", sizeText(size)),
		Bytes:      size,
		Expect:     []json.Number{sum},
		Contenders: []Contender{b.goPeer(ours, "lazynpy", "sum", path)},
	}
	var allCores string
	for _, workers := range coreCounts(b.cores) {
		allCores = fmt.Sprintf("memory read, %d worker(s)", workers)
		c.Contenders = append(c.Contenders, b.goPeer(allCores, "machine", "memory", "-",
			"bytes="+strconv.FormatInt(size, 10), "workers="+strconv.Itoa(workers)).limit())
	}
	c.Contenders = append(c.Contenders,
		b.goPeer("os.ReadFile + loop", "readfile", "sum", path),
		b.pyPeer("NumPy memmap", "numpy", "sum", path),
		b.pyPeer("dask", "dask", "sum", path),
	)
	c.Targets = []Target{atLeastAsFast(0.9, allCores), atLeastAsFast(10, "os.ReadFile + loop")}

	cold := min(size, diskBytes)
	disk := Case{
		Title: fmt.Sprintf("this machine's disk, %s", sizeText(cold)),
		Bytes: cold,
		Contenders: []Contender{
			b.goPeer("cold read", "machine", "disk", path, "bytes="+strconv.FormatInt(cold, 10)).limit(),
		},
	}
	return []Case{c, disk}, nil
}

// coreCounts are 1, 2, 4, … and n.
func coreCounts(n int) []int {
	var out []int
	for w := 1; w < n; w *= 2 {
		out = append(out, w)
	}
	return append(out, n)
}

// scanCases reduces a 4D-STEM scan to a virtual image and to a sum pattern.
func scanCases(b *Bench) ([]Case, error) {
	side := int64(math.Sqrt(float64(b.scaled(scanBytes) / frameBytes)))
	shape := []int64{side, side, frameSide, frameSide}
	path := filepath.Join(b.dir, "scan.npy")
	if err := writeScan(path, shape); err != nil {
		return nil, err
	}
	var cases []Case
	for _, over := range []string{"signal", "navigation"} {
		task := "sum-" + over
		cases = append(cases, Case{
			Title: fmt.Sprintf("4D-STEM scan of uint16 (%d, %d, %d, %d), sum over the %s axes, warm, %s",
				side, side, frameSide, frameSide, over, sizeText(side*side*frameBytes)),
			Bytes: side * side * frameBytes,
			Contenders: []Contender{
				b.goPeer(ours, "lazynpy", task, path),
				b.pyPeer("NumPy memmap", "numpy", task, path),
				b.pyPeer("dask", "dask", task, path),
			},
		})
	}
	return cases, nil
}

// sweepCases reads far more than the memory budget.
func sweepCases(b *Bench) ([]Case, error) {
	size := b.scaled(sweepBytes)
	path := filepath.Join(b.dir, "sweep.npy")
	sum, err := writeSparse(path, size/8)
	if err != nil {
		return nil, err
	}
	return []Case{{
		Title:  fmt.Sprintf("memory of a sum over %s with a budget of %s", sizeText(size), sizeText(sweepBudget)),
		Bytes:  size,
		Expect: []json.Number{sum},
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "sum", path, "memory="+strconv.Itoa(sweepBudget)),
			b.pyPeer("NumPy memmap", "numpy", "sum", path),
			b.pyPeer("dask", "dask", "sum", path),
		},
		Targets: []Target{
			atMost(64, "MiB", " of peak RSS above the budget", func(s Sample) float64 {
				return (s.PeakRSS - sweepBudget) / (1 << 20)
			}),
		},
	}}, nil
}
