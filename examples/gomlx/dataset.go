package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Batches is a data set as a [train.Dataset]. An iteration yields the batches of all epochs of its
// Config, each shuffled in an order of its own: train with [train.Loop.RunSteps] on one of many
// epochs (or without end, with Epochs: -1), and evaluate one of a single epoch.
type Batches struct {
	*dataset.Dataset
	name    string
	backend compute.Backend
}

// Name is what the data set is called in messages.
func (b Batches) Name() string { return b.name }

// Iter yields batches. Their tensors are copies that belong to who takes them.
func (b Batches) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for batch, err := range b.Batches(context.Background()) {
			var out train.Batch
			if err == nil {
				out, err = b.tensors(batch)
			}
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}

func (b Batches) tensors(batch *dataset.Batch) (train.Batch, error) {
	inputs, err := b.copies(batch.Inputs)
	if err != nil {
		return train.Batch{}, err
	}
	labels, err := b.copies(batch.Targets)
	return train.Batch{Inputs: inputs, Labels: labels}, err
}

func (b Batches) copies(arrays []mmapnpy.Buffer) ([]*tensors.Tensor, error) {
	out := make([]*tensors.Tensor, len(arrays))
	for i, a := range arrays {
		shape, err := shapeOf(a)
		if err != nil {
			return nil, err
		}
		if out[i], err = tensors.FromRaw(b.backend, 0, shape, a.Data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// shapeOf is an array's shape and dtype in GoMLX's words.
func shapeOf(a mmapnpy.Buffer) (shapes.Shape, error) {
	dtype, ok := names[a.DType.String()]
	if !ok {
		return shapes.Shape{}, fmt.Errorf("GoMLX has no dtype %v", a.DType)
	}
	axes := make([]int, len(a.Shape))
	for i, n := range a.Shape {
		axes[i] = int(n)
	}
	return shapes.Make(dtype, axes...), nil
}

var names = map[string]dtypes.DType{
	"bool": dtypes.Bool,
	"int8": dtypes.Int8, "int16": dtypes.Int16, "int32": dtypes.Int32, "int64": dtypes.Int64,
	"uint8": dtypes.Uint8, "uint16": dtypes.Uint16, "uint32": dtypes.Uint32, "uint64": dtypes.Uint64,
	"float16": dtypes.Float16, "bfloat16": dtypes.BFloat16, "float32": dtypes.Float32, "float64": dtypes.Float64,
	"complex64": dtypes.Complex64, "complex128": dtypes.Complex128,
}
