package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// options are those of the plan. It reads the positions.
func (r *launch) options(ctx context.Context, c *cli) (distributed.Options, error) {
	o := distributed.Options{
		DType: r.dtype.value, Offset: r.offset, Shape: r.shape, Order: r.order, Key: r.key, Scan: r.scan,
		Chunks: c.flags.chunks.text, BlockSizeLimit: r.limit.value, Navigation: c.flags.nav, Map: r.apply, Output: r.mapOutput, Write: r.write,
		Reduce: r.reduce, Tasks: r.tasks, PortionBytes: r.portion.value,
	}
	for i, name := range c.flags.fields {
		if i == 0 {
			o.Key = name
			continue
		}
		field, err := ops.New("field", ops.FieldParams{Name: name})
		if err != nil {
			return o, asUsage(err)
		}
		o.Map = slices.Insert(o.Map, i-1, field)
	}
	var err error
	if r.positions != "" {
		o.Positions, err = readPositions(ctx, r.positions)
	}
	return o, inFile(r.positions, err)
}

// readPositions reads a table of integers, a row for each measurement.
func readPositions(ctx context.Context, path string) ([][]int64, error) {
	a, err := lazy.Open(path)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	shape, kind := a.Shape(), a.DType().Kind()
	if len(shape) != 2 || kind != mmapnpy.KindInt && kind != mmapnpy.KindUint {
		return nil, fmt.Errorf("positions: want integers of shape (measurements, axes of the scan), not %s of %s", a.DType(), shapeText(shape))
	}
	wide, err := a.AsType(mmapnpy.Int64)
	if err != nil {
		return nil, err
	}
	table, err := wide.Load(ctx)
	if err != nil {
		return nil, err
	}
	places, err := lazy.Copy[int64](table)
	if err != nil || shape[1] == 0 {
		return make([][]int64, shape[0]), err
	}
	return slices.Collect(slices.Chunk(places, int(shape[1]))), nil
}
