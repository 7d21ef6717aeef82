package dataset

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Batch is samples, one behind the other along the first axis of each array, in C order and in this
// machine's byte order. Its arrays may be written to.
type Batch struct {
	Step  int64 // number of the batch, counted through all epochs
	Epoch int64

	// Inputs and Targets are arrays of shape (samples, …), in the order of the Config; of windows
	// (samples, length, …). [Values] shows them as slices.
	Inputs, Targets []mmapnpy.Buffer

	// Samples are the numbers of the samples in the data set, in the order of the batch; of padding
	// -1.
	Samples []int64

	// Mask tells which samples are real, where a batch was filled up by [Pad], or samples of it
	// were passed over by [SkipErrors]; else nil. Those that are not are zeros.
	Mask []bool

	seed    uint64
	release func()
}

// Len is the number of samples, with padding.
func (b *Batch) Len() int { return len(b.Samples) }

// Real is the number of samples that are not masked.
func (b *Batch) Real() int {
	if b.Mask == nil {
		return len(b.Samples)
	}
	n := 0
	for _, real := range b.Mask {
		if real {
			n++
		}
	}
	return n
}

// due is the number of samples without padding, masked or not.
func (b *Batch) due() int {
	n := 0
	for _, s := range b.Samples {
		if s >= 0 {
			n++
		}
	}
	return n
}

// Rand is random numbers for sample i of the batch, which depend on seed, epoch and sample alone.
func (b *Batch) Rand(i int) *rand.Rand {
	key := mix(b.seed, 'r', uint64(b.Epoch), uint64(b.Samples[i]))
	return rand.New(rand.NewPCG(key, finish(key)))
}

// Release gives the memory of the batch back before the body of the loop ends, on the goroutine of
// the loop. Its arrays must not be used any more.
func (b *Batch) Release() {
	if b.release != nil {
		b.release()
		b.release = nil
		b.Inputs, b.Targets = nil, nil
	}
}

// Keep copies the batch. The copy is valid for good, and Config.Memory does not bound it.
func (b *Batch) Keep() *Batch {
	k := *b
	k.release = nil
	k.Inputs, k.Targets = copied(b.Inputs), copied(b.Targets)
	k.Samples, k.Mask = slices.Clone(b.Samples), slices.Clone(b.Mask)
	return &k
}

func copied(arrays []mmapnpy.Buffer) []mmapnpy.Buffer {
	out := slices.Clone(arrays)
	for i := range out {
		out[i].Data = slices.Clone(out[i].Data)
		out[i].Shape, out[i].Strides = slices.Clone(out[i].Shape), slices.Clone(out[i].Strides)
	}
	return out
}

// Values shows the elements of an array of a batch as a slice of the same memory, in C order.
// [mmapnpy.NDArray] says which T is that of which dtype; another one is an error. In builds that
// may not reinterpret memory (tag purego) it is a copy.
func Values[T any](array mmapnpy.Buffer) ([]T, error) {
	v, err := mmapnpy.ViewOf[T](array)
	if err != nil {
		return nil, err
	}
	if s, ok := v.Slice(); ok && v.Order() == 'C' {
		return s, nil
	}
	return slices.AppendSeq(make([]T, 0, v.Len()), v.All()), nil
}

// checkTransformed makes sure that a batch that comes out of a transform has the samples that went
// in.
func checkTransformed(b *Batch, samples int64) error {
	if b == nil {
		return errors.New("no batch came back")
	}
	for _, arrays := range [][]mmapnpy.Buffer{b.Inputs, b.Targets} {
		for _, a := range arrays {
			if len(a.Shape) == 0 || a.Shape[0] != samples {
				return fmt.Errorf("an array of shape %v came back for %d samples", a.Shape, samples)
			}
			if err := a.Check(); err != nil {
				return err
			}
		}
	}
	return nil
}
