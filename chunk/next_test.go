package chunk_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
)

func TestNextIndex(t *testing.T) {
	index := make([]int64, 3)
	var got []string
	for {
		axis := chunk.NextIndex(index, []int64{2, 1, 3})
		got = append(got, fmt.Sprint(index, axis))
		if axis < 0 {
			break
		}
	}
	want := []string{"[0 0 1] 2", "[0 0 2] 2", "[1 0 0] 0", "[1 0 1] 2", "[1 0 2] 2", "[0 0 0] -1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if axis := chunk.NextIndex(nil, nil); axis != -1 {
		t.Errorf("the index of no axes has advanced along axis %d", axis)
	}
}
