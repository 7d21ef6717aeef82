//go:build interop

package interop

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// daskCase is a neighbourhood operation, or a directory of files, and what dask makes of it.
type daskCase struct {
	judged
	Kind     string
	Function string
	Boundary string
	Depth    []int64
	Dask     bool
	Axis     int
}

const daskCases = 300

// TestOverlapAgainstDask compares [lazy.MapOverlap] with map_overlap, and directories of files with
// what dask and NumPy read in them.
func TestOverlapAgainstDask(t *testing.T) {
	cases := judge(t, "operations_dask.py", daskCases, func(c *daskCase, dir string) { c.in(dir) })
	for _, c := range cases {
		t.Run(c.Name+c.Kind, func(t *testing.T) {
			if c.Kind == "files" {
				c.checkFiles(t)
			} else {
				c.checkOverlap(t)
			}
			if t.Failed() {
				t.Logf("%s of depth %v, boundary %s, %s", c.Function, c.Depth, c.Boundary, c.Error)
			}
		})
	}
}

func (c daskCase) checkFiles(t *testing.T) {
	a, err := lazy.OpenStack(c.path(c.Inputs[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if axis := a.Axes()[0]; !c.Dask && !axis.Navigate {
		t.Error("the axis of the files is no navigation axis")
	}
	c.equal(t, c.loaded(t, a), 0)
}

func (c daskCase) checkOverlap(t *testing.T) {
	in := c.open(t, c.Inputs[0])
	boundary, err := boundaryOf(c.Boundary)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.overlap(in, boundary)
	switch {
	case c.Error != "" && err != nil:
		return
	case c.Error != "":
		t.Fatalf("no error; it must be refused: %s", c.Error)
	case err != nil:
		t.Fatal(err)
	}
	c.equal(t, c.loaded(t, out), 0)
}

func boundaryOf(text string) (lazy.Boundary, error) {
	switch text {
	case "none":
		return lazy.NoBoundary(), nil
	case "reflect":
		return lazy.Reflect(), nil
	case "periodic":
		return lazy.Periodic(), nil
	case "nearest":
		return lazy.Nearest(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	return lazy.Constant(v), err
}

func (c daskCase) overlap(a *lazy.Array, b lazy.Boundary) (*lazy.Array, error) {
	switch a.DType().Descr() {
	case "'<i4'":
		return overlapOf[int32](c, a, b)
	case "'<i8'":
		return overlapOf[int64](c, a, b)
	case "'<u2'":
		return overlapOf[uint16](c, a, b)
	case "'<f4'":
		return overlapOf[float32](c, a, b)
	case "'<f8'":
		return overlapOf[float64](c, a, b)
	}
	return nil, fmt.Errorf("no function for dtype %s", a.DType().Descr())
}

func overlapOf[T int32 | int64 | uint16 | float32 | float64](c daskCase, a *lazy.Array, b lazy.Boundary) (*lazy.Array, error) {
	combine := func(x, y T) T { return x + y }
	if c.Function == "max" {
		combine = func(x, y T) T { return max(x, y) }
	}
	return lazy.MapOverlap(a, c.Depth, b, func(dst, src mmapnpy.NDArray[T]) error {
		window(dst, src, c.Depth, combine)
		return nil
	})
}

// window combines each element with all within depth of it that exist.
func window[T any](dst, src mmapnpy.NDArray[T], depth []int64, combine func(x, y T) T) {
	shape := src.Shape()
	at, shift, near := make([]int64, len(shape)), make([]int64, len(shape)), make([]int64, len(shape))
	for more := src.Len() > 0; more; more = next(at, shape, nil) {
		value := src.At(at...)
		for d, k := range depth {
			shift[d] = -k
		}
		for moved := true; moved; moved = next(shift, nil, depth) {
			inside, itself := true, true
			for d := range shape {
				near[d] = at[d] + shift[d]
				inside = inside && near[d] >= 0 && near[d] < shape[d]
				itself = itself && shift[d] == 0
			}
			if inside && !itself {
				value = combine(value, src.At(near...))
			}
		}
		dst.Set(value, at...)
	}
}

// next counts up: every digit from 0 to below its limit, or from -depth to depth. It reports
// whether there was a next number.
func next(digits, limit, depth []int64) bool {
	for d := len(digits) - 1; d >= 0; d-- {
		var first, last int64
		if limit != nil {
			last = limit[d] - 1
		} else {
			first, last = -depth[d], depth[d]
		}
		if digits[d] < last {
			digits[d]++
			return true
		}
		digits[d] = first
	}
	return false
}
