package main

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
)

// Sizes of the ops suite at scale 1.
const (
	imageBytes     = 2 << 30 // 256 × 256 frames of 128 × 128 uint16
	castBytes      = 2 << 30 // of float64
	transposeBytes = 4 << 30 // of float64
	patternSide    = 128
	patternBytes   = patternSide * patternSide * 2

	// transposeBudget is far below the size of what is transposed.
	transposeBudget = 512 << 20

	processScale = 0.25
)

// names of contenders that several cases have.
const (
	numpyMap     = "NumPy memmap"
	daskSlabs    = "dask, one delayed map per slab"
	rsciioBlocks = "rosettasciio + dask, (32, 32, -1, -1)"
	inline       = "LiberTEM, inline"
	parallel     = "LiberTEM, its default executor"
)

// scan makes the scan of suite ops.
func (b *Bench) scan(path string) (side int64, err error) { return b.scanOf(path, imageBytes) }

// scanOf makes a scan of detector counts, of as many frames as the scale wants, and returns its
// side.
func (b *Bench) scanOf(path string, size int64) (side int64, err error) {
	side = int64(math.Sqrt(float64(b.scaled(size) / patternBytes)))
	return side, writeCounts(path, []int64{side, side, patternSide, patternSide})
}

// memoryRead is the machine's limit for so many bytes, with all cores.
func (b *Bench) memoryRead(bytes int64) Contender {
	return b.goPeer(readLimit, "machine", "memory", "-", "bytes="+strconv.FormatInt(bytes, 10), "workers="+strconv.Itoa(b.cores)).limit()
}

const readLimit = "memory read, all cores"

// parallelLiberTEM is LiberTEM with a process for each core. Starting them takes seconds, which a
// glance at little data has no time for.
func (b *Bench) parallelLiberTEM(args ...string) Contender {
	c := b.pyPeer(parallel, "libertem", append(args, "executor=dask")...)
	if c.NotRun == "" && b.scale < processScale {
		c.NotRun = fmt.Sprintf("from -scale %g on", processScale)
	}
	return c
}

// imageCases makes the virtual image and the sum pattern of a scan.
func imageCases(b *Bench) ([]Case, error) {
	path := filepath.Join(b.dir, "counts.npy")
	side, err := b.scan(path)
	if err != nil {
		return nil, err
	}
	bytes := side * side * patternBytes
	var cases []Case
	for _, over := range []string{"signal", "navigation"} {
		task := "sum-" + over
		cases = append(cases, Case{
			Title: fmt.Sprintf("%s: sum over the %s axes of uint16 (%d, %d, %d, %d), warm, %s",
				map[string]string{"signal": "virtual image", "navigation": "sum pattern"}[over], over, side, side, patternSide, patternSide, sizeText(bytes)),
			Bytes: bytes,
			Contenders: []Contender{
				b.goPeer(ours, "lazynpy", task, path),
				b.memoryRead(bytes),
				b.pyPeer(numpyMap, "numpy", task, path),
				b.pyPeer(daskSlabs, "dask", task, path),
				b.pyPeer(rsciioBlocks, "rosettasciio", task, path),
				b.pyPeer(inline, "libertem", task, path),
				b.parallelLiberTEM(task, path),
			},
			Targets: []Target{
				atLeastAsFast(0.8, readLimit),
				atLeastAsFast(4, numpyMap),
				atLeastAsFast(3, daskSlabs),
				atLeastAsFast(3, rsciioBlocks),
				atLeastAsFast(3, inline),
				atLeastAsFast(3, parallel),
			},
		})
	}
	return cases, nil
}

// floatCases adds up floats at the speed of memory.
func floatCases(b *Bench) ([]Case, error) {
	size := b.scaled(floatBytes)
	path := filepath.Join(b.dir, "floats.npy")
	sum, err := writeFloats(path, size/8)
	if err != nil {
		return nil, err
	}
	return []Case{{
		Title:  fmt.Sprintf("sum of float64, warm, %s", sizeText(size)),
		Bytes:  size,
		Expect: []json.Number{sum},
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "sum", path),
			b.memoryRead(size),
			b.pyPeer(numpyMap, "numpy", "sum", path),
		},
		Targets: []Target{atLeastAsFast(0.9, readLimit)},
	}}, nil
}

// castCases writes float64 as float32.
func castCases(b *Bench) ([]Case, error) {
	size := b.scaled(castBytes)
	path, out := filepath.Join(b.dir, "floats.npy"), "out="+filepath.Join(b.dir, "cast.npy")
	if err := writeMatrix(path, size/8/1024, 1024); err != nil {
		return nil, err
	}
	const whole, loop = "np.save(mm.astype('f4'))", "NumPy, 64 MiB at a time"
	return []Case{{
		Title: fmt.Sprintf("float64 to float32, warm, to the disk, %s", sizeText(size)),
		Bytes: size,
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "cast", path, out, "dtype=f4"),
			b.pyPeer(whole, "numpy", "cast", path, out, "dtype=f4"),
			b.pyPeer(loop, "numpy", "cast-loop", path, out, "dtype=f4"),
		},
		Targets: []Target{atLeastAsFast(2, whole), atLeastAsFast(2, loop)},
	}}, nil
}

// transposeCases writes a matrix with its rows and columns exchanged.
func transposeCases(b *Bench) ([]Case, error) {
	size := b.scaled(transposeBytes)
	// Twice as wide as high, and both powers of two at scale 1: the lengths that are hardest on
	// caches.
	rows := int64(math.Sqrt(float64(size / 16)))
	columns := size / 8 / rows
	path := filepath.Join(b.dir, "matrix.npy")
	if err := writeMatrix(path, rows, columns); err != nil {
		return nil, err
	}
	title := fmt.Sprintf("transpose of float64 (%d, %d), warm, to the disk, budget %s, %s", rows, columns, sizeText(transposeBudget), sizeText(rows*columns*8))
	return []Case{b.transposed(title, path, "1,0", rows*columns*8)}, nil
}

// scanTransposeCases writes a scan with its signal axes first.
func scanTransposeCases(b *Bench) ([]Case, error) {
	path := filepath.Join(b.dir, "counts.npy")
	side, err := b.scan(path)
	if err != nil {
		return nil, err
	}
	bytes := side * side * patternBytes
	title := fmt.Sprintf("signal axes first: transpose of uint16 (%d, %d, %d, %d), warm, to the disk, budget %s, %s",
		side, side, patternSide, patternSide, sizeText(transposeBudget), sizeText(bytes))
	return []Case{b.transposed(title, path, "2,3,0,1", bytes)}, nil
}

func (b *Bench) transposed(title, path, axes string, bytes int64) Case {
	const naive, loop = "out[...] = mm.T", "NumPy, 64 MiB of the result at a time"
	out, order := "out="+filepath.Join(b.dir, "transposed.npy"), "axes="+axes
	return Case{
		Title: title,
		Bytes: bytes,
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "transpose", path, out, order, "memory="+strconv.Itoa(transposeBudget)),
			b.pyPeer(naive, "numpy", "transpose", path, out, order),
			b.pyPeer(loop, "numpy", "transpose-loop", path, out, order),
		},
		Targets: []Target{
			atLeastAsFast(3, naive),
			atLeastAsFast(3, loop),
			note("anonymous memory", "MiB", ours, func(s Sample) float64 { return s.PeakAnon / (1 << 20) }),
		},
	}
}
