package dataset

import (
	"errors"
	"fmt"
	"math"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// array is one array of batches: a column, or several that are joined. Entries are read into memory
// that a lazy expression is of, and the expression is evaluated into the batch; where there is
// nothing to compute they are read into the batch.
type array struct {
	columns []*column
	targets bool
	plain   bool
	dtype   mmapnpy.DType
	entry   []int64 // shape of an entry
	row     int64   // bytes of an entry
	entries int64   // of a sample
	window  bool    // samples have an axis of entries
}

// shape is that of n samples.
func (a *array) shape(n int64) []int64 {
	shape := []int64{n}
	if a.window {
		shape = append(shape, a.entries)
	}
	return append(shape, a.entry...)
}

// sample is the bytes of a sample.
func (a *array) sample() int64 { return a.entries * a.row }

// arrays are the arrays of batches.
func (d *Dataset) newArrays() error {
	w := &d.config.Window
	add := func(targets bool, columns ...*column) error {
		a := &array{columns: columns, targets: targets, entries: w.length(), window: w.length() > 1}
		if targets && w.Targets == TargetLast {
			a.entries, a.window = 1, false
		}
		a.plain = len(columns) == 1 && columns[0].isPlain()
		// Of no entries, so that no memory is needed for a size that a header has.
		e, err := a.expression(make([][]byte, len(columns)), 0)
		if err != nil {
			return err
		}
		a.dtype, a.entry = e.DType(), e.Shape()[1:]
		a.row = a.dtype.ItemSize()
		for _, n := range a.entry {
			a.row = times(a.row, n)
		}
		if a.row < 0 {
			return fmt.Errorf("a sample of shape %v is too large", a.entry)
		}
		d.arrays = append(d.arrays, a)
		return nil
	}
	inputs := d.columns[:len(d.config.Inputs)]
	if d.config.Join && len(inputs) > 1 {
		if err := add(false, inputs...); err != nil {
			return err
		}
	} else {
		for _, c := range inputs {
			if err := add(false, c); err != nil {
				return err
			}
		}
	}
	for _, c := range d.columns[len(inputs):] {
		if err := add(true, c); err != nil {
			return err
		}
	}
	return nil
}

// roomy rounds up a size so that memory of it is aligned for every element.
func roomy(n int64) int64 { return (n + 16) &^ 15 }

// isPlain reports whether a column is used as it is.
func (c *column) isPlain() bool {
	return c.DType == "" && len(c.Channels) == 0 && c.Classes == 0 && !c.normalises()
}

// expression is the entries of an array, computed from those of its columns in memory.
func (a *array) expression(memory [][]byte, entries int64) (*lazy.Array, error) {
	parts := make([]*lazy.Array, len(a.columns))
	for i, c := range a.columns {
		e, err := c.expression(memory[i], entries)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		parts[i] = e
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	for i, p := range parts {
		if p.NDim() < 2 {
			return nil, fmt.Errorf("column %q: samples of no dimensions have no last axis to join", a.columns[i].Name)
		}
	}
	joined, err := lazy.Concatenate(-1, parts...)
	if err != nil {
		return nil, fmt.Errorf("joining inputs: %w", err)
	}
	return joined, nil
}

func (c *column) expression(memory []byte, entries int64) (*lazy.Array, error) {
	shape := append([]int64{entries}, c.entry...)
	e, err := lazy.FromBuffer(mmapnpy.Buffer{Data: memory, DType: c.dtype, Shape: shape, Strides: packed(shape, c.dtype.ItemSize())})
	if err != nil {
		return nil, err
	}
	if len(c.Channels) > 0 {
		if e.NDim() < 2 {
			return nil, errors.New("samples of no dimensions have no channels")
		}
		if e, err = e.Take(c.Channels, -1); err != nil {
			return nil, err
		}
	}
	dtype := mmapnpy.DType{}
	if c.DType != "" {
		if dtype, err = mmapnpy.ParseDType(c.DType); err != nil {
			return nil, err
		}
		dtype = dtype.WithByteOrder('=')
	}
	switch {
	case c.normalises():
		if e, err = c.normalised(e); err != nil {
			return nil, err
		}
		if c.DType == "" {
			dtype = mmapnpy.Float32
		}
	case c.Classes > 0:
		if e, err = oneHot(e, c.Classes); err != nil {
			return nil, err
		}
		if c.DType == "" {
			dtype = mmapnpy.Float32
		}
	case c.DType == "":
		return e, nil
	}
	return e.AsType(dtype)
}

// normalised is (x*Scale - Mean) / Std in float64.
func (c *column) normalised(e *lazy.Array) (*lazy.Array, error) {
	e, err := e.AsType(mmapnpy.Float64)
	if err == nil && c.Scale != 0 && c.Scale != 1 {
		e, err = lazy.Multiply(e, c.Scale)
	}
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		what   string
		values []float64
		do     func(x, y lazy.Operand) (*lazy.Array, error)
	}{{"mean", c.Mean, lazy.Subtract}, {"std", c.Std, lazy.Divide}} {
		var by *lazy.Array
		switch n := int64(len(step.values)); {
		case n == 0:
			continue
		case n == 1:
			if e, err = step.do(e, step.values[0]); err != nil {
				return nil, err
			}
			continue
		case e.NDim() < 2 || e.Shape()[e.NDim()-1] != n:
			return nil, fmt.Errorf("%d numbers of %s for samples of shape %v; it is one, or one for each index of the last axis", n, step.what, e.Shape()[1:])
		}
		if by, err = lazy.FromSlice(step.values); err == nil {
			e, err = step.do(e, by)
		}
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

// oneHot is a new last axis that is 1 at the index which a label is.
func oneHot(labels *lazy.Array, classes int64) (*lazy.Array, error) {
	labels, err := labels.AsType(mmapnpy.Float64)
	if err != nil {
		return nil, err
	}
	checked, err := lazy.MapErr(labels, func(dst []int64, src []float64) error {
		for i, v := range src {
			if !(v >= 0 && v < float64(classes)) || v != math.Trunc(v) {
				return fmt.Errorf("label %v is %w of 0 to %d", v, ErrLabel, classes-1)
			}
			dst[i] = int64(v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if checked, err = checked.ExpandDims(-1); err != nil {
		return nil, err
	}
	all := make([]int64, classes)
	for i := range all {
		all[i] = int64(i)
	}
	of, err := lazy.FromSlice(all)
	if err != nil {
		return nil, err
	}
	return lazy.Equal(checked, of)
}

// packed are the strides of an array in C order.
func packed(shape []int64, size int64) []int64 {
	strides := make([]int64, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		strides[d] = size
		size *= shape[d]
	}
	return strides
}

// bare is an error without what says where in the memory of a batch it was.
func bare(err error) error {
	if f, ok := errors.AsType[*lazy.FuncError](err); ok {
		return f.Err
	}
	return err
}
