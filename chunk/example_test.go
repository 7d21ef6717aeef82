package chunk_test

import (
	"fmt"

	"github.com/lazynpy/lazynpy/chunk"
)

// A 4D-STEM scan of 256 × 256 positions, one 128 × 128 diffraction pattern each.
var scan = chunk.Layout{Shape: []int64{256, 256, 128, 128}, ItemSize: 2}

func ExampleNewPlan() {
	plan, err := chunk.NewPlan(scan, []int{0, 1}, chunk.Auto(), chunk.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan)
	fmt.Println(plan.Region(63))
	fmt.Println(plan.BlockOf([]int64{200, 17, 0, 0}))
	// Output:
	// 64 blocks of (4, 256, 128, 128), 32 MiB
	// [252:256, 0:256, 0:128, 0:128]
	// 50
}

func ExampleNewPlan_limits() {
	plan, err := chunk.NewPlan(scan, []int{0, 1}, chunk.Auto(), chunk.Limits{MaxBlock: 4 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan)
	// Output: 512 blocks of (1, 128, 128, 128), 4 MiB
}

func ExampleParse() {
	for _, text := range []string{"64 MiB", "(4, None, auto)", "{1: 100}", "(4, -3)", "(4"} {
		spec, err := chunk.Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(spec)
	}
	// Output:
	// 64MiB
	// (4, -1, 'auto')
	// {1: 100}
	// spec for axis 1: -3: a chunk size is positive, or -1 for the whole axis
	// spec "(4": offset 2: expected ',' or ')'
}

func ExampleNormalize() {
	grid, err := chunk.Normalize(chunk.Auto(), []int64{256, 256}, chunk.NormalizeOptions{ItemSize: 2, Limit: 16200})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grid)
	// Output: ((90, 90, 76), (90, 90, 76))
}

func ExampleLayout_Runs() {
	corner := chunk.Region{Start: []int64{0, 0, 0, 0}, Shape: []int64{1, 1, 2, 64}}
	for run := range scan.Runs(corner) {
		fmt.Printf("%d bytes at %d, from element %d on\n", run.Len, run.Offset, run.At)
	}
	// Output:
	// 128 bytes at 0, from element 0 on
	// 128 bytes at 256, from element 64 on
}

func ExampleRegion_Split() {
	block := chunk.Region{Start: []int64{4, 0}, Shape: []int64{5, 100}}
	for piece := range block.Split(nil, 200) {
		fmt.Println(piece)
	}
	// Output:
	// [4:6, 0:100]
	// [6:8, 0:100]
	// [8:9, 0:100]
}
