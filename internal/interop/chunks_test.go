//go:build interop

package interop

import (
	"slices"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
)

// dask's answer to one chunk spec.
type chunkCase struct {
	Spec     string
	Shape    []int64
	ItemSize int64
	Limit    int64        // 0 where the script says null: the default in both
	Previous [][][2]int64 // per axis, runs of (size, count)
	Chunks   [][][2]int64
	Error    string
	Accident bool
}

const chunkCases = 500

// TestChunksAgainstDask compares [chunk.Normalize] with a living dask: the same
// chunks for every spec that dask takes, an error for every one it refuses and
// for what it takes by accident.
func TestChunksAgainstDask(t *testing.T) {
	s := seed(t)
	out := python(t, "chunks.py", strconv.FormatInt(s, 10), strconv.Itoa(chunkCases))
	cases := readLines[chunkCase](t, out)
	if len(cases) != chunkCases {
		t.Fatalf("%d cases instead of %d", len(cases), chunkCases)
	}
	for i, c := range cases {
		got, err := normalize(c)
		switch refused := c.Accident || c.Error != ""; {
		case refused && err == nil:
			t.Errorf("seed %d, case %d: %s on %v: no error (dask: %q, accident: %v)", s, i, c.Spec, c.Shape, c.Error, c.Accident)
		case !refused && err != nil:
			t.Errorf("seed %d, case %d: %s on %v, itemsize %d, limit %d: %v", s, i, c.Spec, c.Shape, c.ItemSize, c.Limit, err)
		case !refused && !slices.EqualFunc(got, c.Chunks, slices.Equal):
			t.Errorf("seed %d, case %d: %s on %v, itemsize %d, limit %d, previous %v:\n got %v\nwant %v",
				s, i, c.Spec, c.Shape, c.ItemSize, c.Limit, c.Previous, got, c.Chunks)
		}
	}
}

// normalize is our answer, as runs.
func normalize(c chunkCase) ([][][2]int64, error) {
	spec, err := chunk.Parse(c.Spec)
	if err != nil {
		return nil, err
	}
	options := chunk.NormalizeOptions{ItemSize: c.ItemSize, Limit: c.Limit}
	for _, axis := range c.Previous {
		var sizes []int64
		for _, run := range axis {
			sizes = append(sizes, slices.Repeat([]int64{run[0]}, int(run[1]))...)
		}
		options.Previous = append(options.Previous, sizes)
	}
	grid, err := chunk.Normalize(spec, c.Shape, options)
	if err != nil {
		return nil, err
	}
	out := make([][][2]int64, len(c.Shape))
	for d := range c.Shape {
		for size := range grid.Sizes(d) {
			if last := len(out[d]) - 1; last >= 0 && out[d][last][0] == size {
				out[d][last][1]++
			} else {
				out[d] = append(out[d], [2]int64{size, 1})
			}
		}
	}
	return out, nil
}
