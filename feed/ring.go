package feed

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// alignment of arrays in a slot.
const alignment = 64

// layout is where the arrays of a batch lie in a slot.
type layout struct {
	columns []column // without offsets, shapes of one sample
	offsets []int64
	sizes   []int64 // of a whole batch
	arrays  int     // those of the data set, before mask and samples
	masked  bool
	slot    int64 // bytes
}

func newLayout(d *dataset.Dataset) *layout {
	l := &layout{masked: d.Config().Last == dataset.Pad || d.Config().OnError == dataset.SkipErrors}
	batch := int64(d.Config().Batch)
	add := func(c column, size int64) {
		l.columns, l.offsets, l.sizes = append(l.columns, c), append(l.offsets, l.slot), append(l.sizes, size)
		l.slot += (size + alignment - 1) / alignment * alignment
	}
	inputs, targets := d.Specs()
	for i, s := range append(inputs, targets...) {
		role := "input"
		if i >= len(inputs) {
			role = "target"
		}
		size := s.DType.ItemSize()
		for _, n := range s.Shape {
			size *= n // it fits: a batch does
		}
		add(column{Name: s.Name, Role: role, DType: descr(s.DType), Shape: s.Shape[1:]}, size)
	}
	l.arrays = len(l.columns)
	if l.masked {
		add(column{Name: "mask", Role: "mask", DType: descr(mmapnpy.Bool), Shape: []int64{}}, batch)
	}
	add(column{Name: "samples", Role: "samples", DType: descr(mmapnpy.Int64), Shape: []int64{}}, 8*batch)
	return l
}

// descr is a dtype as in the header of a .npy file, a simple one without quotes.
func descr(t mmapnpy.DType) string { return strings.Trim(t.Descr(), "'") }

// ring is memory for the batches of a client.
type ring struct {
	*layout
	data  []byte
	slots [][][]byte // of each slot its arrays
}

// newRing maps memory and returns a descriptor of it for the client.
func newRing(l *layout, slots int) (*ring, *os.File, error) {
	file, data, err := mapRing(int64(slots) * l.slot)
	if err != nil {
		return nil, nil, fmt.Errorf("ring of %d bytes: %w", int64(slots)*l.slot, err)
	}
	r := &ring{layout: l, data: data}
	for i := range slots {
		var arrays [][]byte
		for k, size := range l.sizes {
			from := int64(i)*l.slot + l.offsets[k]
			arrays = append(arrays, data[from:from+size:from+size])
		}
		r.slots = append(r.slots, arrays)
	}
	return r, file, nil
}

// place has all of a batch in the slot that it was read into, and says where.
func (r *ring) place(b *dataset.Batch, slot int) ([]column, error) {
	columns, memory := make([]column, len(r.columns)), r.slots[slot]
	arrays := append(append([]mmapnpy.Buffer{}, b.Inputs...), b.Targets...)
	if len(arrays) != r.arrays {
		return nil, refused(kindTransform, "transform of batch %d: %d arrays came back for %d", b.Step, len(arrays), r.arrays)
	}
	for i, c := range r.columns {
		offset := int64(slot)*r.slot + r.offsets[i]
		columns[i] = column{c.Name, c.Role, c.DType, append([]int64{int64(b.Len())}, c.Shape...), &offset}
		if i < r.arrays {
			columns[i].DType, columns[i].Shape = descr(arrays[i].DType), arrays[i].Shape
		}
	}
	if err := moveIn(arrays, memory); err != nil {
		return nil, refused(kindTransform, "transform of batch %d: %v", b.Step, err)
	}
	for i, s := range b.Samples {
		binary.NativeEndian.PutUint64(memory[len(memory)-1][8*i:], uint64(s))
	}
	if r.masked {
		mask := memory[r.arrays]
		for i := range b.Samples {
			mask[i] = 1
		}
		for i, real := range b.Mask {
			if !real {
				mask[i] = 0
			}
		}
	}
	return columns, nil
}

// moveIn copies arrays that a transform put elsewhere. They may lie in each other's memory.
func moveIn(arrays []mmapnpy.Buffer, memory [][]byte) error {
	moved := make([][]byte, len(arrays))
	for i, a := range arrays {
		size, packed := packedBytes(a)
		switch {
		case size > int64(len(memory[i])):
			return fmt.Errorf("array %d has become larger, %d bytes of at most %d", i, size, len(memory[i]))
		case !packed:
			return fmt.Errorf("array %d is not in C order", i)
		case size > 0 && &a.Data[a.Offset] != &memory[i][0]:
			moved[i] = append([]byte{}, a.Data[a.Offset:a.Offset+size]...)
		}
	}
	for i, m := range moved {
		copy(memory[i], m)
	}
	return nil
}

// packedBytes is the size of an array, and whether it lies in C order without gaps.
func packedBytes(a mmapnpy.Buffer) (size int64, packed bool) {
	size, packed = a.DType.ItemSize(), true
	for k := len(a.Shape) - 1; k >= 0; k-- {
		packed = packed && (a.Strides[k] == size || a.Shape[k] == 1)
		size *= a.Shape[k]
	}
	return size, packed || size == 0
}

// guarded calls a function that writes to the ring. Where the system lets a client shrink the file
// behind it, that is an error and not the end of the feeder.
func (r *ring) guarded(write func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if e := recover(); e != nil {
			if fault, ok := e.(interface{ Addr() uintptr }); !ok || !within(r.data, fault.Addr()) {
				panic(e)
			}
			err = refused(kindProtocol, "the client took away memory of its ring")
		}
	}()
	return write()
}
