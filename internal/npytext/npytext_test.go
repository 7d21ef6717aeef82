package npytext_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func floats(shape []int64, values ...float64) mmapnpy.Buffer {
	b := mmapnpy.Buffer{Data: kernel.Bytes(values), DType: mmapnpy.Float64, Shape: shape}
	size := int64(8)
	b.Strides = make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		b.Strides[d] = size
		size *= shape[d]
	}
	return b
}

func ExampleArray() {
	b := floats([]int64{2, 2}, 1, 0.5, math.NaN(), -2)
	text, err := npytext.Array(b.DType, b.Shape, npytext.FromBuffer(b))
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(text)
	// Output:
	// [[ 1.   0.5]
	//  [ nan -2. ]]
}

// TestRows abbreviates long rows, and aligns them with one another.
func TestRows(t *testing.T) {
	b := floats([]int64{1, 2, 5}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	for _, c := range []struct {
		n, whole, edge int64
		want           string
	}{
		{2, 5, 1, `["[ 1.  2.  3.  4.  5.]" "[ 6.  7.  8.  9. 10.]"]`},
		{1, 4, 2, `["[1. 2. ... 4. 5.]"]`},
		{0, 4, 2, `[]`},
	} {
		rows, err := npytext.Rows(b.DType, b.Shape, c.n, c.whole, c.edge, npytext.FromBuffer(b))
		if got := fmt.Sprintf("%q", rows); err != nil || got != c.want {
			t.Errorf("%d rows: %s, want %s: %v", c.n, got, c.want, err)
		}
	}
	if _, err := npytext.Rows(b.DType, []int64{1 << 40, 5}, 1<<40, 5, 1, npytext.FromBuffer(b)); err == nil {
		t.Error("all rows of a huge array are shown")
	}
}

// TestNotations writes one element in each notation.
func TestNotations(t *testing.T) {
	b := floats([]int64{1}, math.Inf(-1))
	for n, want := range map[npytext.Notation]string{npytext.NumPy: "-inf", npytext.CSV: "-inf", npytext.JSON: "null"} {
		cell, err := npytext.NewCell(b, n)
		if got := string(cell(nil, 0)); err != nil || got != want {
			t.Errorf("%q, want %q: %v", got, want, err)
		}
	}
}
