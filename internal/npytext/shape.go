package npytext

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Shape writes a shape as Python does a tuple: (), (3,), (3, 4).
func Shape(shape []int64) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	return "(" + Join(shape) + ")"
}

// Join writes numbers with commas between them.
func Join(numbers []int64) string {
	text := make([]string, len(numbers))
	for d, n := range numbers {
		text[d] = strconv.FormatInt(n, 10)
	}
	return strings.Join(text, ", ")
}

// Descr is a dtype as NumPy writes it into headers: the text of a plain dtype, such
// as <f8, and the Python literal of a list of fields.
func Descr(t mmapnpy.DType) string {
	d := t.Descr()
	if len(d) > 1 && d[0] == '\'' {
		return d[1 : len(d)-1]
	}
	return d
}

// Elements is the number of elements of a shape, and math.MaxInt64 where an int64 cannot hold it.
func Elements(shape []int64) int64 {
	n := int64(1)
	for _, s := range shape {
		n = arith.Times(n, s)
	}
	if slices.Contains(shape, 0) {
		return 0
	}
	return n
}

// Indices yields every index of a shape in C order, in one slice that is reused.
func Indices(shape []int64) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		for _, n := range shape {
			if n == 0 {
				return
			}
		}
		idx := make([]int64, len(shape))
		for yield(idx) && chunk.NextIndex(idx, shape) >= 0 {
		}
	}
}
