package ops_test

import (
	"context"
	"fmt"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/ops"
)

// Operations as they are written on command lines, on this machine.
func Example() {
	ctx := context.Background()
	a, err := lazy.FromSlice([]uint8{1, 2, 3, 4, 5, 6}, 2, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"astype=f4", "multiply=0.5"} {
		op, err := ops.Parse(text)
		if err == nil {
			a, err = op.Apply(a)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	mean, err := ops.Must("mean", ops.OverParams{Over: "1"}).Reducer()
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := lazy.Run(ctx, a, mean)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lazy.Copy[float32](results[0]))
	// Output:
	// [1 2.5] <nil>
}

func ExampleParse() {
	for _, text := range []string{"histogram=256,0,1000", `masks=disk(64,64,20) flat.npy`, "summ"} {
		op, err := ops.Parse(text)
		fmt.Println(op, err)
	}
	// Output:
	// histogram{"bins":256,"hi":1000,"lo":0} <nil>
	// masks{"masks":[{"disk":[64,64,20]},{"array":"flat.npy"}]} <nil>
	//  no operation "summ"; close to it: sum
}

func ExampleOp_WithOver() {
	op, err := ops.Must("std", ops.VarParams{DDof: 1}).WithOver("signal")
	fmt.Println(op, err)
	// Output:
	// std{"ddof":1,"over":"signal"} <nil>
}
