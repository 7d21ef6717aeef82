package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// maskCount is how many masks share a pass.
const maskCount = 8

// maskCases compares the virtual images of several masks with that of one.
func maskCases(b *Bench) ([]Case, error) {
	path := filepath.Join(b.dir, "counts.npy")
	side, err := b.scan(path)
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, kind := range []string{"disks and rings", "float weights"} {
		var one, all maskFile
		for _, f := range []struct {
			to *maskFile
			n  int
		}{{&one, 1}, {&all, maskCount}} {
			if *f.to, err = b.masks(kind, f.n); err != nil {
				return nil, err
			}
		}
		cases = append(cases, b.maskCase(kind, path, side, one, all))
	}
	return cases, nil
}

// maskFile is a stack of masks for others, and what we are told instead.
type maskFile struct{ path, ours string }

func (b *Bench) maskCase(kind, path string, side int64, one, all maskFile) Case {
	const single, numpy = "lazynpy, one mask", "NumPy, a matrix product of 64 MiB at a time"
	others := "masks=" + all.path
	return Case{
		Title: fmt.Sprintf("%d masks of %s, in one pass over uint16 (%d, %d, %d, %d), warm, %s",
			maskCount, kind, side, side, patternSide, patternSide, sizeText(side*side*patternBytes)),
		Bytes: side * side * patternBytes,
		Contenders: []Contender{
			b.goPeer(ours, "lazynpy", "masks", path, all.ours),
			b.goPeer(single, "lazynpy", "masks", path, one.ours).limit(),
			b.pyPeer(numpy, "numpy", "masks", path, others),
			b.pyPeer(inline, "libertem", "masks", path, others),
			b.parallelLiberTEM("masks", path, others),
		},
		Targets: []Target{
			{
				Text:  "at most 2 × the time of one mask",
				Unit:  "×",
				needs: []string{single},
				judge: func(m Measured) (float64, bool) {
					ratio := pairedRatio(m.each(ours, seconds), m.each(single, seconds)).Median
					return ratio, ratio <= 2
				},
			},
			atLeastAsFast(3, inline),
			atLeastAsFast(3, parallel),
		},
	}
}

// masks makes a disk and the rings around it, or weights that are multiples of 1/64 below 1: sums
// over the counts of a frame are exact in float32 then, which others compute in.
func (b *Bench) masks(kind string, n int) (maskFile, error) {
	pixels := make([]float64, n*patternSide*patternSide)
	file := maskFile{path: filepath.Join(b.dir, fmt.Sprintf("masks-%c%d.npy", kind[0], n))}
	file.ours = "masks=" + file.path
	if kind == "float weights" {
		random := rand.New(rand.NewPCG(seed, 5))
		for i := range pixels {
			pixels[i] = float64(random.IntN(64)) / 64
		}
		return file, writeFloat64(file.path, pixels, int64(n), patternSide, patternSide)
	}
	// One disk covers what all rings do: the same pixels are read.
	const center = patternSide / 2
	width := center / n
	var rings []string
	for k := range n {
		inner, outer := k*width, (k+1)*width
		if k == 0 {
			inner = -1 // a disk has its middle
		}
		rings = append(rings, fmt.Sprintf("%d,%d,%d,%d", center, center, inner, outer))
		for i := range patternSide * patternSide {
			y, x := i/patternSide-center, i%patternSide-center
			if d := y*y + x*x; d <= outer*outer && (k == 0 || d > inner*inner) {
				pixels[k*patternSide*patternSide+i] = 1
			}
		}
	}
	file.ours = "rings=" + strings.Join(rings, ";")
	return file, writeFloat64(file.path, pixels, int64(n), patternSide, patternSide)
}

// writeFloat64 writes a small array.
func writeFloat64(path string, values []float64, shape ...int64) error {
	b, err := mmapnpy.BufferOf(values, shape...)
	if err != nil {
		return err
	}
	return mmapnpy.Save(path, b)
}
