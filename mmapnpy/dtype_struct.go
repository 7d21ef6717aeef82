package mmapnpy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// StructOf lays fields out one after another, without padding; their Offset is ignored.
// Names must differ from one another and from the titles.
func StructOf(fields ...Field) (DType, error) {
	fields = slices.Clone(fields)
	size := int64(0)
	for i := range fields {
		fields[i].Offset = size
		size += fields[i].DType.size
		if size > maxItemSize {
			return DType{}, errItemSize
		}
	}
	return structAt(size, fields)
}

// StructAt makes a struct of itemSize bytes whose fields are at the given offsets, in ascending
// order and without overlap. The gaps are padding.
func StructAt(itemSize int64, fields ...Field) (DType, error) {
	if itemSize < 0 || itemSize > maxItemSize {
		return DType{}, errItemSize
	}
	end := int64(0)
	for _, f := range fields {
		if f.Offset < end || f.Offset > itemSize || f.DType.size > itemSize-f.Offset {
			return DType{}, fmt.Errorf("field %q: offset %d overlaps its neighbour or leaves the %d bytes of the struct",
				f.Name, f.Offset, itemSize)
		}
		end = f.Offset + f.DType.size
	}
	return structAt(itemSize, slices.Clone(fields))
}

func structAt(size int64, fields []Field) (DType, error) {
	for _, f := range fields {
		if !f.DType.IsValid() {
			return DType{}, fmt.Errorf("field %q has no dtype", f.Name)
		}
		if !validText(f.Name) || !validText(f.Title) {
			return DType{}, fmt.Errorf("field %q: name or title is not UTF-8", f.Name)
		}
	}
	c := &compound{record: true, fields: fields}
	if i, err := c.buildIndex(); err != nil {
		return DType{}, fmt.Errorf("field %q: %w", fields[i].Name, err)
	}
	return DType{kind: KindVoid, size: size, order: '|', ext: c}, nil
}

// SubarrayOf makes the dtype of elements that are themselves small arrays. The shape has 1 to
// 64 dimensions; the size of the whole must fit 31 bits.
func SubarrayOf(base DType, shape ...int64) (DType, error) {
	if !base.IsValid() {
		return DType{}, errInvalidDType
	}
	if len(shape) == 0 || len(shape) > maxDims {
		return DType{}, fmt.Errorf("subarray of %d dimensions (1 to %d are possible)", len(shape), maxDims)
	}
	size, err := subarraySize(base.size, shape)
	if err != nil {
		return DType{}, err
	}
	c := &compound{base: base, shape: slices.Clone(shape)}
	return DType{kind: KindVoid, size: size, order: '|', ext: c}, nil
}

// subarraySize checks what NumPy checks: each dimension, their product and the size are C ints.
// A dimension of 0 makes the product 0, whatever the others are.
func subarraySize(item int64, shape []int64) (int64, error) {
	items, empty := int64(1), slices.Contains(shape, 0)
	for _, n := range shape {
		switch {
		case n < 0:
			return 0, errNegativeDim
		case n > maxItemSize:
			return 0, errItemSize
		case empty:
			items = 0
		default:
			if items *= n; items > maxItemSize {
				return 0, errItemSize
			}
		}
	}
	if item*items > maxItemSize {
		return 0, errItemSize
	}
	return item * items, nil
}

var (
	errItemSize     = &badFormat{msg: "item size does not fit 31 bits"}
	errNegativeDim  = &badFormat{msg: "negative dimension"}
	errNameTwice    = &badFormat{msg: "name is already the name or title of a field"}
	errTitleTwice   = &badFormat{msg: "title is already the name or title of a field"}
	errInvalidDType = &badFormat{msg: "no dtype"}
)

// emptyTitle is the repr of a title that is there but empty; Field.Title cannot tell.
const emptyTitle = "''"

// The index of a struct lists its fields sorted by name; a field with a title is listed a
// second time, as its complement, under that title.
func (c *compound) key(i int32) string {
	if i < 0 {
		return c.fields[^i].Title
	}
	return c.fields[i].Name
}

func (c *compound) hasTitle(i int32) bool {
	return c.fields[i].Title != "" || c.titles[i] == emptyTitle
}

// buildIndex fails, naming the field, if two names or titles are the same.
func (c *compound) buildIndex() (int, error) {
	n := len(c.fields)
	for i := range c.fields {
		if c.hasTitle(int32(i)) {
			n++
		}
	}
	c.index = make([]int32, 0, n)
	for i := range int32(len(c.fields)) {
		c.index = append(c.index, i)
		if c.hasTitle(i) {
			c.index = append(c.index, ^i)
		}
	}
	slices.SortFunc(c.index, func(i, j int32) int {
		return cmp.Or(strings.Compare(c.key(i), c.key(j)), int(max(i, ^i)-max(j, ^j)))
	})
	for k := 1; k < len(c.index); k++ {
		if i := c.index[k]; c.key(i) == c.key(c.index[k-1]) {
			if i < 0 {
				return int(^i), errTitleTwice
			}
			return int(i), errNameTwice
		}
	}
	return 0, nil
}

func (c *compound) lookup(name string) (Field, bool) {
	k, ok := slices.BinarySearchFunc(c.index, name, func(i int32, name string) int {
		return strings.Compare(c.key(i), name)
	})
	if !ok {
		return Field{}, false
	}
	i := c.index[k]
	return c.fields[max(i, ^i)], true
}
